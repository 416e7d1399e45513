"""Who looks at an incident is known by name, and what the hub cannot see the end of a person closes."""

from collections.abc import Callable

from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.read.incidents import SHELVED, Wrong, incident
from hub.ledger.session import locking
from hub.ledger.write import rows, run


def _closed(work: Work, deed: Deed) -> str:
    one = _wrong(work, deed)
    if not one.by_hand:
        raise Refused("it closes by itself when what it is about is over")
    if deed.version and deed.version != one.count:
        raise Refused(f"it has happened again since you looked, {one.count} times by now")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    why = f"{deed.reason} ({deed.name})"
    if one.kind in SHELVED:
        _set_aside(work, one, why)
    elif one.kind == "silent":
        # Taken away on purpose: nobody waits for its next word. Should it speak, it is known again.
        run(work.conn, "delete from heartbeat where instance = :name", name=one.subject)
    work.recovered(one.kind, one.subject, why)
    return "closed"


def _claimed(work: Work, deed: Deed) -> str:
    one = _wrong(work, deed)
    if one.claimed_by == deed.name:
        raise Refused("you have it already")
    if (one.claimed_by or "") != str(deed.body.get("over") or ""):
        raise Refused(f"{one.claimed_by or 'nobody'} has it by now: look again")
    _has_it(work, one, deed.name)
    return "others see that you look at it"


def _released(work: Work, deed: Deed) -> str:
    one = _wrong(work, deed)
    if one.claimed_by != deed.name:
        raise Refused(f"{one.claimed_by or 'nobody'} has it, not you")
    _has_it(work, one, None)
    return "nobody looks at it now"


def _has_it(work: Work, one: Wrong, who: str | None) -> None:
    run(
        work.conn,
        "update incident set claimed_by = :who, claimed_at = :at where incident_id = :id",
        who=who,
        at=work.now if who else None,
        id=one.incident_id,
    )


def _wrong(work: Work, deed: Deed) -> Wrong:
    # Of two who close it at once, the second waits here and hears who was first.
    lock = "select 1 from incident where incident_id = :id" + locking(work.conn)
    rows(work.conn, lock, id=deed.subject)
    one = incident(work.conn, deed.subject)
    if one is None:
        raise Refused("there is no such incident")
    if one.closed_at is not None:
        raise Refused(f"it is closed already: {one.closed_why}")
    return one


def _set_aside(work: Work, one: Wrong, why: str) -> None:
    """What has no effect any more leaves the shelf with its incident; its record stays."""
    run(
        work.conn,
        "update stuck set closed_at = :now, closed_why = :why"
        " where topic = :topic and closed_at is null and reason like :reason",
        now=work.now,
        why=why,
        topic=one.subject,
        reason=f"{SHELVED[one.kind]}:%",
    )


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "incident.closed": _closed,
    "incident.claimed": _claimed,
    "incident.released": _released,
}
