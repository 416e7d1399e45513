"""Each recipient gets its own rendering, the decision is recorded, and every referrer is told or it says why not."""

from collections.abc import Callable
from datetime import datetime

import orjson
import pytest

from hub.ledger.write import at
from hub.partners import Partner, Receives, Role
from schemas.census import ContactOutcome, ReferralOutcome
from schemas.codes import ReferrerKind
from schemas.envelope import Priority, Recipient
from schemas.labels import Restriction
from schemas.people import Attributed, Handling
from tests.kit.deeds import act, states
from tests.kit.people import (
    a_contact,
    a_decision,
    a_police_notification,
    a_referral,
    a_referrer,
    a_strategy_record,
)
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]


def a_site() -> list[Partner]:
    """Police who tell, a team and a school who hear, a school that refers."""
    agency = a_referrer(1).agency_id or "X26SCH"
    return [
        a_partner("police", Role.POLICE, sends=("police.notification",)),
        a_partner(
            "team",
            Role.ASSESSMENT_TEAM,
            receives=(
                Receives(type="police.notification"),
                Receives(type="referral.received"),
            ),
            sends=("referral.decision",),
        ),
        a_partner("health", Role.HEALTH, receives=(Receives(type="police.notification"),)),
        a_partner(
            "school",
            Role.PROFESSIONAL_REFERRER,
            agency=agency,
            sends=("referral.received",),
            receives=(
                Receives(type="referral.acknowledged"),
                Receives(type="referrer.decision_feedback"),
            ),
        ),
    ]


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    return a_bench(a_site())


def bodies(bench: Bench) -> dict[str, dict[str, object]]:
    """What was handed out, by topic."""
    return {one["topic"].split(".")[1]: one["body"] for one in bench.orders()}


def test_one_message_is_two_renderings_and_both_decisions_are_recorded(bench: Bench) -> None:
    bench.record(an_arrival("police.notification", a_police_notification(1), "police"))
    seen = bodies(bench)
    assert "what_happened" in seen["team"]
    assert "what_happened" not in seen["health"]
    rows = {row.partner: row for row in bench.all("select * from delivery")}
    assert rows["team"].policy.startswith("FDH-2026.1: permit")
    paths = {path for path, _, _ in orjson.loads(rows["health"].withheld)}
    assert "what_happened" in paths
    kept = bytes(rows["health"].rendered)
    assert b"Shouting" not in kept


def test_what_a_second_person_must_release_goes_out_as_rendered_and_never_whole(
    bench: Bench,
) -> None:
    label = (Restriction.STAFF_FAMILY, Restriction.ADOPTION)
    bench.record(
        an_arrival("police.notification", a_police_notification(1), "police", labels=label)
    )
    bench.orders()
    [row] = bench.all("select * from delivery where partner = 'health'")
    assert row.state == "needs_person"
    nobody = act(bench, "delivery.retried", row.delivery_id, role="operations", reason="go")
    assert nobody[0] == "refused"
    assert act(bench, "delivery.retried", row.delivery_id)[1] == "a reason is needed"
    done = act(
        bench, "disclosure.reviewed", row.delivery_id, review="released", reason="named nurse asks"
    )
    assert done[0] == "done"
    assert "what_happened" not in bodies(bench)["health"]


def test_what_a_second_person_withholds_is_not_sent(bench: Bench) -> None:
    label = (Restriction.STAFF_FAMILY,)
    bench.record(
        an_arrival("police.notification", a_police_notification(1), "police", labels=label)
    )
    bench.orders()
    [row] = bench.all("select * from delivery where partner = 'health'")
    done = act(
        bench, "disclosure.reviewed", row.delivery_id, review="withheld", reason="a relative there"
    )
    assert done[0] == "done"
    assert states(bench, "health") == ["withheld"]
    assert bench.orders() == []


def test_a_team_sees_who_referred(bench: Bench) -> None:
    bench.record(an_arrival("referral.received", a_referral(1), "school"))
    referrer = bodies(bench)["team"]["referrer"]
    assert isinstance(referrer, dict) and referrer.get("name")


def test_a_referrer_is_told_of_receipt_and_of_the_decision_with_its_reason(bench: Bench) -> None:
    referral = an_arrival("referral.received", a_referral(1), "school", "MARF-31")
    bench.record(referral)
    assert set(bodies(bench)["school"]) >= {"receipt", "next_step"}
    decision = an_arrival(
        "referral.decision", a_decision(1, ReferralOutcome.NFA), "team", reference="d"
    )
    bench.record(decision)
    notice = bodies(bench)["school"]
    assert notice["reason"] and notice["outcome"] == "nfa"
    sql = "select message_id from message where partner = 'hub' order by message_id"
    made = [row.message_id for row in bench.all(sql)]
    bench.record(referral, decision)
    assert [row.message_id for row in bench.all(sql)] == made
    [journey] = bench.all("select state from journey where machine = 'referral'")
    assert journey.state == "decided", "until a notice got through, nobody was told"


def test_a_referrers_system_is_told_which_of_its_referrals_is_meant(bench: Bench) -> None:
    """By the reference it sent it under, whatever number stands in the referral itself."""
    bench.record(an_arrival("referral.received", a_referral(1), "school", "MARF-31"))
    decision = a_decision(1, ReferralOutcome.NFA)
    bench.record(an_arrival("referral.decision", decision, "team", reference="d"))
    told = [one for one in bench.orders() if one["topic"].startswith("deliveries.school")]
    assert [(one["envelope"]["type"], one["answers"]) for one in told] == [
        ("referral.acknowledged", "MARF-31"),
        ("referrer.decision_feedback", "MARF-31"),
    ]


def test_what_grew_from_a_contact_is_answered_by_the_contacts_own_number(a_bench: Benches) -> None:
    *others, school = a_site()
    sends = {"sends": ("contact.recorded",)}
    bench = a_bench([*others, school.model_copy(update=sends)])
    body = a_contact(
        1,
        outcome=ContactOutcome.NEW_REFERRAL,
        outcome_because="a mark on the arm",
        caller=a_referrer(1),
    )
    bench.record(an_arrival("contact.recorded", body, "school", "CALL-8"))
    told = [one for one in bench.orders() if one["topic"].startswith("deliveries.school")]
    assert [one["answers"] for one in told] == ["CALL-8"]


def test_the_same_cause_always_has_the_same_consequence(a_bench: Benches, bench: Bench) -> None:
    """Recorded anew from the road, what the hub says carries the ids that it had."""
    made = []
    for _ in range(2):
        bench.record(an_arrival("referral.received", a_referral(1), "school"))
        sql = "select message_id from message where type = 'referral.acknowledged'"
        made.append([row.message_id for row in bench.all(sql)])
        with bench.engine.begin() as conn:
            for table in ("message", "content", "delivery", "repeat", "journey", "move"):
                conn.exec_driver_sql(f"delete from {table}")
    assert made[0] == made[1] != []


def test_an_anonymous_referrer_is_told_nothing_and_the_record_says_why(bench: Bench) -> None:
    body = a_referral(1).model_copy(update={"referrer": a_referrer(3, ReferrerKind.ANONYMOUS)})
    arrival = an_arrival("referral.received", body, "school", priority=Priority.ROUTINE)
    bench.record(arrival)
    assert bench.all("select 1 from message where partner = 'hub'") == []
    entries = bench.all("select entry from audit where entry like '%not said%'")
    assert ["anonymous" in row.entry for row in entries] == [True]


def test_what_goes_out_says_what_for_and_under_which_provision_and_policy(bench: Bench) -> None:
    bench.record(an_arrival("police.notification", a_police_notification(3), "police"))
    found = [order["envelope"] for order in bench.orders()]
    assert found
    for envelope in found:
        assert envelope["purpose"] == "safeguarding_notification"
        assert envelope["gateway"].endswith("/ukpga/2004/31/section/11")
        assert envelope["policy_version"].startswith("FDH-2026.1: ")


def test_what_goes_out_says_by_when_and_by_which_rule(bench: Bench) -> None:
    bench.record(an_arrival("police.notification", a_police_notification(3), "police"))
    found = [order["envelope"] for order in bench.orders()]
    rows = {row.message_id: at(row.due_at) for row in bench.all("select * from message")}
    assert found
    for envelope in found:
        deadline = envelope["deadline"]
        assert deadline["clock_id"]
        assert deadline["rule_edition"]
        assert datetime.fromisoformat(deadline["due_at"]) == rows[envelope["message_id"]]


def test_a_notice_carries_the_labels_of_the_referral_and_of_the_decision(bench: Bench) -> None:
    """The child in it comes from the referral: what restricts that one restricts the copy."""
    labels = (Restriction.STAFF_FAMILY,)
    bench.record(an_arrival("referral.received", a_referral(1), "school", "MARF-31", labels=labels))
    bench.orders()
    decided = an_arrival(
        "referral.decision",
        a_decision(1),
        "team",
        reference="d",
        labels=(Restriction.COURT_ORDER,),
    )
    bench.record(decided)
    [row] = bench.all("select * from delivery where type = 'referrer.decision_feedback'")
    assert row.state == "needs_person"
    assert "STAFF_FAMILY" in row.reason and "COURT_ORDER" in row.reason
    assert bench.orders() == []


def test_a_notification_goes_only_where_its_handling_lets_it(a_bench: Benches) -> None:
    takes = (Receives(type="police.notification"),)
    bench = a_bench([*a_site(), a_partner("primary", Role.SCHOOL, receives=takes)])
    only = {"handling": Handling(may_share_with=("assessment_team",))}
    body = a_police_notification(1).model_copy(update=only)
    bench.record(an_arrival("police.notification", body, "police"))
    assert set(bodies(bench)) == {"team"}
    assert states(bench, "primary") == ["withheld"]


def test_what_police_told_a_discussion_goes_on_only_as_they_allow(a_bench: Benches) -> None:
    takes = (Receives(type="strategy.record"),)
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, sends=("strategy.record",)),
            a_partner("duty", Role.ASSESSMENT_TEAM, receives=takes),
            a_partner("police", Role.POLICE, receives=takes),
        ]
    )
    told = (
        Attributed(agency="police", text="covert"),
        Attributed(
            agency="Leeds Hospitals",
            text="seen in May",
            handling=Handling(may_share_with=("assessment_team", "police")),
        ),
    )
    body = a_strategy_record(1).model_copy(update={"information": told})
    bench.record(an_arrival("strategy.record", body, "team"))
    seen = bodies(bench)
    assert "covert" not in str(seen["duty"]) and "seen in May" in str(seen["duty"])
    assert "police_information" not in seen["duty"], "nothing tells of what is withheld"
    assert "covert" in str(seen["police"]), "it is their own"
    [row] = bench.all("select withheld from delivery where partner = 'duty'")
    assert "information[0].text" in row.withheld, "it stays on record"


def test_a_discussion_is_never_planned_for_a_parent_so_that_nobody_can_release_it(
    a_bench: Benches,
) -> None:
    takes = (Receives(type="strategy.record"),)
    mother = a_partner("mother", Role.PARENT, "inbox", agency="family", receives=takes)
    bench = a_bench([*a_site(), mother])
    to = (Recipient(agency="family"),)
    bench.record(an_arrival("strategy.record", a_strategy_record(1), "team", recipients=to))
    assert bench.all("select * from delivery") == []
    [row] = bench.all("select none_reason from message")
    assert row.none_reason == "family: strategy.record never goes to family"
