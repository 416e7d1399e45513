"""Nothing stands in a journey before what caused it: a move counts from when the hub heard of it.

Partners say when something happened by their own clocks, in whole seconds or hours late. That is
shown beside it, and orders only what one message told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.ledger.read.journey import Said, Step, Way


@dataclass(frozen=True, slots=True)
class Heard:
    """What a way's messages caused, and since when the hub knew of each cause."""

    messages: Mapping[str, Said]
    """By id, each after the one that caused it"""
    since: Mapping[str, datetime]
    """When each message, and each delivery of one, stood in the ledger"""
    of: Mapping[str, str]
    """The message of each message and delivery"""
    places: Mapping[str, int]

    @classmethod
    def of_way(cls, way: Way) -> "Heard":
        """From all that was read."""
        known = {one.message_id: one for one in way.messages}

        def causes(one: Said) -> int:
            seen = {one.message_id}
            while (cause := one.causation_id or one.answers) in known and cause not in seen:
                seen.add(cause)
                one = known[cause]
            return len(seen)

        order = sorted(known.values(), key=lambda one: (one.recorded_at, causes(one)))
        messages = {one.message_id: one for one in order}
        since = {name: one.recorded_at for name, one in messages.items()}
        sent = [one for one in way.deliveries if one.message_id in messages]
        return cls(
            messages,
            since | {one.delivery_id: one.created_at for one in sent},
            {name: name for name in messages} | {one.delivery_id: one.message_id for one in sent},
            {name: place for place, name in enumerate(messages)},
        )

    def about(self, subject: str | None) -> Said | None:
        """The message of this id, or that this delivery is of; None where it is not shown."""
        return self.messages.get(self.of.get(subject or "", ""))

    def at(self, step: Step) -> datetime:
        """When the hub heard of a move: no sooner than what it is of, and than what caused it."""
        causes = (self.since.get(one or "", step.at) for one in (step.subject, step.message_id))
        return max(step.at, *causes)

    def place(self, cause: Said | None) -> int:
        """Among what was heard at one instant, with what it came: unknown causes last."""
        return self.places[cause.message_id] if cause else len(self.places)
