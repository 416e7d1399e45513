"""Where two messages under one reference differ is shown field by field, and what is the same is counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """What differs, in the order in which the messages say it. Pure."""
    one, other = dict(_fields(first)), dict(_fields(second))
    paths = list(dict.fromkeys([*one, *other]))
    differing = tuple(
        Difference(path, one.get(path), other.get(path))
        for path in paths
        if one.get(path) != other.get(path)
    )
    return Compared(differing, len(paths) - len(differing))


def _fields(said: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(said, Mapping):
        for name, part in said.items():
            yield from _fields(part, path if name == "value" else f"{path}.{name}".lstrip("."))
    elif isinstance(said, Sequence) and not isinstance(said, str):
        for number, part in enumerate(said):
            yield from _fields(part, f"{path}[{number}]")
    elif said is not None:
        yield path, said
