"""Whether the hub kept its promises is read from its partners' books; its own ledger must agree."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from connectors.formats.ack import control_id
from hub.ledger.audit import verify
from hub.ledger.reconcile import reconcile
from hub.ledger.write import rows
from tests.faults.crash.books import Verdict, in_order, nothing_lost, one_reference
from tests.faults.crash.teams import Arrived
from tests.faults.crash.wards import Said


def judge(conn: Connection, said: list[Said], books: dict[str, list[Arrived]]) -> Verdict:
    """Every promise of the road, for every partner."""
    verdict = Verdict()
    delivered = _deliveries(conn)
    attempts = _attempts(conn)
    _hospitals(verdict, said)
    for name, arrived in books.items():
        nothing_lost(verdict, name, said, arrived)
        in_order(verdict, name, arrived)
        _repeats_explained(verdict, name, arrived, delivered[name], attempts)
        _lanes(verdict, name, arrived, delivered[name])
    _ledger(verdict, conn)
    return verdict


@dataclass(frozen=True, slots=True)
class _Row:
    delivery_id: str
    lane: str
    number: int
    state: str
    attempts: int
    unknown: int
    unsettled: int


def _deliveries(conn: Connection) -> dict[str, dict[str, _Row]]:
    """By partner, under the name that stands on the wire."""
    sql = (
        "select d.delivery_id, d.partner, d.lane, d.lane_no, d.state, d.attempt, d.reference,"
        " d.transport, count(a.attempt) as settled,"
        " sum(case when a.outcome = 'unknown' then 1 else 0 end) as unknown"
        " from delivery d left join attempt a on a.delivery_id = d.delivery_id"
        " group by d.delivery_id, d.partner, d.lane, d.lane_no, d.state, d.attempt, d.reference,"
        " d.transport"
    )
    found: dict[str, dict[str, _Row]] = defaultdict(dict)
    for row in rows(conn, sql):
        name = row.reference if row.transport == "outbox" else control_id(row.reference)
        unsettled = int(row.attempt) - int(row.settled)
        found[row.partner][name] = _Row(
            row.delivery_id,
            row.lane,
            row.lane_no,
            row.state,
            row.attempt,
            int(row.unknown or 0),
            unsettled,
        )
    return found


def _attempts(conn: Connection) -> dict[str, list[str]]:
    """What the ledger says of each try, by delivery: the evidence, for the ledger itself is dropped."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows(conn, "select * from attempt order by delivery_id, attempt"):
        said = f"{row.attempt} {row.outcome} {row.handed_at} to {row.settled_at} by {row.edge}"
        found[row.delivery_id].append(f"{said} {row.code} {row.detail}".rstrip())
    return found


def _hospitals(verdict: Verdict, said: list[Said]) -> None:
    verdict.counted["messages"] = len(said)
    verdict.counted["acknowledged"] = sum(one.acknowledged is not None for one in said)
    verdict.counted["sent again by hospitals"] = sum(one.tries - 1 for one in said)


def _lanes(verdict: Verdict, name: str, arrived: list[Arrived], delivered: dict[str, _Row]) -> None:
    """First arrivals in a lane follow the numbers that the ledger gave."""
    last: dict[str, int] = {}
    wrong = []
    for reference in dict.fromkeys(one.reference for one in arrived):
        row = delivered.get(reference)
        if row is None:
            continue
        if row.number <= last.get(row.lane, 0):
            wrong.append(f"{reference} ({row.number} after {last[row.lane]})")
        last[row.lane] = row.number
    verdict.fault(f"inversions in a lane at {name}", wrong)


def _repeats_explained(
    verdict: Verdict,
    name: str,
    arrived: list[Arrived],
    delivered: dict[str, _Row],
    attempts: dict[str, list[str]],
) -> None:
    """As many repeats as there were attempts without a recorded receipt, at most."""
    times = Counter(one.reference for one in arrived)
    verdict.fault(f"at {name} and not in the ledger", times.keys() - delivered.keys())
    one_reference(verdict, name, arrived)
    again = {reference: count - 1 for reference, count in times.items() if count > 1}
    verdict.counted[f"repeats at {name}"] = sum(again.values())
    wrong = []
    for reference, count in again.items():
        row = delivered.get(reference)
        if row is not None and count > row.unknown:
            tries = ", ".join(attempts[row.delivery_id])
            came = [one.at for one in arrived if one.reference == reference]
            wrong.append(f"{reference} came at {came}; {row}; attempts: {tries}")
    verdict.fault(f"repeats without an unknown attempt at {name}", wrong)


def _ledger(verdict: Verdict, conn: Connection) -> None:
    open_now = rows(
        conn,
        "select partner, state, count(*) as n from delivery where state <> 'delivered'"
        " group by partner, state",
    )
    verdict.fault("deliveries left open", [f"{r.n} {r.state} for {r.partner}" for r in open_now])
    stuck = rows(conn, "select stuck_id, reason from stuck")
    verdict.fault("stuck records", [f"{row.stuck_id} {row.reason}" for row in stuck])
    found = reconcile(conn)
    if not found.balanced:
        sources: list[Any] = [one for one in found.sources if not one.balanced]
        verdict.fault("the equations do not balance", [*sources, found.deliveries])
    verdict.fault("the audit does not verify", verify(conn))
    unknown = rows(conn, "select count(*) as n from attempt where outcome = 'unknown'")[0].n
    verdict.counted["attempts unknown"] = int(unknown)
