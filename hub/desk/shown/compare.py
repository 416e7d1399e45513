"""Where two messages differ is shown field by field, and what is the same is counted."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the two say differently; None where one of them does not say it."""

    path: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """Both, field by field."""

    differing: tuple[Difference, ...]
    same: int


def compared(first: Mapping[str, Any], second: Mapping[str, Any]) -> Compared:
    """What differs, in the order in which the messages say it. Pure.

    Items of lists are compared with those that they became: what moved up is the same still.
    """
    found = list(_fields(first, second, ""))
    differing = tuple(one for one in found if one.first != one.second)
    return Compared(differing, len(found) - len(differing))


def _fields(first: Any, second: Any, path: str) -> Iterator[Difference]:
    if _is(Mapping, first, second):
        one, other = first or {}, second or {}
        for name in dict.fromkeys([*one, *other]):
            inside = path if name == "value" else f"{path}.{name}".lstrip(".")
            yield from _fields(one.get(name), other.get(name), inside)
    elif _is(list, first, second):
        yield from _items(first or [], second or [], path)
    elif isinstance(first, Mapping | list) or isinstance(second, Mapping | list):
        yield from _fields(first, None, path)
        yield from _fields(None, second, path)
    elif first is not None or second is not None:
        yield Difference(path, first, second)


def _is(kind: type, first: Any, second: Any) -> bool:
    """Whether both are of a kind, as far as they say anything."""
    there = [one for one in (first, second) if one is not None]
    return bool(there) and all(isinstance(one, kind) for one in there)


def _items(first: Sequence[Any], second: Sequence[Any], path: str) -> Iterator[Difference]:
    one, other = ([json.dumps(item, sort_keys=True) for item in said] for said in (first, second))
    matched = SequenceMatcher(None, one, other, autojunk=False)
    for _, begin, end, there, until in matched.get_opcodes():
        for step in range(max(end - begin, until - there)):
            at, to = begin + step, there + step
            before = first[at] if at < end else None
            after = second[to] if to < until else None
            yield from _fields(before, after, f"{path}[{at if at < end else to}]")
