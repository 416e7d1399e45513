"""A CSV export is rows of text under named columns, each with the line it began on, or it is refused whole.

Source: RFC 4180 for quoting; Windows-1252 and UTF-8 told apart, never guessed over.
"""

import csv
import io
from dataclasses import dataclass

from connectors.base import Unreadable

MOST = 10_000
"""Rows of one file."""

_CONTROLS = bytes(set(range(32)) - {9, 10, 13})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins, and its values by column."""

    line: int
    values: dict[str, str]


def rows(body: bytes, encoding: str, delimiter: str, needed: list[str]) -> list[Row]:
    """All rows; raises `Unreadable` for a wrong encoding, a missing column or broken quoting."""
    reader = csv.reader(
        io.StringIO(_text(body, encoding), newline=""), delimiter=delimiter, strict=True
    )
    found: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check(header, needed, delimiter)
        begins = reader.line_num + 1
        for values in reader:
            if any(value.strip() for value in values):
                if len(values) != len(header):
                    raise Unreadable(
                        f"{len(values)} values stand under {len(header)} columns:"
                        " put quotes around values that hold the delimiter",
                        f"line {begins}",
                    )
                if len(found) == MOST:
                    raise Unreadable(f"at most {MOST} rows are taken together", f"line {begins}")
                stripped = (value.strip() for value in values)
                found.append(Row(begins, dict(zip(header, stripped, strict=True))))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            f"broken quoting ({error}): double each quote inside quotes, and close the last",
            f"line {reader.line_num}",
        ) from None
    return found


def _check(header: list[str], needed: list[str], delimiter: str) -> None:
    missing = [name for name in needed if name not in header]
    if missing:
        raise Unreadable(
            f"the columns {', '.join(missing)} are missing: export them under these names,"
            f" separated by {delimiter!r}",
            "line 1",
        )
    twice = {name for name in header if name in needed and header.count(name) > 1}
    if twice:
        raise Unreadable(f"the columns {', '.join(sorted(twice))} stand twice", "line 1")


def _text(body: bytes, encoding: str) -> str:
    if len(body.translate(None, _CONTROLS)) != len(body):
        odd = next(at for at, byte in enumerate(body) if byte in _CONTROLS)
        reason = f"the control character 0x{body[odd]:02X} is not text: export as CSV"
        raise Unreadable(reason, _line(body, odd))
    if encoding == "utf-8":
        encoding = "utf-8-sig"
    elif not body.isascii() and _is_utf8(body):
        raise Unreadable(
            "the file is in UTF-8 where Windows-1252 was agreed: export as agreed,"
            " or change encoding in the partner's file",
            "line 1",
        )
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"the byte 0x{body[error.start]:02X} is not {encoding.removesuffix('-sig')}:"
            " export in the encoding that was agreed",
            _line(body, error.start),
        ) from None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line(body: bytes, at: int) -> str:
    end = b"\n"
    return f"line {body.count(end, 0, at) + 1}"
