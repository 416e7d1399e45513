"""Whoever holds something begins it and finishes it, against the version they saw; nobody else does."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.core import custody
from hub.core.acts_on_handovers import about, moved
from hub.core.deed import Deed, Refused
from hub.core.work import Work
from hub.journeys.steps import EACH_AGENCY, Heard, Step, steps

_MANAGERS = ("duty_manager", "service_manager")


def _started(work: Work, deed: Deed) -> str:
    _moved(work, deed)
    return "you work on it; it stays yours until it is completed"


def _completed(work: Work, deed: Deed) -> str:
    _moved(work, deed)
    return "completed: it has left the list of what is held"


def _moved(work: Work, deed: Deed) -> None:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    said = {
        "name": deed.who["name"],
        "role": deed.who["role"].replace("_", " "),
        "reason": deed.reason,
        "manages": manages(work, deed, row),
    }
    moved(work, deed, steps(deed.type, said, heard), heard)


def standing(work: Work, deed: Deed, heard: Heard) -> Mapping[str, Any]:
    """Custody as it is now; only if it still is what they saw."""
    on = heard.on
    if on is None:
        raise Refused("there is no such message")
    party = heard.partner if on.type in EACH_AGENCY else ""
    named = custody.journey_id(Step("handover", on.message_id, "", party=party))
    row = work.journeys.get(work.conn, named)
    if row is None:
        raise Refused("nobody has to accept this, so nobody holds it")
    if deed.version and row["version"] != deed.version:
        state = row["state"].replace("_", " ")
        raise Refused(f"it has changed since you looked: it is now {state}, {_holds(row)}")
    return row


def _holds(row: Mapping[str, Any]) -> str:
    if not row["holder"]:
        return "and its sender holds it"
    return f"held by {row['holder']}, {row['holder_role']}"


def manages(work: Work, deed: Deed, row: Mapping[str, Any]) -> bool:
    """Whether they manage the team that it was sent to."""
    partner = work.site.partner(row["receiver"] or "")
    if partner is None or deed.who["role"] not in _MANAGERS:
        return False
    team, own = row["team"] or partner.team, deed.who.get("team")
    return partner.agency == deed.who.get("agency") and (not own or not team or own == team)


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "handover.started": _started,
    "handover.completed": _completed,
}
