"""What was wrong is over when it is seen to be, or when it has not happened again for a day.

What lasts (a queue that is old, a role that is silent) is looked at every few seconds. It is opened
once and not counted each time it is looked at, and closed when it has not been so for a minute.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from hub.core.work import Work
from hub.ledger.read.incidents import QUIET
from hub.ledger.session import among, values
from hub.ledger.tables import Incident
from hub.ledger.write import at, rows, update

QUIET_FOR = timedelta(days=1)
CALM = timedelta(minutes=1)
"""What comes and goes faster is one incident, not many."""
_GOES_ON = "update incident set last_seen = :last_seen, cause = :cause where open_key = :open_key"


def lasting(
    work: Work, kind: str, wrong: Mapping[str, str], over: str, unsure: Collection[str] = ()
) -> None:
    """What of a kind is wrong now (subject to cause) is open, and nothing else of it for longer than
    a minute; `unsure` are not judged now. `over` says why it closes."""
    goes_on = []
    for subject, cause in sorted(wrong.items()):
        if work.wrong_until(kind, subject) is None:
            work.incident(kind, subject, cause)
        else:
            key = f"{kind}|{subject}"
            goes_on.append({"last_seen": work.now, "cause": cause, "open_key": key})
    update(work.conn, Incident, _GOES_ON, goes_on)
    for subject in sorted(work.wrong_of(kind) - wrong.keys() - set(unsure)):
        seen = work.wrong_until(kind, subject)
        # Also where the clock was set back: what nobody has seen since the future is over as well.
        if seen is not None and abs(work.now - seen) > CALM:
            work.recovered(kind, subject, over)


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
        "select kind, subject from incident where closed_at is null"
        f" and {among(work.conn, 'kind')} and last_seen < :since"
    )
    since = work.now - QUIET_FOR
    for row in rows(work.conn, sql, among=values(work.conn, QUIET), since=since):
        work.recovered(row.kind, row.subject, "it has not happened again for a day")
