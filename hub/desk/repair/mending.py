"""Bytes that nobody could read are mended as text, and read by the same judge before anybody sends them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from connectors.base import Format, Kind, Parcel, Unreadable
from connectors.formats import make_format
from connectors.written import as_bytes
from hub import topics
from hub.desk.frame import Visit
from hub.intake.compose import Composer
from hub.intake.judge import Judge
from hub.ledger.content import open_parcel
from hub.ledger.read.failed import Unread
from hub.ledger.write import rows
from hub.wire import read
from schemas.envelope import Subject
from schemas.register import REGISTER

MOST_TEXT = 150_000
"""Bytes of a parcel that a form takes."""
AROUND = 2
"""Lines shown before and behind a changed one."""
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Everybody:
    """Whom a filtered feed is kept for, only core knows: to the desk, anybody with a number."""

    def __contains__(self, whom: tuple[str, Subject], /) -> bool:
        return bool(whom[1].nhs_number or whom[1].own_number)


@dataclass(frozen=True, slots=True)
class Reads:
    """What corrected text would be read as; `wrong` and `place` where it is not read at all."""

    messages: tuple[tuple[str, str], ...] = ()
    """Type and reference of each"""
    wrong: str = ""
    place: str = ""
    same: bool = False
    """Nothing in it is different"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line before or after: `kind` is same, out, in, or gap for those that are left out."""

    kind: str
    number: int = 0
    text: str = ""


def why_not(visit: Visit, one: Unread) -> str | None:
    """Why nobody corrects these bytes here; None where a person may."""
    partner = visit.desk.directory.get(one.partner)
    if partner is None:
        return "its sender is no partner here any more"
    if not partner.sends:
        return "its sender may send nothing here"
    if one.size > MOST_TEXT:
        return "it is larger than a form takes: its sender must send it anew"
    if one.state != "unreadable":
        return "it is closed"
    return None


def speaks_of(visit: Visit, one: Unread) -> Format:
    """The format of its sender, who is known."""
    return make_format(visit.desk.directory[one.partner].format)


def bytes_of(visit: Visit, parcel_id: str) -> bytes | None:
    """What came; None where its time was over."""
    with visit.desk.ledger.connect() as conn:
        found = rows(conn, "select sealed from parcel where parcel_id = :id", id=parcel_id)
    sealed = found[0].sealed if found else None
    return None if sealed is None else open_parcel(visit.desk.keys, parcel_id, sealed)


def reads(visit: Visit, one: Unread, before: bytes, text: str) -> Reads:
    """What the door would make of the corrected text, and what it would say against it."""
    partner, keys = visit.desk.directory[one.partner], visit.desk.keys
    speaks = make_format(partner.format)
    try:
        body = as_bytes(speaks, text, before)
    except Unreadable as error:
        return Reads(wrong=error.reason, place=error.place)
    if body == before:
        return Reads(same=True)
    parcel = Parcel(one.partner, one.transport, body, one.media_type, visit.now, one.reference)
    made = Judge(Composer(partner, REGISTER, keys), speaks, _Everybody()).made(parcel)
    if made.verdict.reason:
        return Reads(wrong=made.verdict.reason, place=made.verdict.place)
    if made.verdict.kind is Kind.NOT_OURS:
        return Reads(wrong="it is about nobody with a number: nothing of it would be kept")
    found = []
    for out in made.outbounds:
        if out.topic != topics.PARCELS:
            headers = {name: value.encode() for name, value in out.headers.items()}
            record = read(keys, out.topic, headers, out.value)
            found.append((record.kind, str(record.meta["reference"])))
    return Reads(tuple(found))


def shown(speaks: Format, body: bytes) -> list[str]:
    """Its lines, with what no form holds written out."""
    try:
        text = body.decode(speaks.charset(body))
    except UnicodeDecodeError:
        text = body.decode("utf-8", "backslashreplace")
    lines = re.sub("\r\n|\r", "\n", text).split("\n")
    return [_ODD.sub(lambda found: f"\\x{ord(found[0]):02x}", line) for line in lines]


def difference(before: list[str], after: list[str]) -> list[Row]:
    """What changes, line by line, with a little around it. Pure."""
    return list(_difference(before, after))


def _difference(before: list[str], after: list[str]) -> Iterator[Row]:
    matched = SequenceMatcher(None, before, after, autojunk=False)
    end_of_last = 0
    for group in matched.get_grouped_opcodes(AROUND):
        if group[0][1] > end_of_last:
            yield Row("gap", group[0][1] - end_of_last)
        for tag, begin, end, there, until in group:
            if tag == "equal":
                yield from (Row("same", at + 1, before[at]) for at in range(begin, end))
                continue
            yield from (Row("out", at + 1, before[at]) for at in range(begin, end))
            yield from (Row("in", at + 1, after[at]) for at in range(there, until))
        end_of_last = group[-1][2]
    if 0 < end_of_last < len(before):
        yield Row("gap", len(before) - end_of_last)
