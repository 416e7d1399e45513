"""Whatever is written in the search box is understood in one way, and the page can say in which.

Words are those of the trade: partners and teams, message types, states, priorities and times. What
is none of them is taken for a reference. A child's number is never looked for here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from nhs_number.validate import is_valid

from hub.desk.search import moments
from hub.desk.search.filters import By, Filters, Side, State
from hub.ledger.read.begins import ids_from
from hub.partners import Partner
from schemas.envelope import Priority
from schemas.register import HUB, REGISTER

_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')
_NUMBERS = re.compile(r"(?<![\w/-])\d{3}([ -]?)\d{3}\1\d{4}(?![\w/-])", re.ASCII)
_SINCE, _UNTIL = ("since", "from", "after", "between"), ("until", "till", "to", "before", "and")
_LONGEST_REFERENCE = 200
_CALLED = ("case", "message", "delivery", "parcel", "incident")
"""What a page writes before the beginning of an id."""
_ALSO = {
    "conflict": State.CONFLICT,
    "conflicts": State.CONFLICT,
    "overdue": State.LATE,
    "failed": State.STOPPED,
    "ambiguous": State.UNCERTAIN,
    "abandoned": State.GIVEN_UP,
}
"""Words by which other pages, and people, call a state."""

Meaning = By | State | Priority | str
"""A partner, a state, a priority, or the name of a type."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the words mean. `unknown` were taken for references; `child`: a child's number, left out."""

    filters: Filters = Filters()
    unknown: tuple[str, ...] = ()
    child: str = field(default="", repr=False)

    @property
    def timed(self) -> bool:
        """Whether one of the unknown may have been meant for a time."""
        return any(moments.like_a_time(word) for word in self.unknown)

    @property
    def untimed(self) -> Filters:
        """What is asked for apart from times, and from what may have been meant for one."""
        meant = filter(moments.like_a_time, self.unknown)
        left = self.filters.references.difference(meant)
        return replace(self.filters, since=None, until=None, references=left)


class Vocabulary:
    """The words that this hub knows, of one word or several."""

    def __init__(self, partners: Iterable[Partner]):
        self._meant: dict[tuple[str, ...], frozenset[Meaning]] = {}
        known = list(partners)
        for state in State:
            self._knows(state.value, [state])
        for word, state in _ALSO.items():
            self._knows(word, [state])
        for priority in Priority:
            self._knows(priority.value, [priority])
        for name in (*(partner.partner for partner in known), HUB):
            self._knows(name, [By(Side.EITHER, name, frozenset([name]))])
        for words, names in _of_partners(known).items():
            word = min(names) if len(names) == 1 else " ".join(_split(words))
            self._knows(words, [By(Side.EITHER, word, frozenset(names))])
        for words, types in _of_types().items():
            self._knows(words, types)
        self.longest = max(map(len, self._meant))

    def _knows(self, words: str, meant: Iterable[Meaning]) -> None:
        # What was said first stands: a team called `late` has its title.
        if pieces := _split(words):
            self._meant.setdefault(pieces, frozenset(meant))

    def begins(self, words: Sequence[str]) -> tuple[frozenset[Meaning], int] | None:
        """What the longest beginning of some words means, and its length."""
        for length in range(min(self.longest, len(words)), 0, -1):
            if (found := self._meant.get(tuple(words[:length]))) is not None:
                return found, length
        return None


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.lower().replace(",", " ").replace('"', " ").split())


def _of_partners(partners: Sequence[Partner]) -> Mapping[str, set[str]]:
    """By title, team and role: what several have in common stands for all of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for partner in partners:
        title = partner.title.lower()
        names = {
            title,
            title.split(",")[0],
            partner.team or "",
            (partner.team or "").replace("-", " "),
            partner.role.value.replace("_", " "),
        }
        for name in names - {""}:
            found[name].add(partner.partner)
    return found


def _of_types() -> Mapping[str, list[str]]:
    """By name, title, last part and family: `edt.handover`, `handover`, `strategy`."""
    found: dict[str, list[str]] = {}
    types = [entry for entry in REGISTER.values() if entry.flow != "acts"]
    for entry in types:
        found[entry.type] = [entry.type]
        found[entry.title.lower()] = [entry.type]
    for entry in types:
        found.setdefault(entry.type.split(".")[-1].replace("_", " "), [entry.type])
    for entry in types:
        family = entry.type.split(".")[0]
        found.setdefault(family, [one.type for one in types if one.type.startswith(f"{family}.")])
    return found


def read(text: str, known: Vocabulary, now: datetime) -> Asked:
    """What some words ask for. Pure; never fails, whatever is written."""
    whole, child = _without_numbers(text)
    pieces = [
        (quoted.strip(), True) if quoted else (bare, False)
        for quoted, bare in _PIECES.findall(whole)
        if quoted.strip() or bare
    ]
    asked, at = Asked(child=child), 0
    while at < len(pieces):
        asked, taken = _next(asked, pieces[at:], known, now)
        at += taken
    return asked


def _without_numbers(text: str) -> tuple[str, str]:
    """Without what may be the number of a child, and the first; between quotation marks it is a reference."""
    parts = re.split(r'("[^"]*")', text)
    found = ""

    def left(match: re.Match[str]) -> str:
        nonlocal found
        is_one = is_valid(re.sub(r"\D", "", match.group(), flags=re.ASCII))
        found = found or (match.group() if is_one else "")
        return " " if is_one else match.group()

    kept = [part if part.startswith('"') else _NUMBERS.sub(left, part) for part in parts]
    return "".join(kept), found


def _next(
    asked: Asked, pieces: Sequence[tuple[str, bool]], known: Vocabulary, now: datetime
) -> tuple[Asked, int]:
    """The words so far with those that come next, and how many these were."""
    first, quoted = pieces[0]
    if quoted:
        return _reference(asked, first, told=False), 1
    bare: list[str] = []
    for piece, in_quotes in pieces[: max(known.longest, moments.LONGEST) + 1]:
        if in_quotes:
            break
        bare.append(piece.lower().rstrip(","))
    if bare[0] in _CALLED and len(bare) > 1 and ids_from(bare[1]) is not None:
        return asked, 1
    filters = asked.filters
    found = known.begins(bare)
    dated = _dated(filters, bare, now)
    if dated is not None and (found is None or found[1] <= dated[1]):
        return replace(asked, filters=dated[0]), dated[1]
    if found is not None:
        return replace(asked, filters=_with(filters, found[0])), found[1]
    if bare[0] in ("from", "to") and (found := known.begins(bare[1:])) is not None:
        by = {replace(one, side=Side(bare[0])) for one in found[0] if isinstance(one, By)}
        if by:
            more = replace(filters, partners=filters.partners | by)
            return replace(asked, filters=more), found[1] + 1
    return _reference(asked, first, told=True), 1


def _dated(filters: Filters, bare: Sequence[str], now: datetime) -> tuple[Filters, int] | None:
    """With the time, or the beginning or end of one, that some words begin with."""
    if (lately := moments.back(bare, now)) is not None:
        return replace(filters, since=lately.first, until=None), lately.words
    if bare[0] in (*_SINCE, *_UNTIL):
        found = moments.moment(bare[1:], now, filters.since)
        if found is None:
            return None
        if bare[0] in _SINCE:
            return replace(filters, since=found.first), found.words + 1
        return replace(filters, until=found.last), found.words + 1
    alone = moments.moment(bare, now)
    if alone is None:
        return None
    return replace(filters, since=alone.first, until=alone.last), alone.words


def _with(filters: Filters, meant: Iterable[Meaning]) -> Filters:
    for one in meant:
        match one:
            case By():
                filters = replace(filters, partners=filters.partners | {one})
            case State():
                filters = replace(filters, states=filters.states | {one})
            case Priority():
                filters = replace(filters, priorities=filters.priorities | {one})
            case _:
                filters = replace(filters, types=filters.types | {one})
    return filters


def _reference(asked: Asked, word: str, *, told: bool) -> Asked:
    """Taken for a reference; `told`: the page says so."""
    short = word[:_LONGEST_REFERENCE].strip()
    if not short:
        return asked
    references = asked.filters.references | {short}
    filters = replace(asked.filters, references=references)
    unknown = (*asked.unknown, short) if told else asked.unknown
    return replace(asked, filters=filters, unknown=tuple(dict.fromkeys(unknown)))
