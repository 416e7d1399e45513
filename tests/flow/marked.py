"""Words that stand for a child and nowhere else, put into what partners send and looked for where they must not be."""

import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from schemas.values import Said
from tests.kit import people

GIVEN, FAMILY = "Quillonby", "Zanthorpe"
NUMBER = people.nhs(777_123)
STREET = "17 Marrowfen Gallery"
PHONE = "0113 496 0877"
BORN = date(2009, 2, 27)
REFERRER = ("Ottoline", "Vexbridge")
ALL = f"{GIVEN} {FAMILY}, {NUMBER}, {STREET}, {PHONE}, {BORN}, told by {' '.join(REFERRER)}"
"""The sentence that free text carries."""

_SPACED = f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"
_FREE = ("reason", "what", "done", "recommended", "concern", "why")
_DATES = [BORN.strftime(way) for way in ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d %B %Y")]
_PHONES = (PHONE, PHONE.replace(" ", ""))
MARKS = (GIVEN, FAMILY, NUMBER, _SPACED, "Marrowfen", *_PHONES, *_DATES, *REFERRER)
_PATTERNS = [
    re.compile(re.escape(mark.encode(coding)), re.I)
    for mark in MARKS
    for coding in ("utf-8", "utf-16-le")
]


def marks_in(content: bytes | str | None) -> list[str]:
    """The marks that stand in a content, with what is around them."""
    raw = content.encode(errors="surrogateescape") if isinstance(content, str) else content or b""
    found = (pattern.search(raw) for pattern in _PATTERNS)
    return [repr(raw[max(0, hit.start() - 60) : hit.end() + 30]) for hit in found if hit]


def marked(body: Said, seed: int) -> dict[str, Any]:
    """A body as JSON whose child, street and free text are marked."""
    child = people.name(seed)
    street = people.an_address(seed).lines[0]
    text = body.model_dump_json(by_alias=True, exclude_none=True)
    for old, new in (
        (child.given, GIVEN),
        (child.family, FAMILY),
        (people.nhs(seed), NUMBER),
        (street, STREET),
        (people.a_child(seed).born, str(BORN)),
        ("Odette", REFERRER[0]),
        ("Furnival", REFERRER[1]),
    ):
        text = text.replace(str(old), new)
    said: dict[str, Any] = _told(json.loads(text))
    assert len(marks_in(json.dumps(said))) >= 5, "hardly anything was marked"
    return said


def _told(value: Any, key: str = "") -> Any:
    """The same, where every free text ends with the marks."""
    if isinstance(value, dict):
        return {name: _told(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_told(each) for each in value]
    free = key in _FREE and isinstance(value, str) and " " in value
    return f"{value} {ALL}" if free else value


def in_files(home: Path, contents: Iterable[Path]) -> list[str]:
    """Names anywhere below `home`, and contents of the files and folders named, with marks in them."""
    wrong = [f"name {path}" for path in home.rglob("*") if marks_in(path.name)]
    for start in contents:
        for path in [start] if start.is_file() else start.rglob("*"):
            if path.is_file():
                wrong += [
                    f"{path.relative_to(home)}: {mark}" for mark in marks_in(path.read_bytes())
                ]
    return wrong
