"""The rows of one story become a form: what tells one message from another is left open, all else stands.

Open are ids, instants, references, the child's numbers and random hex; what was sealed is opened, and
sealed anew under the key of the case it is filled in for. Lines are as PostgreSQL's COPY reads them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.ledger.content import open_rendering, open_words, unwrap
from hub.ledger.tables import LEDGER
from hub.seal import unseal
from tests.kit.site import Bench
from tests.load.scale import stories

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{6})?(?:Z|\+00:00)?"
_HEX = r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])"
_WORDS = r'(?<="why":")[A-Za-z0-9+/=]{40,}(?=")'
APART = {"case_file", "case_token", "lane", "partner_state", "watched", "audit"}
"""Tables whose rows are not a message's own: a case's, a lane's, a chain's, or a partner's."""
NEAR = timedelta(days=3)
"""Instants further from the story's beginning stand as they are: they are the child's own."""


@dataclass(frozen=True)
class Instant:
    """A moment of the story, and how it is written there."""

    after: timedelta
    style: str
    """`sql`, or what an ISO time ends with"""
    whole: bool
    """without a fraction"""

    def write(self, began: datetime) -> str:
        """The same moment of a story that began then (UTC, without a zone)."""
        moment = began + self.after
        if self.style == "sql":
            return moment.isoformat(" ", "microseconds")
        return moment.isoformat("T", "seconds" if self.whole else "microseconds") + self.style


@dataclass(frozen=True)
class Sealed:
    """What is sealed under the key of the case: which slot it fills, for what, and its open text."""

    slot: str
    kind: str
    about: str
    texts: tuple[str, ...]


@dataclass
class Form:
    """One story, open. Each text is filled in by `%` with a mapping of slots."""

    messages: int = 0
    lines: list[tuple[str, str]] = field(default_factory=list)
    """table and line"""
    audit: list[tuple[str, str]] = field(default_factory=list)
    """entry, and the slot of its instant"""
    sealed: list[Sealed] = field(default_factory=list)
    wrong: bool = False
    """It opens an incident."""
    lanes: list[tuple[str, str, str]] = field(default_factory=list)
    """lane, slot of the number in it, partner"""
    watched: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """slot to the version of its id"""
    instants: dict[str, Instant] = field(default_factory=dict)
    hexes: dict[str, int] = field(default_factory=dict)


class Stencil:
    """Makes the form of what stands in a bench's ledger."""

    def __init__(self, bench: Bench, began: datetime):
        self._bench = bench
        self._began = began
        self._slots: dict[str, str] = {}
        self.form = Form()
        [case] = bench.all("select case_ref, wrapped from case_file where case_ref <> 'hub'")
        self._key = unwrap(bench.site.keys, case.case_ref, case.wrapped)
        self._known = {
            case.case_ref: "case",
            stories.NHS: "nhs",
            str(stories.OWN): "own",
            stories.CALL: "call",
        }
        for number in range(2):
            self._known[str(stories.SERIAL + number)] = f"serial{number}"
            self._known[str(stories.STAMP + number)] = f"visit{number}"
        literal = "|".join(sorted(map(re.escape, self._known), key=len, reverse=True))
        self._open = re.compile(f"{literal}|{_UUID}|{_INSTANT}|{_HEX}|{_WORDS}")

    def make(self) -> Form:
        """The form of the whole story."""
        form = self.form
        for name, columns in TABLES.items():
            for row in self._bench.all(f'select {", ".join(map(_quoted, columns))} from "{name}"'):
                if name == "message":
                    form.messages += 1
                form.wrong |= name == "incident"
                self._row(name, row._mapping)
        return form

    def _row(self, name: str, row: Mapping[str, Any]) -> None:
        form = self.form
        if name == "audit":
            if row["case_ref"] == "hub":
                raise ValueError("a story of a bulk load says nothing in the hub's own chain")
            form.audit.append((self._opened(row["entry"]), self._slot(row["at"])))
        elif name == "watched":
            form.watched.append(row["partner"])
        elif name not in APART:
            values = [self._value(name, column, row) for column in TABLES[name]]
            form.lines.append((name, "\t".join(values)))

    def _value(self, name: str, column: str, row: Mapping[str, Any]) -> str:
        value = row[column]
        if value is None:
            return "\\N"
        if (name, column) in _SEALED:
            return f"%({self._seal(name, column, row)})s"
        if name == "delivery" and column == "lane_no" and value:
            slot = f"lane{len(self.form.lanes)}"
            self.form.lanes.append((self._opened(row["lane"]), slot, row["partner"]))
            return f"%({slot})s"
        text = self._opened(str(value))
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

    def _seal(self, name: str, column: str, row: Mapping[str, Any]) -> str:
        kind = _SEALED[name, column]
        about = row[_ABOUT[name]]
        value = row[column]
        if kind == "content":
            whole = unseal(self._key, value, f"content|{about}".encode())
            end = 4 + int.from_bytes(whole[:4], "big")
            texts: tuple[bytes | str, ...] = (whole[4:end], whole[end:])
        elif kind == "rendering":
            texts = (open_rendering(self._key, about, value),)
        else:
            texts = (open_words(self._key, about, value),)
        return self._kept(kind, about, *texts)

    def _kept(self, kind: str, about: str, *texts: bytes | str) -> str:
        plain = [text.decode() if isinstance(text, bytes) else text for text in texts]
        slot = f"sealed{len(self.form.sealed)}"
        found = tuple(self._opened(text) for text in plain)
        self.form.sealed.append(Sealed(slot, kind, self._slot(about), found))
        return slot

    def _opened(self, text: str) -> str:
        """The text with its slots."""
        whole, end = [], 0
        subject = re.search(rf'"subject":"({_UUID})"', text)
        for found in self._open.finditer(text):
            whole.append(text[end : found.start()].replace("%", "%%"))
            end = found.end()
            word = found.group()
            if subject and text[: found.start()].endswith('"why":"'):
                words = open_words(self._key, subject.group(1), word)
                whole.append(f"%({self._kept('words', subject.group(1), words)})s")
            elif slot := self._slot(word):
                whole.append(f"%({slot})s")
            else:
                whole.append(word)
        whole.append(text[end:].replace("%", "%%"))
        return "".join(whole)

    def _slot(self, word: str) -> str:
        """The slot of what stands open; nothing where it stands as it is."""
        if word in self._known:
            return self._known[word]
        if word in self._slots:
            return self._slots[word]
        form = self.form
        if re.fullmatch(_UUID, word):
            slot = f"id{len(form.ids)}"
            form.ids[slot] = word[14]
        elif re.fullmatch(_INSTANT, word):
            moment = _moment(word)
            if abs(moment - self._began) > NEAR:
                return ""
            slot = f"at{len(form.instants)}"
            style = "sql" if word[10] == " " else word[19:].lstrip(".0123456789")
            form.instants[slot] = Instant(moment - self._began, style, "." not in word)
        else:
            slot = f"hex{len(form.hexes)}"
            form.hexes[slot] = len(word)
        self._slots[word] = slot
        return slot


def _moment(word: str) -> datetime:
    found = datetime.fromisoformat(word.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _quoted(name: str) -> str:
    return f'"{name}"'


TABLES: dict[str, tuple[str, ...]] = {
    table.name: tuple(column.name for column in table.columns) for table in LEDGER.sorted_tables
}
_ABOUT = {"content": "message_id", "delivery": "delivery_id", "move": "move_id"}
_SEALED = {
    ("content", "sealed"): "content",
    ("delivery", "rendered"): "rendering",
    ("move", "note"): "words",
}
