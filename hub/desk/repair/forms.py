"""A form for a message is the message itself, place by place, with what was typed and what was added so far.

Items of a list and parts that may be missing are added and taken away by buttons that post the
whole form and bring it back: `new1` stands for the first item added. What its reader may not see
is not offered, and stays as it was said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.desk.repair import civil
from hub.desk.repair.shapes import NOTHING, Shape, shape_of
from hub.desk.shown import words
from schemas.amend import fixed

Keys = tuple[str | int, ...]
"""From the outside in: names, places in lists as they were said, and `new1` for what was added."""
UNKNOWN = (("not_known", "Not known"), ("not_asked", "Not asked"))
MOST_ADDED = 50
"""Items added to one list."""
_NEW = re.compile(r"new([1-9]\d?)")


@dataclass(slots=True)
class Place:
    """One place of the form: what it said (`given`) and says `now`, as the form holds it.

    `state`: told, not_known or not_asked, of what is three-valued and no single choice. `was` and
    `there`: whether the message said it, and the form does.
    """

    keys: Keys
    shape: Shape
    given: str = ""
    now: str = ""
    state_given: str = ""
    state: str = ""
    was: bool = True
    there: bool = True
    may_drop: bool = False
    """Whether it may be taken away as a whole."""
    may_add: bool = False
    parts: list["Place"] = field(default_factory=list)
    length: int = 0
    """Items that a list had."""

    @property
    def at(self) -> str:
        """Its name without what kind of field it is: `visits.0.found`."""
        return ".".join(map(str, self.keys))

    @property
    def name(self) -> str:
        """Of the form's input; of a group or list, of what an error leads to."""
        return f"f.{self.at}"

    @property
    def label(self) -> str:
        """As the page names it within what it is part of."""
        *outer, last = self.keys or ("message",)
        if isinstance(last, str) and not _NEW.fullmatch(last):
            return words.capital(last.replace("_", " "))
        of = words.capital(str(outer[-1]).replace("_", " ")) if outer else ""
        new = isinstance(last, str)
        return f"{of}, new item {str(last)[3:]}" if new else f"{of} {int(last) + 1}"

    @property
    def full_label(self) -> str:
        """As a list of mistakes names it."""
        parts = ""
        for key in self.keys:
            added = _NEW.fullmatch(str(key))
            parts += (
                f"[{key}]" if isinstance(key, int) else f", new {added[1]}" if added else f".{key}"
            )
        return words.field(parts.lstrip("."))

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """What may be chosen."""
        return self.shape.options + (UNKNOWN if self.shape.three else ())

    @property
    def as_ever(self) -> bool:
        """Whether it says what it says by itself where nobody says anything."""
        return not self.was and self.now == written(self.shape, self.shape.default)

    @property
    def says(self) -> bool:
        """Whether anything is said there: before, or as typed so far."""
        changed = self.now != self.given.strip() or self.state != self.state_given
        if self.shape.plain or changed or self.state == "not_known":
            return self.was or changed
        if self.shape.kind == "many":
            return bool(self.parts or self.length)
        return self.there and (self.may_add or any(one.says for one in self.parts))

    @property
    def next_item(self) -> str:
        """The key of the item that its button adds."""
        used = [int(str(one.keys[-1])[3:]) for one in self.parts if _is_new(one.keys[-1])]
        return f"new{max(used, default=0) + 1}"

    def each(self) -> Iterator["Place"]:
        """Itself and everything in it."""
        yield self
        for one in self.parts:
            yield from one.each()


@dataclass(frozen=True, slots=True)
class _Paper:
    """On what a form is written."""

    type: str
    closed: frozenset[str]
    posted: Mapping[str, str]


def form_of(
    type: str,
    version: int,
    shown: Mapping[str, Any],
    whole: Mapping[str, Any],
    posted: Mapping[str, str] | None = None,
    closed: frozenset[str] = frozenset(),
) -> Place:
    """The form as it stands after what was posted. Pure.

    `shown` is what its reader sees of `whole`; `closed` are the places that they may never read,
    by general path (`household.adults[].name`): what they may not read they do not write.
    """
    paper = _Paper(type, closed, _done(posted or {}))
    found = _built(paper, shape_of(type, version), shown, whole, (), "")
    assert found is not None
    return found


def _done(posted: Mapping[str, str]) -> Mapping[str, str]:
    """What was posted, after the button that adds or takes away."""
    verb, _, at = posted.get("do", "").partition(":")
    outer, _, last = at.rpartition(".")
    if verb == "add":
        items = posted.get(f"n.{at}", "").split(",")
        used = {int(one[3:]) for one in items if _NEW.fullmatch(one)}
        new = f"new{max(used, default=0) + 1}"
        return {**posted, f"n.{at}": ",".join([*items, new]), f"g.{at}": "1", f"k.{at}": "told"}
    if verb == "drop":
        items = [one for one in posted.get(f"n.{outer}", "").split(",") if one != last]
        return {**posted, f"n.{outer}": ",".join(items) or "-", f"g.{at}": "0"}
    return posted


def _built(
    paper: _Paper, shape: Shape, said: Any, whole: Any, keys: Keys, general: str
) -> Place | None:
    """A place as its reader may change it; None where they may not."""
    if fixed(paper.type, keys) is not None and not _around(paper.type, keys):
        return None
    if said is NOTHING and (whole is not NOTHING or general in paper.closed):
        return None
    if shape.plain:
        return _leaf(paper, shape, said, keys) if said == whole else None
    place = Place(keys, shape, was=said is not NOTHING)
    inner, all_of_it = said, whole
    if shape.three:
        place.state_given = "told" if isinstance(said, Mapping) else str(_or(said, "not_asked"))
        place.state = paper.posted.get(f"k.{place.at}", place.state_given)
        place.was = place.state_given == "told"
        place.there = place.state == "told"
        if place.was and isinstance(whole, Mapping):
            inner, all_of_it = said["value"], whole["value"]
        else:
            inner = all_of_it = NOTHING
        place.may_add = True
    if shape.kind == "many":
        return _many(paper, place, inner, all_of_it, general)
    return _group(paper, place, inner, all_of_it, general)


def _around(type: str, keys: Keys) -> bool:
    """Whether only a part of it is fixed: the rest may still be said differently."""
    return "child" not in keys and fixed(type, (*keys, "?")) is None


def _group(paper: _Paper, place: Place, said: Any, whole: Any, general: str) -> Place | None:
    shape = place.shape
    optional = shape.may_be_empty and not shape.three
    item = bool(place.keys) and (isinstance(place.keys[-1], int) or _is_new(place.keys[-1]))
    if optional and not item and place.keys:
        there = paper.posted.get(f"g.{place.at}", "1" if place.was else "0") == "1"
        place.there, place.may_drop, place.may_add = there, said == whole, True
    said = {} if said is NOTHING else said
    whole = {} if whole is NOTHING else whole
    if not isinstance(said, Mapping) or not isinstance(whole, Mapping):
        return None
    for name, part in shape.parts.items():
        inside = f"{general}.{name}".lstrip(".")
        one = _built(
            paper,
            part,
            said.get(name, NOTHING),
            whole.get(name, NOTHING),
            (*place.keys, name),
            inside,
        )
        if one is not None:
            place.parts.append(one)
        elif part.required and not place.was:
            return None  # It could never be whole.
        elif name in whole and said.get(name, NOTHING) != whole[name]:
            place.may_drop = False
    return place if place.parts or not place.keys else None


def _many(paper: _Paper, place: Place, said: Any, whole: Any, general: str) -> Place | None:
    said = [] if said is NOTHING else said
    whole = [] if whole is NOTHING else whole
    item = place.shape.item
    if item is None or not isinstance(said, list) or len(said) != len(whole):
        return None
    place.length = len(said)
    place.may_add = f"{general}[]" not in paper.closed
    asked = paper.posted.get(f"n.{place.at}", ",".join(map(str, range(len(said))))).split(",")
    kept = {number for number in range(len(said)) if str(number) in asked}
    added = [one for one in asked if _NEW.fullmatch(one)][:MOST_ADDED]
    for number, (one, all_of_it) in enumerate(zip(said, whole, strict=True)):
        if number in kept or one != all_of_it:
            found = _built(paper, item, one, all_of_it, (*place.keys, number), f"{general}[]")
            if found is None:
                return None
            found.may_drop = one == all_of_it
            place.parts.append(found)
    for new in dict.fromkeys(added):
        found = _built(paper, item, NOTHING, NOTHING, (*place.keys, new), f"{general}[]")
        if found is None:
            return None
        found.may_drop, found.was = True, False
        place.parts.append(found)
    possible = (*place.keys, "new1")
    if not _built(paper, item, NOTHING, NOTHING, possible, f"{general}[]"):
        place.may_add = False
    return place if place.parts or place.may_add or place.length else None


def _leaf(paper: _Paper, shape: Shape, said: Any, keys: Keys) -> Place:
    place = Place(keys, shape, was=said is not NOTHING)
    value = said
    if shape.three and isinstance(said, Mapping):
        value = said["value"]
    if shape.coded and isinstance(value, Mapping):
        value = value["code"]
    single = shape.kind == "choice"
    if shape.three and not single:
        place.state_given = "told" if isinstance(said, Mapping) else str(_or(said, "not_asked"))
        value = value if place.state_given == "told" else NOTHING
        place.given = written(shape, value)
    else:
        place.given = written(shape, _or(value, shape.default))
    place.now = paper.posted.get(place.name, place.given).replace("\r\n", "\n").strip()
    if place.state_given:
        chosen = paper.posted.get(f"k.{place.at}", place.state_given)
        typed = place.now != place.given.strip() and place.now
        # Who writes something means it, unless they chose another answer beside it.
        place.state = "told" if chosen == place.state_given and typed else chosen
    return place


def _is_new(key: str | int) -> bool:
    return isinstance(key, str) and _NEW.fullmatch(key) is not None


def _or(said: Any, default: Any) -> Any:
    return default if said is NOTHING else said


def written(shape: Shape, value: Any) -> str:
    """A value as the form holds it."""
    if value is None or value is NOTHING:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if shape.kind == "date":
        return civil.day(str(value))
    if shape.kind == "instant":
        return civil.moment(str(value))
    return str(value).replace("\r\n", "\n")


def posted_by(form: Place) -> dict[str, str]:
    """What a browser posts of the form as it stands. Pure."""
    found: dict[str, str] = {}
    for one in form.each():
        if one.shape.plain:
            found[one.name] = one.now
        elif one.shape.kind == "many":
            found[f"n.{one.at}"] = ",".join(str(item.keys[-1]) for item in one.parts) or "-"
        elif one.may_add and not one.shape.three:
            found[f"g.{one.at}"] = "1" if one.there else "0"
        if one.state_given:
            found[f"k.{one.at}"] = one.state
    return found
