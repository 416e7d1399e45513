"""Every state is a sentence that says who has it and what happens next; moments in it stay moments.

A sentence is its parts, words and instants, so that a page can show the exact instant behind a
time and a terminal can print it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.clock import civil
from hub.journeys.handover import HELD


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant by which something is due: where it ends a day, it is said as that day's end."""

    at: datetime


Part = str | datetime | Deadline
Parts = tuple[Part, ...]
Name = Callable[[str | None], str]
"""What people call a partner."""

_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times"}


class Delivered(Protocol):
    """What a sentence about a delivery needs."""

    @property
    def partner(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def tries(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def next_at(self) -> datetime | None: ...
    @property
    def handed_at(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def changed_at(self) -> datetime: ...
    @property
    def level_reached(self) -> str: ...
    @property
    def who(self) -> str | None: ...


class Held(Protocol):
    """What a sentence about custody needs."""

    @property
    def state(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def receiver(self) -> str | None: ...
    @property
    def holder(self) -> str | None: ...
    @property
    def holder_role(self) -> str | None: ...
    @property
    def changed_at(self) -> datetime: ...


def tried(times: int) -> str:
    """`tried twice`."""
    return f"tried {_TIMES.get(times, f'{times} times')}"


def delivery(one: Delivered, name: Name) -> Parts:
    """Where a delivery stands."""
    to = name(one.partner)
    match one.state:
        case "waiting":
            return _waiting(one, to)
        case "under_way":
            return (f"On its way to {to} since ", one.handed_at or one.changed_at)
        case "offered":
            return _offered(one, to)
        case "needs_person":
            return (f"Stopped: {one.reason or 'a person must decide'}. A person decides what next",)
        case "outcome_unknown":
            why = one.reason or "no answer came"
            return (f"Nobody knows whether {to} has it: {why}. A person decides on sending again",)
        case "delivered":
            by = f" ({one.who})" if one.who else ""
            if one.level_reached == "transport":
                return (f"It left for {to} at ", one.changed_at, by)
            return (f"With {to} since ", one.changed_at, by)
        case "withheld":
            return (f"Not sent to {to}: {one.reason or 'the disclosure policy says no'}",)
        case "abandoned":
            return (f"Given up: {one.reason} (", one.changed_at, ")")
        case "withdrawn":
            why = f": {one.reason}" if one.reason else ""
            return (f"Withdrawn{why} (", one.changed_at, ")")
        case _:
            return (f"{one.state.replace('_', ' ').capitalize()} ", one.changed_at)


def _waiting(one: Delivered, to: str) -> Parts:
    if one.tries and one.next_at is not None:
        why = f": {one.reason}" if one.reason else ""
        return (f"{tried(one.tries).capitalize()}{why}; next try for {to} at ", civil(one.next_at))
    return (f"Waits its turn for {to} since ", one.created_at)


def _offered(one: Delivered, to: str) -> Parts:
    if one.transport == "call":
        return (f"{one.reason[:1].upper()}{one.reason[1:]}: nobody has so far",)
    if one.transport == "inbox":
        return (f"In the inbox of {to} since ", one.created_at, "; nobody has opened it")
    if one.level_reached == "transport":
        return (f"Handed out to {to}, who has not confirmed it; ready since ", one.created_at)
    return (f"Ready for {to} since ", one.created_at, "; not collected so far")


def handover(one: Held, name: Name) -> Parts:
    """Who has it, and what they must do."""
    sender, receiver = name(one.sender), name(one.receiver)
    # What is passed on stays with who passed it on, and only then with somebody who is not its sender.
    has_it = ", ".join(filter(None, (one.holder, one.holder_role))) or sender
    keeps = f"{has_it} still holds it"
    nobody = f"Nobody at {receiver} has accepted it" if one.holder else "Nobody has this yet"
    if one.state in HELD and one.holder:
        by = ", by phone" if one.state == "accepted_manually" else ""
        start = "In progress with" if one.state == "in_progress" else "Accepted by"
        role = f", {one.holder_role}" if one.holder_role else ""
        return (f"{start} {one.holder}{role}{by}, ", one.changed_at)
    fixed = {
        "drafted": f"Not sent so far: {keeps}",
        "sent": f"Sent to {receiver}, opened by nobody so far: {keeps}",
        "delivered": f"Delivered to {receiver}, opened by nobody: {keeps}",
        "opened": f"Opened by {receiver}, accepted by nobody: {keeps}",
        "queried": f"{receiver} asks a question: {has_it} must answer, and still holds it",
        "answered": f"The question was answered; {receiver} must accept: {keeps}",
        "refused": f"Refused by {receiver}: {has_it} holds it and must say where it goes",
        "rerouted": f"Goes to somebody else: {keeps}",
        "overdue": f"{nobody}: {keeps}",
        "escalated": f"{nobody}; managers have been told: {keeps}",
        "undeliverable": f"{receiver} cannot be reached and must be rung: {keeps}",
        "manual_phone": f"{receiver} is being rung: {keeps}",
        "reassigned": f"Passed on to {receiver}: {has_it} holds it until somebody there accepts it",
        "lapsed": f"No progress: the manager of {receiver} has it now",
    }.get(one.state)
    if fixed:
        return (fixed,)
    if one.state == "completed":
        return ("Completed ", one.changed_at, f"; {one.holder or receiver} held it until then")
    ended = {
        "withdrawn": "Withdrawn before anybody accepted it, ",
        "returned": f"Back with {sender}, who keeps it, ",
    }.get(one.state, f"{one.state.replace('_', ' ').capitalize()}, ")
    return (ended, one.changed_at)


def plain(parts: Iterable[Part], clock: Callable[[datetime], str]) -> str:
    """A sentence for a terminal."""
    moments = (part.at if isinstance(part, Deadline) else part for part in parts)
    return "".join(clock(part) if isinstance(part, datetime) else part for part in moments)


def answer_of(code: str, detail: str) -> str:
    """What somebody answered: a code, and words where they do not say it already. Pure."""
    return detail if detail.startswith(code) else " ".join(filter(None, (code, detail)))


def to_nobody(reason: str, type: str, name: Name) -> str:
    """Why a message goes to nobody, as routing said it for each it missed, without machines' names."""
    return "; ".join(_missed(part, type, name) for part in reason.split("; "))


def _missed(said: str, type: str, name: Name) -> str:
    whom, apart, why = said.partition(": ")
    why = why.replace(type, "messages of this kind")
    if not apart or whom == type:
        return why or said
    known = name(whom)
    return known + why.removeprefix(whom) if why.startswith(f"{whom} ") else f"{known}: {why}"
