r"""A message of HL7 v2 (ER7) is read at the speed of `str.split`, and nothing in it is guessed or replaced.

Delimiters come from MSH-1 and MSH-2 and the character set from MSH-18. A byte that does not decode
makes the message unreadable, with its place. Source: HL7 v2.4 and v2.5.1, chapters 2 (encoding
rules, escape sequences), table 0211 (character sets).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from connectors.base import Unreadable

CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
REQUIRED, BAD_TYPE, BAD_TABLE = "101", "102", "103"
BAD_MESSAGE, BAD_EVENT, BAD_PROCESSING, BAD_VERSION, INTERNAL = (
    "200",
    "201",
    "202",
    "203",
    "207",
)
_BEFORE = {
    b"\x0b": "the frame of MLLP (0x0B before, 0x1C 0x0D after) is no part of a message: take it out",
    b"\xef\xbb\xbf": "a byte order mark stands before MSH: take it out",
    b"FHS": "a batch is not read: send each of its messages in a block of its own",
    b"BHS": "a batch is not read: send each of its messages in a block of its own",
}
_LABELLED_WRONG = (re.compile(rb"\xc2[\x80-\x9f]"), re.compile(rb"[\x80-\x9f]"))
_LATIN_UTF_8 = re.compile(rb"[\xc2-\xc5][\xa0-\xbf]")
"""Letters of Europe in UTF-8; in a set of one byte a capital with a sign after it, as no name has it."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_WESTERN = frozenset({"iso8859-1", "iso8859-9", "iso8859-15"})
"""Sets whose upper half holds signs first and letters after them."""

_CODECS = {"ASCII": "ascii", "": "ascii", "UNICODE": "utf-8", "UNICODE UTF-8": "utf-8"}
_CODECS |= {"UTF-8": "utf-8", "8859/15": "iso8859-15"}
_CODECS |= {f"8859/{part}": f"iso8859-{part}" for part in range(1, 10)}
CHARACTER_SETS = tuple(name for name in _CODECS if name)


class Faulty(Unreadable):
    """Unreadable, with the code of HL7 table 0357 that the acknowledgement carries."""

    def __init__(self, reason: str, place: str, code: str, reference: str | None = None):
        super().__init__(reason, place, reference)
        self.code = code


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The five characters of MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


USUAL = Delimiters()
_PLAIN = frozenset("|^~\\&\r\n").isdisjoint


@dataclass(frozen=True, slots=True)
class Header:
    """MSH, read before anything else: how to read the rest and what to answer to."""

    delimiters: Delimiters
    fields: list[str]
    codec: str

    def get(self, number: int) -> str:
        """MSH-`number` as written; empty where it is absent."""
        return self.fields[number] if number < len(self.fields) else ""

    def part(self, number: int, component: int = 1) -> str:
        """One component of MSH-`number`."""
        parts = self.get(number).split(self.delimiters.component)
        return parts[component - 1] if component <= len(parts) else ""


def header(body: bytes, default_set: str = "") -> Header:
    """Reads MSH alone; raises `Faulty`, with MSH-10 as the reference where it stands."""
    line = body[: _line_end(body)]
    if line[:3] != b"MSH" or len(line) < 8:
        why = "an HL7 v2 message begins with MSH, the delimiters and a sender"
        found = (reason for mark, reason in _BEFORE.items() if body.startswith(mark))
        raise Faulty(next(found, why), "MSH", "100")
    delimiters = _delimiters(line[3:8])
    if len(line) > 8 and line[8:9] != line[3:4]:
        raise Faulty("exactly four encoding characters are read, as in ^~\\&", "MSH-2", BAD_TYPE)
    raw = line.split(line[3:4])
    named = raw[17].split(line[5:6])[0].strip() if len(raw) > 17 else b""
    reference = raw[9].decode("ascii", "ignore").strip() if len(raw) > 9 else ""
    name = named.decode("ascii", "ignore").upper() or default_set.upper()
    codec = _CODECS.get(name)
    if codec is None:
        raise Faulty(
            f"this character set is not read; use one of {', '.join(CHARACTER_SETS)}",
            "MSH-18",
            BAD_TABLE,
            reference or None,
        )
    fields = _decoded(line, codec, line[3:4], reference).split(delimiters.field)
    fields.insert(1, delimiters.field)
    return Header(delimiters, fields, codec)


@lru_cache(maxsize=64)
def _delimiters(marks: bytes) -> Delimiters:
    try:
        found = Delimiters(*marks.decode("ascii"))
    except UnicodeDecodeError:
        raise Faulty("delimiters are ASCII characters", "MSH-2", BAD_TYPE) from None
    if found == USUAL:
        return USUAL
    if len(set(marks)) != 5 or any(chr(mark).isalnum() or chr(mark).isspace() for mark in marks):
        raise Faulty(
            "five different punctuation marks are needed, as in |^~\\&",
            "MSH-2",
            BAD_TYPE,
        )
    return found


class Message:
    """A message split into segments; a segment is a list whose index is the field's number."""

    __slots__ = ("_first", "codec", "delimiters", "header", "segments")

    def __init__(self, body: bytes, head: Header):
        self.header = head
        self.delimiters = self.header.delimiters
        self.codec = self.header.codec
        separator = self.delimiters.field
        if len(body.translate(None, CONTROLS)) != len(body):
            at = next(i for i, byte in enumerate(body) if byte in CONTROLS)
            reason = f"the control character 0x{body[at]:02X} is not text; take it out"
            raise Faulty(
                reason,
                place(body, at, separator.encode()),
                BAD_TYPE,
                self.header.get(10),
            )
        text = _decoded(body, self.codec, separator.encode(), self.header.get(10))
        if odd := None if text.isascii() else _LABELLED_WRONG[self.codec != "utf-8"].search(body):
            where = place(body, odd.start(), separator.encode())
            self.fault("a byte of Windows-1252 under another name; send UNICODE UTF-8", where)
        utf_8 = None if text.isascii() else _utf_8_within(body, self.codec)
        if utf_8 is not None:
            why = f"bytes of UTF-8 under {self.codec.upper()}; write UNICODE UTF-8 in MSH-18"
            self.fault(why, place(body, utf_8, separator.encode()))
        if "\n" in text:
            text = text.replace("\r\n", "\r").replace("\n", "\r")
        self.segments = [line.split(separator) for line in text.split("\r") if line.strip()]
        self.segments[0] = self.header.fields
        self._first: dict[str, list[str]] = {}
        for segment in self.segments:
            name = segment[0]
            if len(name) != 3 or not name.isalnum():
                self.fault("a segment begins with a name of three characters", "MSH", "100")
            if name == "MSH" and segment is not self.segments[0]:
                reason = "one block carries one message: send them one by one"
                self.fault(reason, "MSH, the second", "100")
            self._first.setdefault(name, segment)

    def fault(self, reason: str, where: str, code: str = BAD_TYPE) -> NoReturn:
        """Raises `Faulty` about this message."""
        raise Faulty(reason, where, code, self.header.get(10) or None)

    def raw(self, name: str, number: int) -> str:
        """A field of the first segment of that name, as written; empty where absent or `""`."""
        segment = self._first.get(name)
        if segment is None or number >= len(segment):
            return ""
        value = segment[number]
        return "" if value == '""' else value

    def null(self, name: str, number: int) -> bool:
        """True for HL7's explicit null: the sender says that there is no value."""
        segment = self._first.get(name)
        return segment is not None and number < len(segment) and segment[number] == '""'

    def has(self, name: str) -> bool:
        """Whether there is a segment of that name."""
        return name in self._first

    def text(self, name: str, number: int, component: int = 1, repeat: int = 0) -> str:
        """One component (its first subcomponent) unescaped; empty where absent."""
        segment = self._first.get(name)
        if segment is None or number >= len(segment):
            return ""
        value = segment[number]
        if not value:
            return ""
        marks = self.delimiters
        if marks.repetition in value:
            repeats = value.split(marks.repetition)
            if repeat >= len(repeats):
                return ""
            value = repeats[repeat]
        elif repeat:
            return ""
        return self.component(value, component, name, number)

    def component(self, value: str, component: int, name: str, number: int) -> str:
        """One component (its first subcomponent) of a field's repetition, unescaped."""
        marks = self.delimiters
        if marks.component in value:
            parts = value.split(marks.component)
            if component > len(parts):
                return ""
            value = parts[component - 1]
        elif component > 1:
            return ""
        if marks.subcomponent in value:
            value = value.split(marks.subcomponent, 1)[0]
        if value == '""':
            return ""
        if marks.escape in value:
            return self.plain(value, f"{name}-{number}.{component}")
        return value

    def repeats(self, name: str, number: int) -> list[str]:
        """The repetitions of a field, as written; none where it is absent."""
        value = self.raw(name, number)
        return value.split(self.delimiters.repetition) if value else []

    def plain(self, value: str, where: str) -> str:
        r"""Text without escape sequences; one that switches the character set cannot be read."""
        mark = re.escape(self.delimiters.escape)
        return re.sub(f"{mark}([^{mark}]*){mark}", lambda m: self._meant(m, where), value)

    def _meant(self, match: re.Match[str], where: str) -> str:
        word, marks = match[1], self.delimiters
        fixed = {"F": marks.field, "S": marks.component, "T": marks.subcomponent}
        fixed |= {"R": marks.repetition, "E": marks.escape, "H": "", "N": ""}
        fixed |= {".br": "\n", ".sp": "\n"}
        if word in fixed:
            return fixed[word]
        if word[:1] == "X":
            try:
                found = bytes.fromhex(word[1:]).decode(self.codec)
            except ValueError:
                self.fault("the hexadecimal escape does not decode", where)
            found = found.replace("\r\n", "\n").replace("\r", "\n")
            if _UNPRINTED.search(found):
                self.fault("the hexadecimal escape is a control character, not text", where)
            return found
        if word[:1] in ("C", "M") and len(word) in (5, 7):
            self.fault(
                "escapes that switch the character set are not read; use UNICODE UTF-8",
                where,
            )
        return match[0]


def place(body: bytes, at: int, separator: bytes) -> str:
    """Segment and field of the byte at `at`, as HL7 counts: PID-5, or NK1[2]-4 for a second NK1."""
    lines = re.split(rb"[\r\n]+", body[:at])
    before, name = lines[:-1], lines[-1][:3] or body[at : at + 3]
    number = lines[-1].count(separator) + (name == b"MSH")
    occurrence = 1 + sum(line[:3] == name for line in before)
    shown = name.decode("ascii", "ignore")
    shown = shown if shown.isalnum() else "segment"
    return f"{shown}[{occurrence}]-{number}" if occurrence > 1 else f"{shown}-{number}"


def escaped(text: str, marks: Delimiters = USUAL) -> str:
    r"""Text as it may stand in a component; line ends become `\.br\`."""
    if text.isalnum():
        return text
    mark = marks.escape
    if text == '""':
        return f"{mark}X2222{mark}"
    if marks is USUAL and _PLAIN(text):
        return text
    text = text.replace(mark, f"{mark}E{mark}")
    for sign, word in (
        (marks.field, "F"),
        (marks.component, "S"),
        (marks.subcomponent, "T"),
        (marks.repetition, "R"),
    ):
        text = text.replace(sign, f"{mark}{word}{mark}")
    for end in ("\r\n", "\n", "\r"):
        text = text.replace(end, f"{mark}.br{mark}")
    return text


def line(name: str, fields: dict[int, str], marks: Delimiters = USUAL) -> str:
    """A segment from its fields by number (already escaped), without trailing separators."""
    last = max(fields, default=0)
    return marks.field.join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def encoded(segments: Iterable[str], codec: str) -> bytes:
    """The message's bytes; raises UnicodeEncodeError where the character set is too small."""
    return ("\r".join(segments) + "\r").encode(codec)


def content(body: bytes) -> bytes:
    """What a digest covers: all but the line ends at the end and MSH-7, when it was written."""
    end = _line_end(body)
    fields = body[:end].split(body[3:4])
    if len(fields) > 6:
        fields[6] = b""
    return body[3:4].join(fields) + body[end:].rstrip(b"\r\n")


def codec_of(name: str) -> str:
    """Python's name of a character set of table 0211."""
    return _CODECS[name.upper()]


def _utf_8_within(body: bytes, codec: str) -> int | None:
    """Where UTF-8 begins in what is called a set of one byte; read so, it would be another name."""
    if codec == "utf-8":
        return None
    found = _LATIN_UTF_8.search(body)
    if codec in _WESTERN and found:
        return found.start()
    if codec not in _WESTERN and not found:
        return None
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    first = _NOT_ASCII.search(body)
    return first.start() if first else None


def _line_end(body: bytes) -> int:
    ends = [at for at in (body.find(b"\r"), body.find(b"\n")) if at >= 0]
    return min(ends, default=len(body))


def _decoded(body: bytes, codec: str, separator: bytes, reference: str) -> str:
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        reason = (
            f"the byte 0x{body[error.start]:02X} is not {codec.upper()}, which MSH-18 stands for"
        )
        where = place(body, error.start, separator)
        raise Faulty(reason, where, BAD_TYPE, reference or None) from None
