"""What was parked for its unknown version is taken up by the first core that knows that version."""

from hub.core.early import again
from hub.core.record import taken_up
from hub.core.whole import whole
from hub.core.work import Work
from hub.ledger.session import locking
from hub.ledger.tables import APART
from hub.ledger.write import rows
from schemas.register import UnknownType, UnknownVersion, model_of


def take_up(work: Work) -> int:
    """Takes all of them up, oldest first; how many."""
    taken = 0
    parked = f"select distinct type, version from message where {APART} and state = 'parked'"
    for kind, version in sorted(tuple(row) for row in rows(work.conn, parked)):
        if not _known(kind, version):
            continue
        # A second core that starts at the same moment waits here, and then finds them taken.
        sql = (
            f"select message_id, case_ref, answers from message where {APART} and state = 'parked'"
            " and type = :type and version = :version order by recorded_at"
        ) + locking(work.conn)
        found = rows(work.conn, sql, type=kind, version=version)
        work.open_cases(row.case_ref for row in found)
        taken += sum(_take_up(work, row.message_id, row.answers) for row in found)
        left = f"select 1 from message where {APART} and state = 'parked' and type = :type limit 1"
        if not rows(work.conn, left, type=kind):
            work.recovered("unknown_version", kind, "this hub knows the version now")
    return taken


def _take_up(work: Work, message_id: str, answers: str | None) -> bool:
    """One alone: what cannot be applied stays parked, is shown, and keeps no other from going on."""
    why = "its version is known now"
    error = whole(work, lambda: taken_up(work, [again(work, message_id, answers)], why))
    if error is not None:
        work.incident("parked", message_id, f"{type(error).__name__} in its effect")
    else:
        work.recovered("parked", message_id, "it was taken up")
    return error is None


def _known(kind: str, version: int) -> bool:
    try:
        model_of(kind, version)
    except (UnknownType, UnknownVersion):
        return False
    return True
