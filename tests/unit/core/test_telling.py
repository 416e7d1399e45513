"""A referrer is told when a notice got through to them; until then it is owed, and late by its deadline."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.clock import now
from hub.ledger.read.journey import case_way
from hub.ledger.read.stands import stands
from hub.ledger.read.timeline import timeline
from hub.ledger.read.waits import Narrowed, late
from hub.partners import Partner, Receives, Role
from schemas.census import ReferralOutcome
from schemas.codes import ReceiptResult
from schemas.delivery import DeliveryReceipt
from schemas.envelope import Priority
from schemas.labels import Restriction
from tests.kit.deeds import act, settle, told
from tests.kit.people import a_decision, a_referral
from tests.kit.site import Bench, a_partner, an_arrival
from tests.unit.core.test_late import YEARS

Benches = Callable[[list[Partner]], Bench]
NOTICES = ("referral.acknowledged", "referrer.decision_feedback")


def a_school(kind: str = "http", **more: Any) -> Partner:
    """Who refers, and hears of it over this transport."""
    hears = tuple(Receives(type=type) for type in NOTICES)
    facts: dict[str, Any] = {
        "agency": "999101",
        "sends": ("referral.received",),
        "receives": hears,
    }
    return a_partner("school", Role.PROFESSIONAL_REFERRER, kind, **facts | more)


def a_site(a_bench: Benches, school: Partner) -> Bench:
    """A referral of the school's that is with the team."""
    takes = (Receives(type="referral.received"),)
    team = a_partner("team", Role.ASSESSMENT_TEAM, sends=("referral.decision",), receives=takes)
    bench = a_bench([school, team])
    bench.record(an_arrival("referral.received", a_referral(1), "school", "MARF-000001"))
    return bench


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """The school is reached by its system."""
    return a_site(a_bench, a_school())


def decides(bench: Bench, reference: str, outcome: ReferralOutcome, **more: Any) -> None:
    body = a_decision(1, outcome).model_copy(update={"reference": reference})
    bench.record(an_arrival("referral.decision", body, "team", reference, **more))


def orders(bench: Bench, type: str) -> list[dict[str, Any]]:
    return [one for one in bench.orders() if one["envelope"]["type"] == type]


def gets_through(bench: Bench, type: str, **more: Any) -> None:
    settle(bench, *(told(one, **more) for one in orders(bench, type)), partner="school")


def referral(bench: Bench) -> str:
    [row] = bench.all("select state from journey where machine = 'referral'")
    return str(row.state)


def notices(bench: Bench) -> dict[str, str]:
    """How each notice stands, by its type."""
    sql = (
        "select m.type, j.state from journey j join message m on m.message_id = j.subject"
        " where j.machine = 'notice'"
    )
    return {row.type: row.state for row in bench.all(sql)}


def owed(bench: Bench) -> list[str]:
    """The notices that are late, years later."""
    with bench.engine.connect() as conn:
        found = late(conn, now() + YEARS, Narrowed(handovers=False), 10)
    return [one.type for one in found if one.machine == "notice"]


def words(bench: Bench) -> str:
    """All that the pages say of the case."""
    found = bench.all("select * from journey")
    with bench.engine.connect() as conn:
        way = case_way(conn, found[0].case_ref)
    assert way is not None
    said = [part for one in way.journeys for part in stands(one, str)]
    said += [part for one in timeline(way, str, words=None) for part in one.parts]
    return " ".join(map(str, said))


def delivery(bench: Bench, type: str) -> Any:
    sql = "select * from delivery where type = :type and transport <> 'call'"
    [row] = bench.all(sql, type=type)
    return row


def test_an_acknowledgement_that_is_made_has_acknowledged_nothing(bench: Bench) -> None:
    assert referral(bench) == "referral"
    assert notices(bench) == {"referral.acknowledged": "made"}
    assert owed(bench) == ["referral.acknowledged"]
    gets_through(bench, "referral.acknowledged")
    assert referral(bench) == "acknowledged"
    assert notices(bench) == {"referral.acknowledged": "received"}
    assert owed(bench) == []


def test_feedback_that_is_made_has_told_nobody(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.NFA)
    assert referral(bench) == "decided"
    assert "referrer.decision_feedback" in owed(bench)
    assert "has gone to the referrer" not in words(bench)
    gets_through(bench, "referrer.decision_feedback")
    assert referral(bench) == "nfa_fed_back"
    assert owed(bench) == ["referral.acknowledged"], "which stays owed"


def test_what_is_owed_is_owed_by_the_clock_of_its_edition(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.ASSESSMENT)
    for type in NOTICES:
        [message] = bench.all("select * from message where type = :type", type=type)
        sql = "select due_at from journey where machine = 'notice' and subject = :id"
        [row] = bench.all(sql, id=message.message_id)
        assert row.due_at is not None and row.due_at == message.due_at


def test_a_letter_proves_that_it_was_sent_and_never_that_it_was_read(a_bench: Benches) -> None:
    bench = a_site(a_bench, a_school("smtp"))
    decides(bench, "D-1", ReferralOutcome.NFA)
    found = bench.orders()
    for type in NOTICES:
        letters = [one for one in found if one["envelope"]["type"] == type]
        settle(bench, *(told(one, level="transport") for one in letters), partner="school")
    assert set(notices(bench).values()) == {"sent"}
    assert referral(bench) == "nfa_fed_back"
    said = words(bench)
    assert "nobody knows that it was read" in said
    assert "their system has it" not in said
    assert owed(bench) == []


@pytest.mark.parametrize("outcome", ["refused", "unknown"])
def test_what_does_not_reach_them_is_late(a_bench: Benches, outcome: str) -> None:
    bench = a_site(a_bench, a_school(outcome_unknown="ask"))
    decides(bench, "D-1", ReferralOutcome.NFA)
    gets_through(bench, "referrer.decision_feedback", outcome=outcome)
    assert notices(bench)["referrer.decision_feedback"] == "undeliverable"
    assert referral(bench) == "decided"
    assert "referrer.decision_feedback" in owed(bench)
    assert "they have not been told" in words(bench)


def test_what_is_sent_again_and_gets_through_is_told(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.NFA)
    gets_through(bench, "referrer.decision_feedback", outcome="refused")
    row = delivery(bench, "referrer.decision_feedback")
    assert act(bench, "delivery.retried", row.delivery_id, reason="mended")[0] == "done"
    assert "referrer.decision_feedback" in owed(bench), "nobody is told by trying"
    gets_through(bench, "referrer.decision_feedback")
    assert referral(bench) == "nfa_fed_back"


def test_who_is_rung_is_told(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.NFA)
    gets_through(bench, "referrer.decision_feedback", outcome="refused")
    [sheet] = bench.all("select * from delivery where transport = 'call'")
    said: dict[str, Any] = {"taken_by": "Mary Example", "taken_role": "Head teacher"}
    done = act(
        bench, "delivery.taken_by_phone", sheet.delivery_id, "Olwen Example", "operations", **said
    )
    assert done[0] == "done"
    assert notices(bench)["referrer.decision_feedback"] == "told"
    assert referral(bench) == "nfa_fed_back"
    assert not bench.all("select 1 from message where type = 'handover.response'")


def test_a_referrer_whom_nobody_serves_is_still_owed_a_notice(a_bench: Benches) -> None:
    bench = a_site(a_bench, a_school(receives=()))
    assert notices(bench) == {"referral.acknowledged": "undeliverable"}
    assert referral(bench) == "referral"
    assert owed(bench) == ["referral.acknowledged"]
    said = words(bench)
    assert "does not reach the referrer: they have not been told" in said
    assert "must be rung" not in said, "no sheet says whom"


def test_whom_nothing_reaches_is_told_by_a_person_with_a_name(a_bench: Benches) -> None:
    bench = a_site(a_bench, a_school(receives=()))
    [row] = bench.all("select message_id from message where type = 'referral.acknowledged'")
    unnamed = act(bench, "notice.told", row.message_id, told="Mary Example")
    assert unnamed == ("refused", "name and role of who was told are needed")
    said: dict[str, Any] = {"told": "Mary Example", "told_role": "Head teacher"}
    assert act(bench, "notice.told", row.message_id, **said)[0] == "done"
    assert notices(bench) == {"referral.acknowledged": "told"}
    assert referral(bench) == "acknowledged"
    assert owed(bench) == []
    again = act(bench, "notice.told", row.message_id, **said)
    assert again == ("refused", "they have been told already")


def says_later(bench: Bench, result: ReceiptResult) -> None:
    """The school's mail server, about the acknowledgement."""
    reference = delivery(bench, "referral.acknowledged").reference
    body = DeliveryReceipt(answers=reference, result=result, at=now())
    bench.record(an_arrival("delivery.receipt", body, "school", "R-1", answers=reference))


def sheets(bench: Bench) -> list[str]:
    """How each call sheet beside a notice stands."""
    sql = "select state from delivery where transport = 'call' and type = 'referral.acknowledged'"
    return [row.state for row in bench.all(sql)]


def a_letter(a_bench: Benches) -> Bench:
    """The acknowledgement went by letter."""
    bench = a_site(a_bench, a_school("smtp"))
    gets_through(bench, "referral.acknowledged", level="transport")
    assert notices(bench) == {"referral.acknowledged": "sent"}
    return bench


def test_a_letter_that_comes_back_has_told_nobody_and_somebody_rings(a_bench: Benches) -> None:
    bench = a_letter(a_bench)
    says_later(bench, ReceiptResult.BOUNCED)
    assert notices(bench) == {"referral.acknowledged": "undeliverable"}
    assert owed(bench) == ["referral.acknowledged"]
    assert bench.all("select 1 from delivery where transport = 'call' and state = 'offered'")


def test_a_letter_that_came_back_before_it_was_heard_that_it_was_sent_has_told_nobody(
    a_bench: Benches,
) -> None:
    bench = a_site(a_bench, a_school("smtp"))
    [sent] = orders(bench, "referral.acknowledged")
    says_later(bench, ReceiptResult.BOUNCED)
    assert sheets(bench) == ["offered"]
    settle(bench, told(sent, level="transport"), partner="school")
    assert delivery(bench, "referral.acknowledged").state == "delivered"
    assert notices(bench) == {"referral.acknowledged": "undeliverable"}
    assert owed(bench) == ["referral.acknowledged"]
    assert sheets(bench) == ["offered"]


def test_somebody_rings_for_a_letter_that_comes_back_though_nobody_had_to_before(
    a_bench: Benches,
) -> None:
    bench = a_site(a_bench, a_school("smtp"))
    gets_through(bench, "referral.acknowledged", outcome="refused")
    row = delivery(bench, "referral.acknowledged")
    act(bench, "delivery.retried", row.delivery_id, reason="mended")
    gets_through(bench, "referral.acknowledged", level="transport")
    assert sheets(bench) == ["withdrawn"]
    says_later(bench, ReceiptResult.BOUNCED)
    assert sheets(bench) == ["offered"]


def test_who_was_told_by_a_person_is_not_to_be_rung_as_well(a_bench: Benches) -> None:
    bench = a_site(a_bench, a_school("smtp"))
    gets_through(bench, "referral.acknowledged", outcome="refused")
    assert sheets(bench) == ["offered"]
    row = delivery(bench, "referral.acknowledged")
    said: dict[str, Any] = {"told": "Mary Example", "told_role": "Head teacher"}
    assert act(bench, "notice.told", row.message_id, **said)[0] == "done"
    assert sheets(bench) == ["withdrawn"]


def test_a_letter_that_was_read_is_said_to_be_with_them(a_bench: Benches) -> None:
    bench = a_letter(a_bench)
    says_later(bench, ReceiptResult.READ)
    assert notices(bench) == {"referral.acknowledged": "received"}
    assert not bench.all("select 1 from move where refused is not null")


def held_back(a_bench: Benches) -> Bench:
    """A decision about somebody's family: a second person must release what is said of it."""
    bench = a_site(a_bench, a_school())
    label = (Restriction.STAFF_FAMILY,)
    decides(bench, "D-1", ReferralOutcome.NFA, labels=label)
    assert delivery(bench, "referrer.decision_feedback").state == "needs_person"
    return bench


def test_what_waits_for_release_has_told_nobody(a_bench: Benches) -> None:
    bench = held_back(a_bench)
    assert notices(bench)["referrer.decision_feedback"] == "kept_back"
    assert referral(bench) == "decided"
    assert "referrer.decision_feedback" in owed(bench)
    row = delivery(bench, "referrer.decision_feedback")
    done = act(bench, "disclosure.reviewed", row.delivery_id, review="released", reason="hers")
    assert done[0] == "done"
    assert notices(bench)["referrer.decision_feedback"] == "made"
    gets_through(bench, "referrer.decision_feedback")
    assert referral(bench) == "nfa_fed_back"


def test_what_is_withheld_is_owed_until_a_named_person_says_why_they_are_not_told(
    a_bench: Benches,
) -> None:
    bench = held_back(a_bench)
    row = delivery(bench, "referrer.decision_feedback")
    act(bench, "disclosure.reviewed", row.delivery_id, review="withheld", reason="a relative")
    assert notices(bench)["referrer.decision_feedback"] == "kept_back"
    assert "referrer.decision_feedback" in owed(bench)
    done = act(bench, "delivery.abandoned", row.delivery_id, reason="a relative works there")
    assert done[0] == "done"
    assert notices(bench)["referrer.decision_feedback"] == "exempt"
    assert referral(bench) == "decided", "nobody was told"
    assert owed(bench) == ["referral.acknowledged"]


def test_news_of_an_earlier_decision_leaves_the_later_one_standing(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.NFA)
    first = orders(bench, "referrer.decision_feedback")
    decides(bench, "D-2", ReferralOutcome.STRATEGY, priority=Priority.URGENT)
    assert referral(bench) == "strategy"
    settle(bench, *map(told, first), partner="school")
    assert referral(bench) == "strategy"
    assert not bench.all("select 1 from move where refused is not null")


def test_a_late_failure_takes_nothing_back(bench: Bench) -> None:
    letters = orders(bench, "referral.acknowledged")
    settle(bench, *map(told, letters), partner="school")
    settle(bench, *(told(one, "refused") for one in letters), partner="school")
    assert notices(bench) == {"referral.acknowledged": "received"}
    assert not bench.all("select 1 from move where refused is not null")


IN_PERSON: dict[str, Any] = {"told": "Mary Example", "told_role": "Head teacher"}


def notice(bench: Bench, type: str) -> str:
    [row] = bench.all("select message_id from message where type = :type", type=type)
    return str(row.message_id)


@pytest.mark.parametrize("review", ["", "withheld"])
def test_what_is_kept_back_is_told_by_nobody_either(a_bench: Benches, review: str) -> None:
    bench = held_back(a_bench)
    if review:
        row = delivery(bench, "referrer.decision_feedback")
        act(bench, "disclosure.reviewed", row.delivery_id, review=review, reason="a relative")
    feedback = notice(bench, "referrer.decision_feedback")
    refused = act(bench, "notice.told", feedback, "Olwen Example", "operations", **IN_PERSON)
    assert refused == ("refused", "it is kept back: until it is released, nobody tells them")
    assert notices(bench)["referrer.decision_feedback"] == "kept_back"
    assert referral(bench) == "decided"


def test_what_is_on_its_way_is_not_told_as_well(bench: Bench) -> None:
    refused = act(bench, "notice.told", notice(bench, "referral.acknowledged"), **IN_PERSON)
    assert refused == ("refused", "it is on its way to them")
    assert notices(bench) == {"referral.acknowledged": "made"}


def test_whom_a_person_told_nobody_rings_and_nothing_is_sent_any_more(bench: Bench) -> None:
    gets_through(bench, "referral.acknowledged", outcome="refused")
    assert (
        act(bench, "notice.told", notice(bench, "referral.acknowledged"), **IN_PERSON)[0] == "done"
    )
    assert notices(bench) == {"referral.acknowledged": "told"}
    sql = "select transport, state from delivery where type = 'referral.acknowledged'"
    assert {row.state for row in bench.all(sql)} == {"withdrawn"}
