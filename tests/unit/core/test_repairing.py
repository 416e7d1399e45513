"""What a partner could not take goes out corrected in the old one's place, decided anew, and each names the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.ledger.audit import verify
from hub.ledger.content import open_content
from hub.ledger.read.journey import message_way
from hub.ledger.reconcile import reconcile
from hub.ledger.write import run
from hub.partners import Receives, Role
from schemas.census import ContactOutcome
from schemas.codes import RiskLevel
from schemas.register import priority_of
from schemas.values import Said
from tests.kit import people
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.lasting import sweep
from tests.kit.site import Bench, a_partner, an_arrival

TYPES = (
    "strategy.requested",
    "edt.handover",
    "health.attendance",
    "contact.recorded",
    "referral.received",
    "referral.decision",
)
WHY = "They know this area under another name"


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    takes = tuple(Receives(type=name) for name in TYPES)
    made = Bench(
        ledger_url,
        tmp_path,
        [
            a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover", "strategy.requested")),
            a_partner(
                "centre",
                Role.ASSESSMENT_TEAM,
                "inbox",
                sends=("contact.recorded", "referral.decision"),
            ),
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order="case"),
            a_partner("police", Role.POLICE, receives=(Receives(type="strategy.requested"),)),
        ],
    )
    yield made
    made.engine.dispose()


def refused(bench: Bench, type: str, body: Said, partner: str = "edt", by: str = "team") -> Any:
    """A message that one receiver's system refuses: its delivery."""
    arrival = an_arrival(type, body, partner, "R-1")
    bench.record(arrival)
    to_them = [one for one in bench.orders() if one["topic"].startswith(f"deliveries.{by}")]
    [order] = [one for one in to_them if one["message_id"] == arrival.message_id]
    settle(bench, told(order, "refused", detail="unknown code"), partner=by)
    sql = "select * from delivery where partner = :p and message_id = :id and transport <> 'call'"
    [row] = bench.all(sql, p=by, id=arrival.message_id)
    return row


def repair(bench: Bench, row: Any, *changes: tuple[list[Any], Any], **more: Any) -> tuple[str, str]:
    said = [{"path": path, "value": value} for path, value in changes]
    facts: dict[str, Any] = {"role": "duty_manager", "reason": WHY, "version": row.version}
    return act(bench, "delivery.repaired", row.delivery_id, changes=said, **facts | more)


def body_of(bench: Bench, message_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with bench.engine.connect() as conn:
        envelope, body = open_content(conn, bench.site.keys, message_id)
    return dict(envelope), dict(body)


def test_the_corrected_one_takes_its_place_and_everything_else_stays_as_it_was_said(
    bench: Bench,
) -> None:
    row = refused(bench, "edt.handover", people.a_handover(1))
    said, answer = repair(bench, row, (["concern"], "Seen alone at the bus station"))
    assert (said, answer) == (
        "done",
        "sent as new, in its place: the corrected one goes to 1 recipient. Changed: concern",
    )
    [new] = bench.all("select * from message where corrects = :id", id=row.message_id)
    [old] = bench.all("select * from message where message_id = :id", id=row.message_id)
    assert (new.partner, new.reference, new.case_ref) == (old.partner, "R-1", old.case_ref)
    assert new.causation_id == old.message_id and new.conflict_of is None
    before, after = body_of(bench, old.message_id), body_of(bench, new.message_id)
    assert after[1] == before[1] | {"concern": "Seen alone at the bus station"}
    assert after[0]["corrects"] == old.message_id
    [order] = bench.orders()
    assert order["message_id"] == new.message_id
    assert order["body"]["concern"] == "Seen alone at the bus station"
    states = bench.all(
        "select message_id, transport, state, reason from delivery order by created_at"
    )
    ended = [one for one in states if one.message_id == old.message_id]
    assert {one.state for one in ended} == {"withdrawn"}, "its call sheet, too"
    assert {one.reason for one in ended} == {"a corrected one was sent in its place"}
    [custody] = bench.all("select state from journey where subject = :id", id=old.message_id)
    assert custody.state == "withdrawn"
    [anew] = bench.all("select state, sender from journey where subject = :id", id=new.message_id)
    assert (anew.state, anew.sender) == ("sent", "edt")
    sweep(bench)
    assert {"stopped", "lane_blocked"}.isdisjoint(incidents(bench))
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced
        assert list(verify(conn)) == []
        for one, other in ((old, new), (new, old)):
            way = message_way(conn, one.message_id)
            assert way is not None
            assert {said.message_id for said in way.messages} == {one.message_id, other.message_id}
            by_id = {said.message_id: said for said in way.messages}
    assert by_id[old.message_id].corrected_by == new.message_id
    assert by_id[new.message_id].corrects == old.message_id


def test_disclosure_is_decided_anew_for_the_corrected_one(bench: Bench) -> None:
    row = refused(bench, "strategy.requested", people.a_strategy_request(1), by="police")
    assert repair(bench, row, (["concern"], "He is afraid of going home"))[0] == "done"
    [old] = bench.all(
        "select policy, withheld from delivery where delivery_id = :id", id=row.delivery_id
    )
    new = bench.all(
        "select d.policy, d.withheld, d.partner from delivery d join message m"
        " on m.message_id = d.message_id where m.corrects = :id", id=row.message_id,
    )  # fmt: skip
    assert {one.partner for one in new} == {"team", "police"}, "whoever had it hears the correction"
    [police] = [one for one in new if one.partner == "police"]
    assert (police.policy, orjson.loads(police.withheld)) == (
        old.policy,
        orjson.loads(old.withheld),
    )
    journeys = bench.all("select subject, state from journey where machine = 'strategy'")
    assert {one.state for one in journeys if one.subject == row.message_id} == {"closed"}
    assert {one.state for one in journeys if one.subject != row.message_id} == {"requested"}


@pytest.mark.parametrize(
    ("before", "after", "priority"),
    [(RiskLevel.MEDIUM, "immediate", "immediate"), (RiskLevel.HIGH, "low", "urgent")],
)
def test_a_higher_risk_makes_it_more_pressing_and_a_lower_one_never_less(
    bench: Bench, before: RiskLevel, after: str, priority: str
) -> None:
    body = people.a_handover(1, before)
    bench.record(an_arrival("edt.handover", body, "edt", "R-1", priority_of("edt.handover", body)))
    [order] = bench.orders()
    settle(bench, told(order, "refused", detail="unknown code"))
    [row] = bench.all("select * from delivery where transport <> 'call'")
    assert repair(bench, row, (["risk"], after))[0] == "done"
    [new] = bench.all("select priority from message where corrects = :id", id=row.message_id)
    assert new.priority == priority


@pytest.mark.parametrize(
    ("changes", "more", "why"),
    [
        ([(["child", "name"], "not_known")], {}, "who it is about is not changed here"),
        ([(["risk"], "dreadful")], {}, "risk: it must be one of"),
        ([(["concern"], None)], {}, "concern: it must say something"),
        ([(["nowhere", "at"], "all")], {}, "the message has no such place"),
        ([(["nowhere"], "at all")], {}, "nowhere: the message has no such field"),
        ([(["recommended"], "See the child today")], {"version": 1}, "it has changed since you looked"),
        ([(["concern"], "x")], {"role": "operations"}, "one who may read it"),
        ([(["concern"], "x")], {"reason": " "}, "a reason is needed"),
        ([], {}, "nothing in it is different"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_nothing_moves(
    bench: Bench, changes: list[tuple[list[Any], Any]], more: dict[str, Any], why: str
) -> None:
    row = refused(bench, "edt.handover", people.a_handover(1))
    said, answer = repair(bench, row, *changes, **more)
    assert said == "refused" and why in answer, answer
    assert not bench.all("select 1 from message where corrects is not null")
    [still] = bench.all("select state from delivery where delivery_id = :id", id=row.delivery_id)
    assert still.state == "needs_person"


def test_it_is_corrected_once_and_not_after_somebody_holds_it(bench: Bench) -> None:
    row = refused(bench, "edt.handover", people.a_handover(1))
    [sheet] = bench.all("select delivery_id from delivery where transport = 'call'")
    took = act(
        bench,
        "delivery.taken_by_phone",
        sheet.delivery_id,
        taken_by="Idris Example",
        taken_role="duty manager",
    )
    assert took[0] == "done"
    assert repair(bench, row, (["concern"], "Something else"), version=0)[0] == "refused"
    other = an_arrival("edt.handover", people.a_handover(2), "edt", "R-2")
    bench.record(other)
    [order] = bench.orders()
    settle(bench, told(order, "refused", detail="unknown code"))
    sql = "select * from delivery where message_id = :id and transport <> 'call'"
    [row] = bench.all(sql, id=other.message_id)
    assert repair(bench, row, (["concern"], "Something else"))[0] == "done"
    assert repair(bench, row, (["concern"], "Once more"), version=0)[0] == "refused"


def passed_on(bench: Bench) -> Any:
    """A contact that became a referral, whose copy for the police was refused: that delivery."""
    body = people.a_contact(1).model_copy(
        update={
            "outcome": ContactOutcome.NEW_REFERRAL,
            "outcome_because": "The threshold is met",
            "action": None,
        }
    )
    return refused(bench, "contact.recorded", body, "centre")


def of_type(bench: Bench, type: str) -> list[Any]:
    return bench.all("select * from message where type = :t order by recorded_at", t=type)


def journeys(bench: Bench, machine: str) -> dict[str, str]:
    found = bench.all("select subject, state from journey where machine = :m", m=machine)
    return {row.subject: row.state for row in found}


def test_what_the_hub_made_of_a_contact_is_made_anew_with_it(bench: Bench) -> None:
    row = passed_on(bench)
    [referral] = of_type(bench, "referral.received")
    [told_once] = of_type(bench, "referral.acknowledged")
    assert repair(bench, row, (["concern", "what"], "Seen alone at the bus station"))[0] == "done"
    [_, anew] = of_type(bench, "referral.received")
    [corrected] = bench.all("select * from message where corrects = :id", id=row.message_id)
    assert anew.causation_id == corrected.message_id
    assert body_of(bench, anew.message_id)[1]["concern"]["what"] == "Seen alone at the bus station"
    assert len(of_type(bench, "referral.acknowledged")) == 2, "who was told hears it again"
    ended = [row.message_id, referral.message_id]
    known = journeys(bench, "referral")
    assert [known[one] for one in ended] == ["replaced", "replaced"]
    assert known[anew.message_id] == "referral"
    assert journeys(bench, "notice")[told_once.message_id] == "replaced", "nobody owes it any more"
    open_now = (
        "select count(*) as n from delivery where message_id = :id and state not in"
        " ('withdrawn', 'delivered')"
    )
    for one in (*ended, told_once.message_id):
        assert bench.all(open_now, id=one)[0].n == 0
    # And once more: what follows from a corrected one follows from the next one.
    [order] = [o for o in bench.orders() if o["message_id"] == corrected.message_id]
    settle(bench, told(order, "refused", detail="unknown code"))
    sql = "select * from delivery where message_id = :id and transport <> 'call'"
    [again] = bench.all(sql, id=corrected.message_id)
    assert repair(bench, again, (["concern", "what"], "Seen with her aunt"))[0] == "done"
    assert list(journeys(bench, "referral").values()).count("replaced") == 4
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced
        assert list(verify(conn)) == []


def test_a_referral_on_which_somebody_decided_is_only_its_senders_to_say_anew(bench: Bench) -> None:
    row = passed_on(bench)
    [referral] = of_type(bench, "referral.received")
    decision = people.a_decision(1).model_copy(
        update={"referral_reference": referral.reference, "child": people.a_contact(1).child}
    )
    arrival = an_arrival("referral.decision", decision, "centre", "D-1")
    arrival.case_hint = referral.case_ref
    bench.record(arrival)
    assert journeys(bench, "referral")[referral.message_id] not in ("referral", "acknowledged")
    said, answer = repair(bench, row, (["concern", "what"], "Something else"))
    assert said == "refused" and "cannot be replaced any more" in answer, answer
    assert not bench.all("select 1 from message where corrects is not null")
    [sent] = bench.all(
        "select * from delivery where message_id = :id and partner = 'team' and transport <> 'call'",
        id=arrival.message_id,
    )
    settle(bench, told(sent, "refused", detail="unknown code"))
    [sent] = bench.all("select * from delivery where delivery_id = :id", id=sent.delivery_id)
    before = journeys(bench, "referral")[referral.message_id]
    fixed = repair(bench, sent, (["outcome"], "nfa"))
    assert fixed[0] == "refused" and "what was decided is not changed here" in fixed[1]
    assert repair(bench, sent, (["next_step"], "A visit on Monday"))[0] == "done"
    assert journeys(bench, "referral")[referral.message_id] == before, "what was decided stands"
    [_, letter] = of_type(bench, "referrer.decision_feedback")
    assert body_of(bench, letter.message_id)[1]["next_step"] == "A visit on Monday"


def test_items_of_a_list_come_and_go(bench: Bench) -> None:
    row = refused(bench, "edt.handover", people.a_handover(1))
    before = body_of(bench, row.message_id)[1]
    count = len(before["outstanding"])
    action = before["outstanding"][0] | {"what": "Ring the school"}
    made = repair(bench, row, (["outstanding", 0], None), (["outstanding", count - 1], action))
    assert made[0] == "done", made
    assert "Changed: outstanding, 1" in made[1]
    [new] = bench.all("select message_id from message where corrects = :id", id=row.message_id)
    after = body_of(bench, new.message_id)[1]
    assert [one["what"] for one in after["outstanding"]] == [
        *(one["what"] for one in before["outstanding"][1:]),
        "Ring the school",
    ]


@pytest.mark.parametrize(
    ("type", "sender", "why"),
    [
        ("handover.response", "police", "nobody answers for them: ask them to answer anew"),
        ("incident.opened", "hub", "nothing in it was said by anybody"),
        ("referral.acknowledged", "hub", "correct that one, and it is written anew"),
    ],
)
def test_what_a_named_person_answered_and_what_the_hub_wrote_nobody_corrects(
    bench: Bench, type: str, sender: str, why: str
) -> None:
    row = refused(bench, "edt.handover", people.a_handover(1))
    sql = "update message set type = :type, partner = :p where message_id = :id"
    bench.do(lambda work: run(work.conn, sql, type=type, p=sender, id=row.message_id))
    said, answer = repair(bench, row, (["concern"], "x"))
    assert said == "refused" and answer.endswith(why), answer
