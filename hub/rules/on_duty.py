"""What cannot wait for the morning is acted on by whoever is there, and the daytime team knows of it.

A routing edition says which roles stand in for each other. Who is there follows from the service
hours of each partner's file; a partner takes a turn only with types that it receives for action.
Source: the hub's domain pages 4.1 and 8.2 (1, 5, 14, 22, 25).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import Field, model_validator

from hub.partners import Partner, Role
from hub.rules.editions import Data
from schemas.envelope import Priority

There = Callable[[str], bool]
"""Whether the service with these hours is there at the moment of which is spoken."""


class OnDuty(Data):
    """Who acts on a type by day, and who out of hours."""

    by_day: tuple[Role, ...] = Field(description="Who acts while any of them is there")
    out_of_hours: tuple[Role, ...] = Field(description="Who acts in their place at other times")
    at_once: tuple[Priority, ...] = Field(
        default=(Priority.IMMEDIATE, Priority.URGENT),
        description="What cannot wait; the rest is for the daytime whenever it comes",
    )

    @model_validator(mode="after")
    def _apart(self) -> "OnDuty":
        if both := sorted(set(self.by_day) & set(self.out_of_hours)):
            raise ValueError(f"{', '.join(both)} cannot stand in for itself")
        return self


@dataclass(frozen=True, slots=True)
class Turn:
    """Partners who act now though they do not otherwise get it, and those who only hear of it."""

    called: frozenset[str] = frozenset()
    informed: frozenset[str] = frozenset()


def turn(rule: OnDuty | None, able: Iterable[Partner], priority: Priority, there: There) -> Turn:
    """Whose turn it is among the partners who are able to act. Pure.

    Where nobody could stand in, or nobody is there at all, all is as it is without a rule.
    """
    if rule is None:
        return Turn()
    known = list(able)
    day = {one.partner: there(one.hours) for one in known if one.role in rule.by_day}
    night = {one.partner: there(one.hours) for one in known if one.role in rule.out_of_hours}
    if not day or not night:
        return Turn()
    away = frozenset(name for name, is_there in night.items() if not is_there)
    if any(day.values()):
        # Work of the daytime is not pushed to somebody who is alone all night.
        return Turn(informed=away)
    if priority not in rule.at_once:
        return Turn(informed=frozenset(night))
    if len(away) == len(night):
        return Turn()
    return Turn(called=frozenset(night) - away, informed=away | frozenset(day))
