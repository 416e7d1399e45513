"""Parts of a partner file that are right alone are refused where they cannot work together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.directory.marked_yaml import Spot
from hub.directory.partner_words import meant
from hub.incident_words import AT_THE_DESK, KINDS
from hub.partners import Alerts, Partner
from schemas.register import HUB, PERSON, REGISTER

LETTERS = ("edt-email", "referrer-letter", "incident-email")
NEEDS_TRANSPORT = {
    "hl7v2": ("mllp", "folder", "http"),
    "contact-csv": ("folder", "http"),
}
"""Formats that only some transports carry."""
NEEDS_FORMAT = {"mllp": ("hl7v2",), "smtp": LETTERS}
"""Transports that carry only some formats."""
_ONLY_IN = ("contact-csv",)
_ONLY_OUT = LETTERS


@dataclass(frozen=True)
class Direction:
    """The settings that make a transport carry messages one way (any of them, between ` or `).

    True: always, False: never.
    """

    inward: str | bool
    outward: str | bool


DIRECTIONS = {
    "folder": Direction("inbound", "outbound"),
    "mllp": Direction("listen", "send"),
    "http": Direction("token or certificate", "push"),
    "outbox": Direction(True, True),
    "inbox": Direction(True, True),
    "call": Direction(False, True),
    "smtp": Direction(False, True),
}

Misfit = tuple[Spot, str, str]
"""Where, what, and what to write instead."""


def misfits(partner: Partner, transport: Any, format: Any) -> Iterator[Misfit]:
    """Everything that does not fit; `transport` and `format` are their parsed settings or None."""
    yield from _types(partner)
    yield from _carried(partner)
    if transport is not None:
        yield from _directions(partner, transport)
    yield from _order(partner)
    yield from _durations(partner)
    yield from _alerts(partner)


def _types(partner: Partner) -> Iterator[Misfit]:
    role = partner.role.value
    for way, types in (("sends", partner.sends), ("receives", [r.type for r in partner.receives])):
        for index, name in enumerate(types):
            spot: Spot = (way, index) if way == "sends" else (way, index, "type")
            entry = REGISTER.get(name)
            if entry is None:
                yield spot, f"there is no message type `{name}`", meant(name, list(REGISTER))
                continue
            if way == "receives" and entry.not_to_family and partner.role.is_family:
                yield spot, f"`{name}` never goes to family", "no such line"
                continue
            allowed = entry.senders if way == "sends" else entry.receivers
            if role not in allowed:
                roles = [each for each in allowed if each not in (HUB, PERSON)]
                who = f"role: {' or '.join(roles)}" if roles else "nothing: the hub keeps it"
                yield spot, f"`{name}` is not for a partner with `role: {role}` ({way})", who
    names = [(r.type, r.team) for r in partner.receives]
    for index, pair in enumerate(names):
        if pair in names[:index]:
            yield ("receives", index), f"`{pair[0]}` is received twice for the same team", "it once"


def _carried(partner: Partner) -> Iterator[Misfit]:
    transport, format = partner.transport.get("kind"), partner.format.get("kind")
    if format in NEEDS_TRANSPORT and transport not in NEEDS_TRANSPORT[format]:
        yield (
            ("transport", "kind"),
            f"`{format}` does not travel by `{transport}`",
            f"kind: {' or '.join(NEEDS_TRANSPORT[format])}",
        )
    elif transport in NEEDS_FORMAT and format not in NEEDS_FORMAT[transport]:
        yield (
            ("format", "kind"),
            f"`{transport}` does not carry `{format}`",
            f"kind: {' or '.join(NEEDS_FORMAT[transport])}",
        )
    if format in _ONLY_IN and partner.receives:
        yield ("receives",), f"`{format}` can only be read", "another partner file for what it gets"
    if format in _ONLY_OUT and partner.sends:
        yield ("sends",), f"`{format}` can only be written", "another partner file for what it says"


def _directions(partner: Partner, transport: Any) -> Iterator[Misfit]:
    kind = partner.transport["kind"]
    way = DIRECTIONS.get(kind, Direction(True, True))
    for word, used, setting in (
        ("sends", partner.sends, way.inward),
        ("receives", partner.receives, way.outward),
    ):
        if not used or setting is True:
            continue
        if setting is False:
            verb = "take anything in" if word == "sends" else "send"
            yield (word,), f"`{kind}` cannot {verb}", f"no `{word}`, or another transport"
        elif all(getattr(transport, each) is None for each in str(setting).split(" or ")):
            named, cure = (str(setting).replace(" or ", f"{by}` or `") for by in ("", ":"))
            yield (
                ("transport",),
                f"{word} something, but `{kind}` has no `{named}`",
                f"`{cure}:` below `transport:`",
            )
    if partner.filtered and not partner.sends:
        yield ("filtered",), "`filtered` is for what a partner sends", "`sends`, or no `filtered`"
    if partner.expects is not None and not partner.sends:
        yield ("expects",), "`expects` is for what a partner sends", "`sends`, or no `expects`"
    if partner.no_number == "keep_unmatched" and not partner.filtered:
        yield ("no_number",), "`no_number` is for a filtered feed", "`filtered: true` beside it"


def _order(partner: Partner) -> Iterator[Misfit]:
    if partner.order == "partner" and partner.connections > 1:
        yield (
            ("connections",),
            f"`order: partner` over {partner.connections} connections: only one could be used",
            "connections: 1, or order: case",
        )
    if partner.window < partner.connections:
        yield (
            ("window",),
            f"`window: {partner.window}` leaves some of {partner.connections} connections idle",
            f"window: {partner.connections} or more",
        )


def _durations(partner: Partner) -> Iterator[Misfit]:
    retry, patience, expects = partner.retry, partner.patience, partner.expects
    for spot, duration in (
        *(((("expects", "every"), expects.every),) if expects else ()),
        (("retry", "first"), retry.first),
        (("retry", "longest"), retry.longest),
        (("patience", "immediate"), patience.immediate),
        (("reuse_window",), partner.reuse_window),
        (("quarantine",), partner.quarantine),
    ):
        if duration.total_seconds() <= 0:
            yield spot, f"`{'.'.join(spot)}` must be longer than nothing", "e.g. PT5M"
    if retry.first > retry.longest:
        yield ("retry", "longest"), "shorter than `retry.first`", "at least as long as `first`"
    if not patience.immediate <= patience.urgent <= patience.routine:
        yield (
            ("patience",),
            "patience for what is pressing is longer than for what is not",
            "immediate ≤ urgent ≤ routine",
        )


def _alerts(partner: Partner) -> Iterator[Misfit]:
    if partner.alerts == Alerts():
        return
    if not any(each.type == "incident.opened" for each in partner.receives):
        cure = "`{type: incident.opened, for: action}` below `receives:`, or no `alerts`"
        yield ("alerts",), "`alerts` says which incidents it is told of, and it receives none", cure
    known = [kind for kind in KINDS if kind not in AT_THE_DESK]
    for index, kind in enumerate(partner.alerts.kinds or ()):
        spot: Spot = ("alerts", "kinds", index)
        if kind in AT_THE_DESK:
            yield spot, f"`{kind}` is told at the desk and by call sheets", "no such line"
        elif kind not in known:
            yield spot, f"there is no kind of incident `{kind}`", meant(kind, known)
