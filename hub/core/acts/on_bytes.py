"""Bytes that nobody could read go through the door again as somebody corrected them, and both are kept.

The same judge reads them as read them when they came, so that nothing enters here that its sender
could not have sent. Who it is about is their sender's word: a person vouches for it by name.
"""

from collections.abc import Callable
from typing import Any

from connectors.base import Kind, Parcel, Unreadable
from connectors.formats import make_format
from connectors.written import as_bytes
from hub import topics
from hub.core.acts.deed import Deed, Refused
from hub.core.arrival import Arrival, of_record
from hub.core.parcels import kept_until, record_parcels, seen_to
from hub.core.record import record_own
from hub.core.work import Work
from hub.ids import digest, token
from hub.intake.compose import Composer
from hub.intake.judge import Judge, Made
from hub.ledger.audit import HUB
from hub.ledger.content import open_parcel, seal_parcel
from hub.ledger.session import locking
from hub.ledger.write import rows, run
from hub.partners import Partner
from hub.wire import Record, read
from schemas.envelope import Subject
from schemas.register import REGISTER


class _Watched:
    """Whom a filtered feed is kept for, as the ledger has it."""

    def __init__(self, work: Work):
        self._work = work

    def __contains__(self, whom: tuple[str, Subject], /) -> bool:
        partner, subject = whom
        key = self._work.site.keys.watch(partner)
        numbers = (("nhs", subject.nhs_number), ("own", subject.own_number))
        sql = "select 1 from watched where partner = :p and token = :t"
        return any(
            rows(self._work.conn, sql, p=partner, t=token(key, kind, number))
            for kind, number in numbers
            if number
        )


def _repaired(work: Work, deed: Deed) -> str:
    row = _unread(work, deed)
    partner = work.site.partner(row.partner)
    if partner is None:
        raise Refused("its sender is no partner here any more")
    body, made = _judged(work, deed, row, partner)
    if made.verdict.kind is Kind.NOT_OURS:
        _closed(work, row, deed, "about nobody who is watched", kept=False)
        return "it is about nobody who is watched: nothing of it is kept"
    records = [_back(work, out) for out in made.outbounds]
    arrivals = [of_record(record) for topic, record in records if topic != topics.PARCELS]
    _may_reach(deed, arrivals)
    [parcel] = [one for topic, record in records if (one := _parcel_of(topic, record)) is not None]
    _closed(work, row, deed, "corrected, and read", kept=True)
    record_own(work, arrivals)
    record_parcels(work, [parcel])
    work.flush()
    run(
        work.conn,
        "update parcel set corrects = :old, sealed = :sealed, keep_until = :until"
        " where parcel_id = :id",
        old=row.parcel_id,
        sealed=seal_parcel(work.site.keys, parcel.id, body),
        until=kept_until(work, row.partner),
        id=parcel.id,
    )
    facts = {"parcel": row.parcel_id, "by": parcel.id, "partner": row.partner, "who": deed.name}
    work.audit(HUB, "parcel corrected", digest=digest(body), **facts)
    for arrival in (one for one in arrivals if one.case_ref):  # A repeat has none.
        work.audit(arrival.case_ref, "came corrected", message=arrival.message_id, **facts)
    return f"read, and sent on its way: {len(arrivals)} message{'s' * (len(arrivals) != 1)}"


def _unread(work: Work, deed: Deed) -> Any:
    sql = "select * from parcel where parcel_id = :id and state = 'unreadable'" + locking(work.conn)
    found = rows(work.conn, sql, id=deed.subject)
    if not found:
        raise Refused("it is closed already, or was read")
    if not deed.sees_content:
        raise Refused("who corrects it must be one who may read it")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    if found[0].sealed is None:
        raise Refused("its bytes are gone: their time was over")
    return found[0]


def _judged(work: Work, deed: Deed, row: Any, partner: Partner) -> tuple[bytes, Made]:
    """The corrected bytes, and what becomes of them; refused in the words its sender would hear."""
    keys = work.site.keys
    before = open_parcel(keys, row.parcel_id, row.sealed)
    speaks = make_format(partner.format)
    try:
        body = as_bytes(speaks, str(deed.body.get("text") or ""), before)
    except Unreadable as error:
        raise Refused(str(error)) from error
    if body == before:
        raise Refused("nothing in it is different")
    parcel = Parcel(row.partner, row.transport, body, row.media_type, work.now, row.reference)
    made = Judge(Composer(partner, REGISTER, keys), speaks, _Watched(work)).made(parcel)
    if made.verdict.reason:
        where = f"{made.verdict.place}: " if made.verdict.place else ""
        raise Refused(f"{where}{made.verdict.reason}")
    return body, made


def _back(work: Work, out: Any) -> tuple[str, Record]:
    headers = {name: value.encode() for name, value in out.headers.items()}
    return out.topic, read(work.site.keys, out.topic, headers, out.value)


def _parcel_of(topic: str, record: Record) -> Record | None:
    return record if topic == topics.PARCELS else record.parcel


def _may_reach(deed: Deed, arrivals: list[Arrival]) -> None:
    reach = deed.who.get("authorities")
    for arrival in arrivals:
        if reach is not None and "*" not in reach and arrival.envelope.authority not in reach:
            raise Refused(
                f"it is for authority {arrival.envelope.authority}, in which you have no role"
            )


def _closed(work: Work, row: Any, deed: Deed, how: str, *, kept: bool) -> None:
    """Its entry ends; its bytes stay beside the corrected ones for as long as any are kept."""
    run(
        work.conn,
        "update parcel set state = 'closed', closed_at = :now, closed_why = :why,"
        f" keep_until = :until{'' if kept else ', sealed = null'} where parcel_id = :id",
        now=work.now,
        why=f"{how}: {deed.reason} ({deed.name})",
        until=kept_until(work, row.partner),
        id=row.parcel_id,
    )
    seen_to(work, row.partner, f"the last was corrected by {deed.name}")


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {"parcel.repaired": _repaired}
