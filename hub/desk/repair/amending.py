"""What a form says differently becomes changes by place, and what is wrong is told where it stands."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hub.desk.repair import civil
from hub.desk.repair.forms import Place
from hub.desk.repair.shapes import NOTHING
from hub.desk.shown import words
from schemas.amend import Path, complaints

SAY = "Say what it is, or choose Not known or Not asked"
_READ = {
    "date": (civil.read_day, "Write a date, as 23 November 2026"),
    "instant": (
        civil.read_moment,
        "Write a date and a time, as 23 November 2026 22:15; where the clocks go back, with its zone",
    ),
}
_NUMBER = re.compile(r"-?\d{1,15}")


def changes(form: Place) -> list[tuple[Path, Any]]:
    """What is said differently, in the order in which it is to be made; None takes it away. Pure."""
    return list(_changes(form, ()))


def _changes(place: Place, path: Path) -> Iterator[tuple[Path, Any]]:
    if place.shape.plain:
        yield from _leaf_changes(place, path)
        return
    if place.was and not place.there:
        yield path, place.state if place.shape.three else None
        return
    if not place.was:
        if place.state and place.state != "told":
            if place.state != place.state_given:
                yield path, place.state
        elif place.there and (value := said(place)) is not NOTHING:
            yield path, value
        return
    inside: Path = (*path, "value") if place.shape.three else path
    if place.shape.kind == "group":
        for one in place.parts:
            yield from _changes(one, (*inside, one.keys[-1]))
        return
    kept = [one for one in place.parts if isinstance(one.keys[-1], int)]
    for one in kept:
        yield from _changes(one, (*inside, one.keys[-1]))
    stays = {one.keys[-1] for one in kept}
    for number in reversed(range(place.length)):
        if number not in stays:
            yield (*inside, number), None
    added = [said(one) for one in place.parts if one not in kept]
    for number, value in enumerate((one for one in added if one is not NOTHING), len(kept)):
        yield (*inside, number), value


def _leaf_changes(place: Place, path: Path) -> Iterator[tuple[Path, Any]]:
    if place.now == place.given.strip() and place.state == place.state_given:
        return
    value = said(place)
    if place.shape.coded and place.was and place.now not in ("", "not_known", "not_asked"):
        told = place.given not in ("", "not_known", "not_asked")
        if told:
            # The sender's own code beside it stays.
            yield (*path, "value", "code") if place.shape.three else (*path, "code"), place.now
            return
    if value is NOTHING and place.shape.three:
        value = place.state or place.now
    yield path, None if value is NOTHING else value


def said(place: Place) -> Any:
    """What a place says now, as the message would; `NOTHING` where that is what it says by itself."""
    if not place.there:
        return NOTHING
    if place.shape.three and place.state in ("not_known", "not_asked"):
        return NOTHING if place.state == "not_asked" else place.state
    value = _value(place)
    return {"value": value} if place.state == "told" and value is not NOTHING else value


def _value(place: Place) -> Any:
    shape = place.shape
    if shape.kind == "group":
        found = {one.keys[-1]: said(one) for one in place.parts}
        body = {str(name): one for name, one in found.items() if one is not NOTHING}
        asks = any(one.shape.required for one in place.parts)
        return body if body or asks or shape.three else NOTHING
    if shape.kind == "many":
        items = [one for part in place.parts if (one := said(part)) is not NOTHING]
        return items if items or shape.three else NOTHING
    if place.now == "" or (place.as_ever and not shape.required):
        return NOTHING
    return _leaf_value(place)


def _leaf_value(place: Place) -> Any:
    shape, text = place.shape, place.now
    value: Any = text
    if shape.kind == "choice":
        if shape.three and text in ("not_known", "not_asked"):
            return text
        value = text == "true" if shape.yes_or_no and text in ("true", "false") else text
        value = {"code": value} if shape.coded else value
        return {"value": value} if shape.three else value
    if shape.kind == "number":
        return int(text) if _NUMBER.fullmatch(text) else text
    if shape.kind in _READ:
        return _READ[shape.kind][0](text) or text
    return value


def unread(form: Place) -> dict[str, str]:
    """What was typed and cannot be read as what its field asks for, by field. Pure."""
    wrong: dict[str, str] = {}
    for one in form.each():
        if not one.shape.plain or (one.state and one.state != "told"):
            continue
        changed = one.now != one.given.strip() or one.state != one.state_given
        if changed and one.state == "told" and not one.now:
            wrong[one.name] = SAY
        elif changed and one.now and one.shape.kind in _READ:
            read, why = _READ[one.shape.kind]
            if read(one.now) is None:
                wrong[one.name] = why
        elif changed and one.shape.kind == "number" and one.now and not _NUMBER.fullmatch(one.now):
            wrong[one.name] = "Write a whole number, as 3"
    return wrong


def mistakes(form: Place, type: str, version: int, body: bytes) -> tuple[dict[str, str], list[str]]:
    """What is wrong, in words: by the place where it stands, and what no single place explains."""
    at_places: dict[str, str] = {}
    others: list[str] = []
    for where, why in complaints(type, version, body):
        near = _meant(_near(form, where), why)
        told = words.capital(in_words(why))
        if near.keys:
            at_places.setdefault(near.name, told)
        else:
            others.append(told)
    return at_places, list(dict.fromkeys(others))


def _near(form: Place, where: Sequence[str | int]) -> Place:
    """The innermost place that a complaint is about; between its parts stand a union's branches."""
    place = form
    for part in where:
        if place.shape.kind == "many" and isinstance(part, int):
            if part < len(place.parts):
                place = place.parts[part]
        elif place.shape.kind == "group":
            place = next((one for one in place.parts if one.keys[-1] == part), place)
    return place


def _meant(place: Place, why: str) -> Place:
    """Where a rule of several fields complains, the field that it asks for: named, and silent."""
    silent = [
        one
        for one in place.parts
        if re.search(rf"\b{re.escape(str(one.keys[-1]))}\b", why) and not one.now and not one.parts
    ]
    return silent[0] if place.shape.kind == "group" and silent else place


def in_words(why: str) -> str:
    """Fields by their labels, not by their names."""
    return re.sub(r"`?\b([a-z]+(?:_[a-z0-9]+)+)\b`?", lambda m: f"“{words.plain(m[1])}”", why)
