"""An unread parcel is looked after by somebody, and its entry ends with a reason."""

from collections.abc import Callable

from hub.core.acts.deed import Deed, Refused
from hub.core.parcels import seen_to
from hub.core.work import Work
from hub.ledger.write import rows, run


def _parcel_closed(work: Work, deed: Deed) -> str:
    found = rows(work.conn, "select partner from parcel where parcel_id = :id", id=deed.subject)
    closed = run(
        work.conn,
        "update parcel set state = 'closed', closed_at = :now, closed_why = :why, sealed = null"
        " where parcel_id = :id and state = 'unreadable'",
        now=work.now,
        why=f"{deed.reason} ({deed.name})",
        id=deed.subject,
    )
    if not closed.rowcount:
        raise Refused("it is closed already, or was read")
    seen_to(work, found[0].partner, f"the last was closed by {deed.name}")
    return "closed"


def _parcel_claimed(work: Work, deed: Deed) -> str:
    claimed = run(
        work.conn,
        "update parcel set claimed_by = :who where parcel_id = :id and claimed_by is null",
        who=deed.name,
        id=deed.subject,
    )
    if not claimed.rowcount:
        raise Refused("somebody looks after it already")
    return "you look after it now"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "parcel.closed": _parcel_closed,
    "parcel.claimed": _parcel_claimed,
}
