"""What became of an incident is told in order: when it began, who was told, who had it, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.desk.shown.incident_words import Titles
from hub.ledger.read.acts import Answered
from hub.ledger.read.incidents import Told, Wrong

_DID = {
    "incident.claimed": "took it",
    "incident.released": "gave it back",
    "incident.closed": "closed it",
}


@dataclass(frozen=True, slots=True)
class Past:
    """One thing that happened, in words."""

    at: datetime
    words: str


def history(one: Wrong, told: Sequence[Told], acts: Sequence[Answered], desk: Titles) -> list[Past]:
    """Oldest first; what the ledger refused is told too. Pure."""
    found = [Past(one.first_seen, "It was first seen")]
    for each in told:
        title = desk.title(each.partner)
        by = "" if each.alone else ", by an alert that spoke for others too"
        found.append(Past(each.at, f"{title} was told{by}"))
        if each.over_at is not None:
            found.append(Past(each.over_at, f"{title} was told that it is over"))
    for act in acts:
        did = _DID.get(act.type, act.type)
        found.append(Past(act.at, f"{act.who} {did}" if act.done else _refused(act, did)))
    if one.closed_at is not None:
        found.append(Past(one.closed_at, f"It was over: {one.closed_why or 'it went away'}"))
    return sorted(found, key=lambda past: past.at)


def _refused(act: Answered, did: str) -> str:
    return f"{act.who} would have {did.replace('took', 'taken').replace('gave', 'given')}: {act.answer}"
