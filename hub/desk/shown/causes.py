"""What stopped is told by its cause: reasons that differ in a number alone are one, and each says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.ledger.read.partners import State
from hub.ledger.read.stopped import Cause


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries of one partner that stopped for one cause; `words` are those of the newest."""

    key: str
    partner: str
    kind: str
    words: str
    reasons: tuple[str, ...]
    count: int
    first: datetime
    last: datetime
    sheets: int


def groups(found: Iterable[Cause]) -> list[Group]:
    """By partner and cause, newest cause first. Pure; `found` has the newest first."""
    made: dict[str, Group] = {}
    for one in found:
        key = one.key
        before = made.get(key)
        if before is None:
            made[key] = Group(
                key, one.partner, one.kind, one.words, (one.reason,),
                one.count, one.first, one.last, one.sheets,
            )  # fmt: skip
            continue
        made[key] = Group(
            key, one.partner, one.kind, before.words, (*before.reasons, one.reason),
            before.count + one.count, min(before.first, one.first), max(before.last, one.last),
            before.sheets + one.sheets,
        )  # fmt: skip
    return sorted(made.values(), key=lambda group: group.last, reverse=True)


def what_to_do(group: Group, title: str, state: State | None) -> str:
    """The next step, in words, for somebody who sees this for the first time. Pure."""
    if group.kind == "review":
        return "Open each one: a duty or service manager releases it, or withholds it."
    if group.kind == "called_off":
        return "Ask who stopped it whether it may go, and mend what they stopped it for; then try again."
    if group.kind == "unknown":
        return (
            f"Ring {title} first and ask whether they have it. Try again only what they have not:"
            " they might act twice."
        )
    if group.kind == "refused":
        return (
            f"{title} refuses it as it is. Ask them what is wrong: try again what they have mended"
            " on their side; what is wrong in the message itself, correct and send as new."
        )
    if state is not None and state.paused_at is not None:
        return (
            f"{title} is paused, by {state.paused_by}. Whatever is tried again goes out when it is"
            " resumed."
        )
    if state is not None and state.down_since is not None:
        return f"{title} still does not answer. What cannot wait, do by telephone; then try again."
    if state is not None and state.heard_at is not None and state.heard_at > group.last:
        return f"{title} has answered since: try them all again."
    return f"Ask {title} whether their system is well, then try them all again."
