"""A partner's configuration in force is read in words, with its defaults, and of a secret only where it is kept."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

from connectors.formats import FORMATS
from connectors.secrets import SecretRef
from connectors.transports import TRANSPORTS
from hub.desk.shown import words
from hub.desk.shown.words import Mood
from hub.ledger.read.roles import Role
from hub.ledger.read.sentences import Parts
from hub.partners import Partner, Patience, Receives, Retry, comparable
from schemas.envelope import For

SILENT = timedelta(seconds=15)
GONE = timedelta(days=1)
"""A role that was not heard of for so long is not there any more."""

_ORDER = {
    "case": "what is about one child in its order, others beside it",
    "partner": "everything in its order",
    "none": "none is kept",
}
_UNREADABLE = {"refuse": "refused, in the partner's own terms", "keep": "kept for a person"}
_UNKNOWN = {"resend": "it is sent again", "ask": "a person decides"}


@dataclass(frozen=True, slots=True)
class Agrees:
    """Whether a role has read the same file for this partner as the desk."""

    name: str
    mood: Mood
    parts: Parts


def in_words(partner: Partner) -> list[tuple[str, str]]:
    """What each setting is about, and what it is. Pure."""
    told = [
        ("Speaks by", f"{partner.transport['kind']}, in {partner.format['kind']}"),
        ("Authorities", ", ".join(partner.authorities)),
        ("Agency", f"{partner.agency}, served as {partner.role.value.replace('_', ' ')}"),
        ("Speaks for", ", ".join(partner.speaks_for) or "itself alone"),
        ("Service hours", partner.hours),
        ("May send us", _types(partner.sends) or "nothing"),
        ("Is sent to act on", _receives(partner.receives, For.ACTION)),
        ("Is sent to know", _receives(partner.receives, For.INFORMATION)),
        ("Order", _ORDER[partner.order]),
        ("Outstanding at most", _outstanding(partner)),
        ("Tries again", _tries(partner.retry)),
        ("A call sheet opens", _rings(partner.patience)),
        ("What cannot be read is", _UNREADABLE[partner.on_unreadable]),
        ("Unread parcels are kept for", _span(partner.quarantine)),
        ("Where nobody knows whether it arrived", _UNKNOWN[partner.outcome_unknown]),
        ("A reference may stand for one content", f"for {_span(partner.reuse_window)}"),
        ("Test messages", "refused: it is live" if partner.live else "accepted"),
    ]
    if partner.filtered:
        told.append(("Kept of its feed", "only what is about children who are watched"))
    told += _settings("Transport", TRANSPORTS, partner.transport)
    told += _settings("Format", FORMATS, partner.format)
    return told


def agreement(partner: Partner, roles: Collection[Role], now: datetime) -> list[Agrees]:
    """Of each role that is there, what it has read, and whether an edge can speak with the partner. Pure."""
    return [_agrees(partner, role, now) for role in roles if now - role.at < GONE]


def _agrees(partner: Partner, role: Role, now: datetime) -> Agrees:
    digest = role.partners.get(partner.partner)
    parts: Parts
    if digest is None:
        mood, parts = Mood.SOON, ("has no file of this partner, or is of an older version",)
    elif not comparable(digest, partner.digest):
        mood, parts = Mood.SOON, ("is of another version: its digest cannot be compared",)
    elif digest != partner.digest:
        mood, parts = Mood.LATE, (f"has read another file: {digest}",)
    else:
        mood, parts = Mood.CALM, ("has read the same",)
    if says := role.connections.get(partner.partner):
        parts = (*parts, f"; {says}")
    if now - role.at > SILENT:
        return Agrees(
            role.instance,
            max(mood, Mood.SOON, key=_RANK.index),
            (*parts, "; last heard of ", role.at),
        )
    return Agrees(role.instance, mood, parts)


_RANK = [Mood.CALM, Mood.SOON, Mood.LATE]


def _outstanding(partner: Partner) -> str:
    window = words.count(partner.window, "delivery", "deliveries")
    return f"{window}, by {words.count(partner.connections, 'connection')}"


def _tries(retry: Retry) -> str:
    after = f"after {_span(retry.first)}, each time twice as long, up to {_span(retry.longest)}"
    return f"{after}; after {words.count(retry.tries, 'try', 'tries')} a person decides"


def _rings(patience: Patience) -> str:
    pressing = f"after {_span(patience.immediate)} for what is immediate"
    return f"{pressing}, {_span(patience.urgent)} urgent, {_span(patience.routine)} routine"


def _receives(wanted: Collection[Receives], purpose: For) -> str:
    found = [one for one in wanted if one.purpose is purpose]
    return (
        "; ".join(words.title(one.type) + (f" for {one.team}" if one.team else "") for one in found)
        or "nothing"
    )


def _types(names: Collection[str]) -> str:
    return "; ".join(words.title(name) for name in names)


def _settings(part: str, register: Any, config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each setting of a transport or format, with what it is where its file does not say."""
    known = {name: value for name, value in config.items() if name != "kind"}
    settings = register[config["kind"]].Settings.model_validate(known)
    for path, said in _flat(settings):
        yield f"{part}: {path}", said


def _flat(model: BaseModel, path: str = "") -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        where = f"{path}, {name}" if path else name
        where = where.replace("_", " ")
        secrets = value if isinstance(value, tuple) else (value,)
        if secrets and all(isinstance(one, SecretRef) for one in secrets):
            yield where, f"in {', '.join(map(str, secrets))}, never shown"
        elif isinstance(value, BaseModel):
            yield from _flat(value, where)
        elif value is not None:
            yield where, _said(value)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, timedelta):
        return _span(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_said(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_said(each) for each in value) or "none"
    return str(value)


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    return f"{seconds:g} s" if seconds < 60 else words.span(length)
