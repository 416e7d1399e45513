"""What nobody got, and somebody must act on, goes out once the partner files name somebody for it."""

from uuid import UUID

from hub.core import custody
from hub.core.early import again
from hub.core.plan import UNOWNED, plan_anew
from hub.core.whole import whole
from hub.core.work import Work
from hub.journeys.steps import Heard, custody_begins
from hub.ledger.session import among, locking, values
from hub.ledger.write import rows


def find_owners(work: Work) -> int:
    """Looks again for all of them, oldest first; how many have an owner now.

    Only at a start: partner files are read then, and nothing else makes a difference.
    """
    # A second core that starts at the same moment waits here, and then finds them closed.
    sql = (
        "select i.subject, m.case_ref from incident i join message m on m.message_id = i.subject"
        f" where i.closed_at is null and {among(work.conn, 'i.open_key')} order by i.first_seen"
    )
    keys = [f"{UNOWNED}|{subject}" for subject in sorted(work.wrong_of(UNOWNED))]
    lock = " for update of i" if locking(work.conn) else ""
    found = rows(work.conn, sql + lock, among=values(work.conn, keys)) if keys else []
    work.open_cases(row.case_ref for row in found)
    return sum(_found(work, row.subject) for row in found)


def _found(work: Work, message_id: str) -> bool:
    """One alone: what was erased or cannot be planned stays open, and keeps no other from going on."""
    owned: list[bool] = []
    error = whole(work, lambda: owned.append(_goes_out(work, message_id)))
    return error is None and owned == [True]


def _goes_out(work: Work, message_id: str) -> bool:
    arrival = again(work, message_id, None)
    owned = plan_anew(work, arrival)
    work.flush_rows()
    received = tuple(
        sorted(
            {str(row["partner"]) for row in work.planned[message_id] if row["purpose"] == "action"}
        )
    )
    envelope = arrival.envelope
    heard = Heard(UUID(message_id), work.now, envelope.ack_expected, arrival.partner, received)
    for one in custody_begins(arrival.type, heard):
        if work.journeys.get(work.conn, custody.journey_id(one)) is None:
            custody.take(work, one, message_id, arrival)
    if owned:
        work.recovered(UNOWNED, message_id, f"{', '.join(received)} gets it now")
        work.audit(arrival.case_ref, "goes out after all", message=message_id)
    return owned
