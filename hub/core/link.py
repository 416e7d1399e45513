"""Two cases of one child become one: what is open joins the survivor's lanes, and nothing is lost or overtaken.

Identities from before an adoption are never linked with those from after. The absorbed case keeps
its chain and the key of its content; its journeys, its tokens and whatever comes later are the
survivor's.
"""

from collections import defaultdict
from typing import Any

from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.ledger.audit import HUB
from hub.ledger.session import among, locking, values
from hub.ledger.tables import Delivery, Lane
from hub.ledger.write import at, insert, rows, run, update
from schemas.labels import Restriction

_OPEN = "('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown')"


def link(work: Work, arrival: Arrival) -> None:
    """What a `case.linked` asks for; where it may not be, that is kept and shown."""
    absorbed, survivor = str(arrival.fields["case"]), str(arrival.fields["survivor"])
    # Locked before they are judged: another core may be linking one of them.
    work.open_cases([absorbed, survivor_of(work, survivor)])
    why_not = objection(work, absorbed, survivor)
    if why_not:
        work.audit(arrival.case_ref, "not linked", cause=arrival.message_id, why=why_not)
        work.incident("not_linked", arrival.message_id, why_not)
        return
    survivor = survivor_of(work, survivor)
    work.open_cases([survivor])
    run(
        work.conn,
        "update case_file set survivor = :s where case_ref = :c or survivor = :c",
        s=survivor,
        c=absorbed,
    )
    for table in ("case_token", "journey"):
        run(
            work.conn,
            f"update {table} set case_ref = :s where case_ref = :c",
            s=survivor,
            c=absorbed,
        )
    run(work.conn, "update watched set because = :s where because = :c", s=survivor, c=absorbed)
    _join_lanes(work, absorbed, survivor)
    ground = str(arrival.fields.get("ground") or "")
    work.audit(absorbed, "case linked", into=survivor, ground=ground, cause=arrival.message_id)
    work.audit(survivor, "case linked", joins=absorbed, ground=ground, cause=arrival.message_id)


def objection(work: Work, absorbed: str, survivor: str) -> str | None:
    """Why these two may not become one, or None."""
    survivor = survivor_of(work, survivor)
    if absorbed == survivor:
        return "they are one case already"
    sql = (
        f"select case_ref, authority, survivor from case_file where {among(work.conn, 'case_ref')}"
    )
    found = {
        row.case_ref: row
        for row in rows(work.conn, sql, among=values(work.conn, [absorbed, survivor]))
    }
    if len(found) < 2 or HUB in found:
        return "there is no such case"
    if found[absorbed].survivor:
        return "it has joined another case already"
    if found[absorbed].authority != found[survivor].authority:
        return "they are cases of two authorities"
    labelled = f"select 1 from message where {among(work.conn, 'case_ref')} and labels like :label"
    label = f'%"{Restriction.ADOPTION.value}"%'
    both = _with_absorbed(work, [absorbed, survivor])
    if rows(work.conn, labelled, among=values(work.conn, both), label=label):
        return "identities before and after an adoption are never linked"
    return None


def survivor_of(work: Work, case_ref: str) -> str:
    """The case that goes on for this one."""
    found = rows(work.conn, "select survivor from case_file where case_ref = :c", c=case_ref)
    return str(found[0].survivor) if found and found[0].survivor else case_ref


def _with_absorbed(work: Work, cases: list[str]) -> list[str]:
    sql = f"select case_ref from case_file where {among(work.conn, 'survivor')}"
    return cases + [row.case_ref for row in rows(work.conn, sql, among=values(work.conn, cases))]


def _join_lanes(work: Work, absorbed: str, survivor: str) -> None:
    """Open deliveries go to the survivor's lane of their partner, behind its last, in their order."""
    work.flush()
    sql = (
        "select delivery_id, partner, lane, listed_at from delivery"
        " where message_id in (select message_id from message where case_ref = :c)"
        f" and state in {_OPEN} and lane_no > 0 order by lane, lane_no"
    )
    moving: dict[str, list[Any]] = defaultdict(list)
    for row in rows(work.conn, sql, c=absorbed):
        if row.lane == f"{row.partner}|{absorbed}":
            moving[row.partner].append(row)
    for partner in sorted(moving):
        # As in a hand-out, the partner's row first: nothing of these lanes moves meanwhile.
        state = "select partner from partner_state where partner = :p" + locking(work.conn)
        rows(work.conn, state, p=partner)
        lane = f"{partner}|{survivor}"
        oldest = at(moving[partner][0].listed_at)
        new = {"lane": lane, "partner": partner, "last_no": 0, "last_at": oldest}
        insert(work.conn, Lane, [new], new_only=True)
        last = "select last_no, last_at from lane where lane = :lane" + locking(work.conn)
        [(start, since)] = rows(work.conn, last, lane=lane)
        numbered = [
            {
                "lane": lane,
                "lane_no": number,
                "listed_at": _later(row.listed_at, since),
                "delivery_id": row.delivery_id,
            }
            for number, row in enumerate(moving[partner], start + 1)
        ]
        update(
            work.conn,
            Delivery,
            "update delivery set lane = :lane, lane_no = :lane_no, listed_at = :listed_at,"
            " version = version + 1 where delivery_id = :delivery_id",
            numbered,
        )
        run(
            work.conn,
            "update lane set last_no = :no, last_at = :at where lane = :lane",
            no=numbered[-1]["lane_no"],
            at=numbered[-1]["listed_at"],
            lane=lane,
        )
        work.partners.add(partner)


def _later(one: Any, other: Any) -> Any:
    return max(filter(None, (at(one), at(other))))
