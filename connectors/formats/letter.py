"""Plain text that reads well: sections in order, lines that fit, and nothing where there is nothing to say."""

import textwrap
from collections.abc import Iterable
from typing import Any

from connectors.formats.civil import shown, zone
from connectors.formats.said import moment
from schemas.codes import Code, Unknown

WIDTH = 76
_TIED = "\u00a0"
"""Keeps a telephone number on one line."""


class Letter:
    """A text in the making; what is empty leaves no heading and no gap behind."""

    def __init__(self) -> None:
        self._blocks: list[str] = []

    def line(self, *lines: str | None) -> None:
        """A block of lines as they are."""
        text = "\n".join(_fit(line) for line in lines if line)
        if text:
            self._blocks.append(text)

    def section(self, heading: str, *parts: str | None) -> None:
        """A heading in capitals over its lines; nothing where no part says anything."""
        said = [_fit(part) for part in parts if part]
        if said:
            self._blocks.append("\n".join([heading.upper(), *said]))

    @property
    def text(self) -> str:
        """The whole, ending with a line end."""
        return "\n\n".join(self._blocks).replace(_TIED, " ") + "\n"


def clock(field: Any) -> str:
    """An instant as people in England say it; empty where it is absent."""
    at = moment(field)
    if not at:
        return ""
    day_of_month = shown(at, "%d").lstrip("0")
    return (
        f"{shown(at, '%H:%M')}{zone(at)} on {shown(at, '%a')} {day_of_month} {shown(at, '%b %Y')}"
    )


def day(field: Any) -> str:
    """The day of an instant or an ISO date."""
    if not field:
        return ""
    at = moment(f"{str(field)[:10]}T12:00:00+00:00" if len(str(field)) == 10 else field)
    return f"{shown(at, '%d').lstrip('0')} {shown(at, '%B %Y')}" if at else ""


def said(field: Any, codes: type[Code] | None = None) -> str:
    """A field of a JSON body in words: three-valued, coded, yes or no, a list; empty where not asked."""
    if isinstance(field, dict) and set(field) == {"value"}:
        return said(field["value"], codes)
    if field in (None, "", "not_asked"):
        return ""
    if field == "not_known":
        return Unknown.NOT_KNOWN.label
    if isinstance(field, bool):
        return "Yes" if field else "No"
    if isinstance(field, (list, tuple)):
        return ", ".join(text for text in (said(item, codes) for item in field) if text)
    if isinstance(field, dict) and "code" in field:
        return _coded(field, codes)
    return codes(field).label if codes else str(field)


def person(name: Any) -> str:
    """A person's name from its parts."""
    if isinstance(name, dict) and set(name) == {"value"}:
        name = name["value"]
    if not isinstance(name, dict):
        return said(name)
    parts = (name.get("given"), name.get("family"))
    return name.get("whole") or " ".join(part for part in parts if part)


def worker(who: Any) -> str:
    """A professional on one line: name, role, agency, telephone."""
    if not who:
        return ""
    said = [who.get(key) for key in ("name", "role", "agency", "team")]
    phone = str(who.get("phone") or "").replace(" ", _TIED)
    return ", ".join(text for text in (*said, phone) if text)


def labelled(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """`Label: text` for each pair that says something."""
    return [f"{label}: {text}" for label, text in pairs if text]


def _coded(field: dict[str, Any], codes: type[Code] | None) -> str:
    label = codes(field["code"]).label if codes else str(field["code"])
    source = field.get("source")
    theirs = (source.get("text") or source["code"]) if source else ""
    return f"{label} (as given: {theirs})" if theirs and theirs != label else label


def _fit(text: str) -> str:
    lines = []
    for line in text.splitlines():
        body = line.lstrip(" ")
        indent = " " * (len(line) - len(body))
        lines += textwrap.wrap(
            body,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent or ("   " if body[:1].isdigit() and body[1:3] == ". " else ""),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)
