"""Each incident is told to each recipient once, and once when it is over, by messages like any other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import now
from hub.core.breaker import IN_A_ROW
from hub.core.due import fall_due
from hub.core.incidents.queues import old_queues
from hub.core.incidents.runbook import ASK_THE_DESK, said_there, what_to_do
from hub.ledger.audit import verify
from hub.ledger.reconcile import reconcile
from hub.partners import Alerts, CallSheet, Partner, Patience, Receives, Role
from hub.rules.alerts import FEW, WINDOW
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.lasting import sweep
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival, the_partners

Benches = Callable[[list[Partner]], Bench]
SOON = timedelta(seconds=31)


def operations(name: str, **more: Any) -> Partner:
    """Somebody who keeps the hub running."""
    types = ("incident.opened", "incident.recovered")
    facts: dict[str, Any] = {
        "receives": tuple(Receives(type=type) for type in types),
        "authorities": ("380", "383"),
    }
    return a_partner(name, Role.OPERATIONS, **facts | more)


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """The usual partners, and two whom operations read."""
    return a_bench([*the_partners(), operations("ops-mail"), operations("ops-hook")])


def round_(bench: Bench, at: datetime) -> list[dict[str, Any]]:
    """One round of what falls due; the alerts that it handed out."""
    bench.do(fall_due, at)
    return [order for order in bench.orders() if order["envelope"]["type"].startswith("incident.")]


def heard(orders: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """To whom, what became, of what kind; in the order of recipients."""
    found = []
    for order in orders:
        to = order["topic"].removeprefix("deliveries.")
        found.append((to, order["envelope"]["type"].partition(".")[2], order["body"]["kind"]))
    return sorted(found)


def both(became: str, kind: str) -> list[tuple[str, str, str]]:
    return [("ops-hook", became, kind), ("ops-mail", became, kind)]


def wrong(bench: Bench, kind: str, subject: str, at: datetime, cause: str = "why") -> None:
    bench.do(lambda work: work.incident(kind, subject, cause), at)
    bench.orders()


def right(bench: Bench, kind: str, subject: str, at: datetime) -> None:
    bench.do(lambda work: work.recovered(kind, subject, "over"), at)


def taken(bench: Bench, orders: list[dict[str, Any]], at: datetime) -> None:
    """The recipients take what they were sent."""
    for order in orders:
        settle(bench, told(order), partner=order["topic"].removeprefix("deliveries."), at=at)


def test_a_partner_that_goes_down_is_told_once_to_each_and_once_that_it_is_back(
    bench: Bench,
) -> None:
    start = now()
    said = an_arrival("health.attendance", an_attendance(1))
    bench.record(said, at=start)
    [order] = bench.orders()
    for _ in range(IN_A_ROW):
        settle(bench, told(order, "try_again", connection=True, detail="refused"), at=start)
    assert round_(bench, start + timedelta(seconds=29)) == [], "it may be over in a moment"
    orders = round_(bench, start + SOON)
    assert heard(orders) == both("opened", "partner_down")
    body = orders[0]["body"]
    assert body["title"] == "Team does not answer"
    assert (body["cause"], body["subject"]) == ("refused", "team")
    assert body["what_to_do"] and body["runbook"] == "deploy/runbook/incidents/partner_down.md"
    taken(bench, orders, start + SOON)
    again = told(order, "try_again", connection=True, detail="refused")
    settle(bench, again, at=start + 2 * SOON)
    assert round_(bench, start + 2 * SOON) == [], "that it goes on is not told"
    settle(bench, told(order), at=start + 3 * SOON)
    orders = round_(bench, start + 3 * SOON)
    assert heard(orders) == both("recovered", "partner_down")
    assert {order["body"]["incident"] for order in orders} == {body["incident"]}
    assert orders[0]["body"]["count"] == 2
    taken(bench, orders, start + 3 * SOON)
    assert round_(bench, start + 10 * WINDOW) == []
    assert bench.all("select 1 from repeat") == [], "nothing was said again, and not heeded"
    states = bench.all("select state from delivery where case_ref = 'hub'")
    assert [row.state for row in states] == ["delivered"] * 4
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced
        assert list(verify(conn)) == []


def test_an_alert_is_a_message_of_the_hubs_own_chain_about_no_child(bench: Bench) -> None:
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    [one, _] = round_(bench, start + SOON)
    assert one["envelope"].get("child_refs", []) == []
    assert one["envelope"]["case_ref"] == "hub"
    assert one["envelope"]["sender"] == {"agency": "hub", "system": "hub"}
    found = bench.all("select * from message where case_ref = 'hub'")
    assert {(row.partner, row.planned, row.state) for row in found} == {("hub", 1, "recorded")}
    assert {row.authority for row in found} == {"380"}, "one each, whatever they serve"
    assert bench.all("select case_ref from case_file") == [("hub",)]


def test_what_is_over_in_a_moment_is_not_told(bench: Bench) -> None:
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    assert round_(bench, start + timedelta(seconds=10)) == []
    right(bench, "stuck", "flows.health", start + timedelta(seconds=20))
    assert round_(bench, start + SOON) == []
    assert round_(bench, start + 2 * SOON) == []


def test_who_asked_to_hear_at_once_does(a_bench: Benches) -> None:
    at_once = operations("ops", alerts=Alerts(after=timedelta()))
    bench = a_bench([*the_partners(), at_once])
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    assert heard(round_(bench, start)) == [("ops", "opened", "stuck")]


def test_a_recipient_that_is_down_is_told_to_the_other_alone(bench: Bench) -> None:
    start = now()
    wrong(bench, "partner_down", "ops-mail", start)
    orders = round_(bench, start + SOON)
    assert heard(orders) == [("ops-hook", "opened", "partner_down")]
    taken(bench, orders, start + SOON)
    right(bench, "partner_down", "ops-mail", start + 2 * SOON)
    orders = round_(bench, start + 2 * SOON)
    assert heard(orders) == [("ops-hook", "recovered", "partner_down")], "who was told hears"


def test_two_who_refuse_every_alert_are_not_told_of_each_other_for_ever(bench: Bench) -> None:
    moment = now()
    wrong(bench, "stuck", "flows.health", moment)
    sent = 0
    for _ in range(30):
        moment += SOON
        orders = round_(bench, moment)
        sent += len(orders)
        for order in orders:
            to = order["topic"].removeprefix("deliveries.")
            settle(bench, told(order, "refused", detail="no such mailbox"), partner=to, at=moment)
        sweep(bench, moment)
    assert sent == 4, "the incident to both, and to each that the other did not get it"
    assert incidents(bench) == {"stuck": 1, "stopped": 4}


def test_refusing_without_order_is_no_different(a_bench: Benches) -> None:
    loose = [operations(name, order="none") for name in ("ops-mail", "ops-hook")]
    test_two_who_refuse_every_alert_are_not_told_of_each_other_for_ever(
        a_bench([*the_partners(), *loose])
    )


def test_one_that_is_refused_keeps_no_other_back(bench: Bench) -> None:
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    orders = round_(bench, start + SOON)
    for order in orders:
        settle(bench, told(order, "refused"), partner=order["topic"][11:], at=start + SOON)
    wrong(bench, "behind", "core-1", start + SOON)
    orders = round_(bench, start + 2 * SOON)
    assert ("ops-mail", "opened", "behind") in heard(orders)


def test_an_opening_that_did_not_get_there_yet_goes_before_its_recovery(bench: Bench) -> None:
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    opened = round_(bench, start + SOON)
    for order in opened:
        settle(bench, told(order, "try_again"), partner=order["topic"][11:], at=start + SOON)
    right(bench, "stuck", "flows.health", start + SOON)
    orders = round_(bench, start + SOON + timedelta(seconds=1))
    assert orders == [], "the opening waits for its next try, and the recovery behind it"
    orders = round_(bench, start + 2 * SOON)
    assert heard(orders) == sorted([*both("opened", "stuck"), *both("recovered", "stuck")])
    for recovery in orders:
        if recovery["envelope"]["type"] == "incident.recovered":
            [first] = [o for o in orders if o["delivery_id"] == recovery["predecessor"]]
            assert first["envelope"]["type"] == "incident.opened"


def test_a_storm_is_a_handful_of_alerts_and_a_handful_of_recoveries(bench: Bench) -> None:
    start = now()

    def many(work: Any) -> None:
        for n in range(300):
            work.incident("lane_blocked", f"team|{n:03}", f"health.attendance to team: {n}")

    bench.do(many, start)
    orders = round_(bench, start + SOON)
    assert heard(orders) == sorted(both("opened", "lane_blocked") * (FEW + 1))
    assert [order["body"].get("more", False) for order in orders].count(True) == 2
    taken(bench, orders, start + SOON)
    moment = start + SOON
    for n in (300, 301):
        moment += WINDOW - timedelta(minutes=1)
        wrong(bench, "lane_blocked", f"team|{n}", moment - SOON)
        assert round_(bench, moment) == [], "the storm speaks for it"
    for n in range(302):
        right(bench, "lane_blocked", f"team|{n:03}", moment)
    orders = round_(bench, moment)
    assert heard(orders) == sorted(both("recovered", "lane_blocked") * FEW)
    taken(bench, orders, moment)
    orders = round_(bench, moment + WINDOW + timedelta(seconds=1))
    assert heard(orders) == both("recovered", "lane_blocked")
    assert {order["body"]["incidents"] for order in orders} == {302 - FEW}
    assert len(bench.all("select 1 from message where case_ref = 'hub'")) == 4 * (FEW + 1)


def test_whoever_comes_later_hears_what_is_wrong_now_and_nothing_of_before(
    a_bench: Benches, ledger_url: str, tmp_path: Path
) -> None:
    bench = a_bench([*the_partners(), operations("ops-mail")])
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    wrong(bench, "behind", "core-1", start)
    taken(bench, round_(bench, start + SOON), start + SOON)
    right(bench, "behind", "core-1", start + SOON)
    taken(bench, round_(bench, start + SOON), start + SOON)
    bench = a_bench([*the_partners(), operations("ops-mail"), operations("ops-hook")])
    orders = round_(bench, start + 2 * SOON)
    assert heard(orders) == [("ops-hook", "opened", "stuck")]


def test_an_alert_that_gets_nowhere_opens_no_call_sheet_and_is_an_incident(
    a_bench: Benches,
) -> None:
    start, hour = now(), timedelta(hours=1)
    patience = Patience(immediate=hour, urgent=hour, routine=hour)
    bench = a_bench([*the_partners(), operations("ops-mail", patience=patience)])
    wrong(bench, "stuck", "flows.health", start)
    wrong(bench, "foreign", "flows.health", start)
    refused, late = round_(bench, start + SOON)
    settle(bench, told(refused, "refused"), partner="ops-mail", at=start + SOON)
    settle(bench, told(late, "try_again"), partner="ops-mail", at=start + SOON)
    assert bench.all("select 1 from delivery where type like 'incident.%' and ring_at is not null")
    round_(bench, start + 2 * hour)
    bench.do(old_queues, start + 2 * hour)
    sweep(bench, start + 2 * hour)
    assert bench.all("select 1 from delivery where transport = 'call'") == []
    # Nor is it looked for four times a second from then on.
    assert bench.all("select 1 from delivery where ring_at < :then", then=start + 2 * hour) == []
    found = bench.all("select kind, subject from incident where closed_at is null")
    about = {(one.kind, one.subject.partition("|")[0]) for one in found}
    assert {("stopped", "ops-mail"), ("queue_old", "ops-mail")} <= about


def test_a_handover_nobody_accepted_is_the_teams_and_no_alert(bench: Bench) -> None:
    start = now()
    wrong(bench, "overdue", "handover:1", start, "nobody has accepted R-SMITH in time")
    assert round_(bench, start + SOON) == []


def test_what_a_person_wrote_who_closed_it_does_not_leave_the_hub(bench: Bench) -> None:
    start = now()
    wrong(bench, "unread", "core-1", start)
    taken(bench, round_(bench, start + SOON), start + SOON)
    [one] = bench.all("select incident_id from incident where kind = 'unread'")
    why = "Marigold Example's file"
    done = act(bench, "incident.closed", one.incident_id, version=1, reason=why, at=start + SOON)
    assert done == ("done", "closed")
    orders = round_(bench, start + 2 * SOON)
    assert heard(orders) == both("recovered", "unread")
    assert all("Marigold" not in str(order) for order in orders)


def test_without_anybody_to_tell_nothing_is_recorded(a_bench: Benches) -> None:
    bench = a_bench(the_partners())
    start = now()
    wrong(bench, "stuck", "flows.health", start)
    bench.do(fall_due, start + SOON)
    assert bench.all("select 1 from message") == []
    assert bench.all("select 1 from alert") == []


def test_whom_to_ring_is_said_where_it_is_about_a_partner(a_bench: Benches) -> None:
    sheet = CallSheet(who="duty desk", phone="0113 496 0123")
    team = a_partner("team", Role.ASSESSMENT_TEAM, call=sheet)
    bench, start = a_bench([team, operations("ops-mail")]), now()
    wrong(bench, "partner_down", "team", start)
    wrong(bench, "behind", "received", start)
    bodies = [order["body"] for order in round_(bench, start + SOON)]
    said = {
        body["kind"]: "Team by telephone: duty desk, 0113 496 0123." in body["what_to_do"]
        for body in bodies
    }
    assert said == {"partner_down": True, "behind": False}


def test_what_to_do_is_said_in_the_words_of_the_runbook() -> None:
    page = "# Partner down\n\n**At risk.** Much.\n\n**First**\n\n1. Ring them.\n2. Wait.\n\n**It ends.** x"
    assert said_there(page) == "1. Ring them.\n2. Wait."
    assert said_there("# Partner down\n\nIt does not answer.") == ""
    told = what_to_do(Path("deploy/runbook"), "partner_down")
    assert told.startswith("1. ") and "hub partners test" in told and "**" not in told
    assert what_to_do(Path("deploy/runbook"), "nothing_of_ours") == ASK_THE_DESK
