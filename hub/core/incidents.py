"""What was wrong is over when the partner shows it, or when it has not happened again for a day."""

from datetime import timedelta

from hub.core.work import Work
from hub.ledger.read.incidents import QUIET
from hub.ledger.session import among, values
from hub.ledger.write import at, rows

QUIET_FOR = timedelta(days=1)


def in_step_again(work: Work, partner: str, handed_at: object) -> None:
    """An acknowledgement named what was sent, and that was handed out after the last that did not.

    Edge dropped the connection then, so this one came over another.
    """
    slipped = work.wrong_until("misdirected_ack", partner)
    handed = at(handed_at)
    if slipped is not None and handed is not None and handed > slipped:
        why = "it acknowledged what it was sent on a new connection"
        work.recovered("misdirected_ack", partner, why)


def quiet(work: Work) -> None:
    """Closes what nothing else tells the end of, a day after it happened last."""
    sql = (
        "select kind, subject from incident where open_key is not null"
        f" and {among(work.conn, 'kind')} and last_seen < :since"
    )
    since = work.now - QUIET_FOR
    for row in rows(work.conn, sql, among=values(work.conn, QUIET), since=since):
        work.recovered(row.kind, row.subject, "it has not happened again for a day")
