"""Months of messages about many children are told in the order of time, each child's chain in its own order.

One history is one council's, so that two can be written side by side: no case, lane or chain is
shared between them.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes

import orjson

from hub import ids
from hub.ledger.audit import link
from hub.ledger.content import seal_content, seal_rendering, seal_words, wrap
from hub.seal import Keyring
from tests.kit.persons import nhs
from tests.load.scale.stencil import TABLES, Form

FIRST_CHILD = 40_000
"""The number of the first child; the bench's hospitals speak of the first ones."""
NUMBERS = 500_000
"""NHS numbers that are never issued and surely differ: beyond, `nhs` may give two children one."""
PER_CHILD = 8
"""Messages about a child, on average."""

Lines = dict[str, list[str]]
"""By table, as COPY reads them."""


@dataclass(frozen=True)
class Part:
    """One way that messages go: how many of them, and between which instants (UTC, without a zone)."""

    story: str
    messages: int
    since: datetime
    until: datetime


@dataclass(slots=True)
class Child:
    """One case of this council."""

    ref: str
    key: bytes
    own: str
    nhs: str
    opened: str
    seq: int = 0
    head: str = ""


class History:
    """Writes one council's messages as lines of its tables."""

    def __init__(self, keys: Keyring, council: str, authority: str):
        self._keys = keys
        self._authority = authority
        self._hospital = f"{council}-hospital"
        self._random = random.Random(authority)
        self._children: dict[int, Child] = {}
        self._lanes: dict[str, tuple[str, int, str]] = {}
        self._watched: set[tuple[str, str]] = set()
        self._serial = 0
        self._alone = 0

    def tell(
        self, forms: Mapping[str, Form], parts: Sequence[Part], children: int
    ) -> Iterator[tuple[int, Lines]]:
        """Story after story, by time: the messages of it, and its lines."""
        for began, name in self._order(forms, parts):
            form = forms[name]
            # What opens an incident of its lane opens one: it is about a child of its own.
            at = self._random.randrange(children)
            if form.wrong:
                at = children + self._alone
                self._alone += 1
            child = self._children.get(at) or self._opened(at, began)
            lines: Lines = {}
            self._fill(form, child, began, lines)
            yield form.messages, lines

    def _order(
        self, forms: Mapping[str, Form], parts: Sequence[Part]
    ) -> Iterator[tuple[datetime, str]]:
        """Every story's beginning, in the order of time."""
        found: list[tuple[float, str]] = []
        begins = min(part.since for part in parts)
        for part in parts:
            count = round(part.messages / forms[part.story].messages)
            start = (part.since - begins).total_seconds()
            step = (part.until - part.since).total_seconds() / max(count, 1)
            found += [
                (start + (number + self._random.random()) * step, part.story)
                for number in range(count)
            ]
        found.sort()
        return ((begins + timedelta(seconds=at), name) for at, name in found)

    def _opened(self, at: int, began: datetime) -> Child:
        if FIRST_CHILD + at >= NUMBERS:
            raise ValueError(f"there is no number for child {at} that no other has")
        number, own = nhs(FIRST_CHILD + at), f"P{at:07d}"
        token = ids.token(self._keys.key("identity"), self._authority, "nhs", number)
        ref = ids.derived("case", self._authority, token)
        child = Child(ref, token_bytes(32), own, number, began.isoformat(" ", "microseconds"))
        self._children[at] = child
        return child

    def _fill(self, form: Form, child: Child, began: datetime, lines: Lines) -> None:
        values = self._values(form, child, began)
        for lane, slot, partner in form.lanes:
            name = lane % values
            number = self._lanes.get(name, ("", 0, ""))[1] + 1
            values[slot] = str(number)
            self._lanes[name] = (partner, number, began.isoformat(" ", "microseconds"))
        for one in form.sealed:
            texts = [text % values for text in one.texts]
            about = values[one.about]
            if one.kind == "content":
                envelope = orjson.Fragment(texts[0].encode())
                sealed = seal_content(child.key, about, envelope, texts[1].encode())  # type: ignore[arg-type]
                values[one.slot] = "\\\\x" + sealed.hex()
            elif one.kind == "rendering":
                values[one.slot] = (
                    "\\\\x" + seal_rendering(child.key, about, texts[0].encode()).hex()
                )
            else:
                values[one.slot] = seal_words(child.key, about, texts[0])
        for table, line in form.lines:
            lines.setdefault(table, []).append(line % values)
        for entry, slot in form.audit:
            said = entry % values
            child.seq += 1
            child.head = link(child.head, said)
            row = (child.ref, str(child.seq), values[slot], said.replace("\\", "\\\\"), child.head)
            lines.setdefault("audit", []).append("\t".join(row))
        for partner in form.watched:
            if (partner, child.ref) not in self._watched:
                self._watched.add((partner, child.ref))
                token = ids.token(self._keys.watch(partner), "nhs", child.nhs)
                lines.setdefault("watched", []).append(f"{partner}\t{token}\t{child.ref}")

    def _values(self, form: Form, child: Child, began: datetime) -> dict[str, str]:
        self._serial += 1
        bits = self._random.getrandbits
        stamp = f"{int(began.timestamp() * 1000):012x}"
        values = {"case": child.ref, "nhs": child.nhs, "own": child.own[1:]}
        values["call"] = f"CALL-{self._serial:010d}"
        for number in range(2):
            values[f"serial{number}"] = f"{self._serial * 2 + number:012d}"
            values[f"visit{number}"] = f"{bits(60):020d}"
        for slot, version in form.ids.items():
            h = f"{bits(128):032x}"
            if version == "7":
                h = stamp + h[12:]
            values[slot] = f"{h[:8]}-{h[8:12]}-{version}{h[13:16]}-a{h[17:20]}-{h[20:]}"
        for slot, instant in form.instants.items():
            values[slot] = instant.write(began)
        for slot, length in form.hexes.items():
            values[slot] = f"{bits(length * 4):0{length}x}"
        return values

    def close(self) -> Lines:
        """What is written once all is told: the cases with their chains' heads, their tokens, the lanes."""
        lines: Lines = {"case_file": [], "case_token": [], "lane": []}
        identity = self._keys.key("identity")
        for child in self._children.values():
            wrapped = "\\\\x" + wrap(self._keys, child.ref, child.key).hex()
            case = {
                "case_ref": child.ref,
                "authority": self._authority,
                "opened_at": child.opened,
                "wrapped": wrapped,
                "audit_seq": str(child.seq),
                "audit_head": child.head,
            }
            lines["case_file"].append("\t".join(case.get(c, "\\N") for c in TABLES["case_file"]))
            tokens = {
                "nhs": ids.token(identity, self._authority, "nhs", child.nhs),
                "own": ids.token(identity, self._authority, "own", self._hospital, child.own),
            }
            for kind, token in tokens.items():
                lines["case_token"].append(f"{token}\t{child.ref}\t{kind}")
        for name, (partner, number, at) in self._lanes.items():
            lines["lane"].append(f"{name}\t{partner}\t{number}\t{at}")
        return lines
