"""A message that comes before what it answers is parked, and goes on when that has come."""

from collections.abc import Mapping, Sequence

import orjson

from hub.core.arrival import Arrival
from hub.core.belongs import waits_for
from hub.core.work import Work
from hub.ledger.content import open_sealed
from hub.ledger.session import among, values
from hub.ledger.tables import Early
from hub.ledger.write import rows, run
from schemas.envelope import Envelope, Subject


def park(work: Work, arrivals: Sequence[Arrival]) -> None:
    """Notes what each waits for."""
    for arrival in arrivals:
        row = {"message_id": arrival.message_id, "waits_for": arrival.waits_for, "since": work.now}
        work.add(Early, row)


def wake(work: Work, new: Sequence[Arrival]) -> list[Arrival]:
    """Those that waited for one of these messages, or for one of their deliveries."""
    if not rows(work.conn, "select 1 from early limit 1"):
        return []
    came = {arrival.message_id: arrival for arrival in new}
    sql = f"select delivery_id, message_id from delivery where {among(work.conn, 'message_id')}"
    names = {
        row.delivery_id: row.message_id
        for row in rows(work.conn, sql, among=values(work.conn, list(came)))
    } | {name: name for name in came}
    sql = (
        f"select message_id, waits_for from early where {among(work.conn, 'waits_for')}"
        " order by since, message_id"
    )
    waiting = rows(work.conn, sql, among=values(work.conn, list(names)))
    woken = _woken(work, {row.message_id: names[row.waits_for] for row in waiting})
    return woken + _woken(work, _decided_first(work, new))


def _decided_first(work: Work, new: Sequence[Arrival]) -> dict[str, str | None]:
    """Decisions whose referral has come by now: it came in, or into their case."""
    brings = ("referral.received", "case.linked")
    cases = {arrival.case_ref for arrival in new if arrival.type in brings}
    if not cases:
        return {}
    sql = (
        "select e.message_id, m.answers from early e join message m on m.message_id = e.message_id"
        " join case_file f on f.case_ref = m.case_ref where m.type = 'referral.decision'"
        f" and {among(work.conn, 'coalesce(f.survivor, f.case_ref)')} order by e.since, e.message_id"
    )
    return {
        row.message_id: row.answers
        for row in rows(work.conn, sql, among=values(work.conn, list(cases)))
        if waits_for(work, again(work, row.message_id, row.answers)) is None
    }


def overlooked(work: Work) -> list[Arrival]:
    """Those whose wait is over without anybody having noticed.

    Where two cores record an answer and what it answers in one moment, neither sees the other's.
    """
    if not rows(work.conn, "select 1 from early limit 1"):
        return []
    return _woken(work, {row.message_id: row.came for row in rows(work.conn, _CAME)})


_CAME = """
select e.message_id, m.message_id as came, e.since from early e
 join message m on m.message_id = e.waits_for
union
select e.message_id, d.message_id, e.since from early e join delivery d on d.reference = e.waits_for
order by 3, 1 limit 50
"""


def _woken(work: Work, came: Mapping[str, str | None]) -> list[Arrival]:
    """Messages (and what each answers) that nobody else woke."""
    woken = []
    for message_id, answered in came.items():
        gone = run(work.conn, "delete from early where message_id = :id", id=message_id)
        if gone.rowcount:
            woken.append(again(work, message_id, answered))
            work.recovered("early", message_id, "what it answers has come")
    return woken


def again(work: Work, message_id: str, answered: str | None) -> Arrival:
    """A recorded message, read back from the ledger to be planned and applied."""
    sql = (
        "select m.*, c.sealed, c.case_ref as sealed_under from message m"
        " join content c on c.message_id = m.message_id where m.message_id = :id"
    )
    row = rows(work.conn, sql, id=message_id)[0]
    key = work.key(row.sealed_under)
    if key is None:
        raise LookupError(f"the content of message {message_id} was erased")
    envelope, body = open_sealed(key, message_id, row.sealed)
    arrival = Arrival(
        message_id,
        row.type,
        row.version,
        row.partner,
        row.stream,
        row.reference,
        row.part,
        row.digest,
        Envelope.model_validate(envelope),
        orjson.dumps(body),
        Subject(),
        row.parcel_id,
        answered,
    )
    arrival.case_ref = row.case_ref
    arrival.answered = answered
    work.open_cases([row.case_ref])
    return arrival
