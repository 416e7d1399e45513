"""Where reading stopped is pointed at in the bytes themselves: a line, a segment, a column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES = 400
WIDEST = 2000
_LINE = re.compile(r"\b(?:line|row)\s+(\d+)", re.IGNORECASE)
_SEGMENT = re.compile(r"\b([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-\d+|\b)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a parcel; `bad` where reading stopped."""

    number: int
    text: str
    bad: bool


def marked(content: bytes, place: str) -> Iterator[Line]:
    """The bytes as lines, the offending one marked; what does not decode shows as \\x.."""
    text = content.decode("utf-8", "backslashreplace")
    lines = re.split(r"\r\n|\n|\r", text)
    bad = _bad(lines, place)
    for number, line in enumerate(lines[:MOST_LINES], 1):
        shown = "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line)
        yield Line(number, shown[:WIDEST], number == bad)


def _bad(lines: list[str], place: str) -> int | None:
    if found := _LINE.search(place):
        return int(found.group(1))
    for found in _SEGMENT.finditer(place):
        wanted = int(found.group(2) or 1)
        for number, line in enumerate(lines, 1):
            if line.lstrip("\x0b").startswith(found.group(1)):
                wanted -= 1
                if not wanted:
                    return number
    return 1 if len(lines) == 1 and place else None
