"""A file that leaves the desk is the same in every spreadsheet, and nothing in it is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from pydantic import BaseModel

BOM = "\ufeff"
"""By which Excel knows UTF-8."""
_FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
"""What makes a formula of a cell that it begins (OWASP, CSV injection), wide forms too."""


def cell(value: Any) -> str:
    """A value as text that no spreadsheet runs; a quotation mark says that it is text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return cell(", ".join(map(str, value)))
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return made.getvalue()


def as_csv(kind: type[BaseModel], found: Iterable[BaseModel], cut: "Cut") -> Iterator[str]:
    """The lines of a file (RFC 4180), with the names of its columns first."""
    yield BOM + _line(list(kind.model_fields))
    for one in found:
        row = one.model_dump(mode="json")
        yield _line([cell(row[name]) for name in kind.model_fields])
    if cut.why:
        yield _line([cell(cut.why)])


def as_json(about: dict[str, Any], found: Iterable[BaseModel], cut: "Cut") -> Iterator[str]:
    """One object: what it is, each row, and whether these are all."""
    yield orjson.dumps(about).decode()[:-1] + ',"rows":['
    comma = ""
    for one in found:
        yield comma + one.model_dump_json()
        comma = ",\n"
    yield f'],"complete":{"false" if cut.why else "true"},"cut":{orjson.dumps(cut.why).decode()}}}'


class Cut:
    """Why a file ends before everything is in it; known only when it has."""

    def __init__(self) -> None:
        self.why = ""
