"""Every action and decision is a link in its case's chain, and anyone can check that none was changed.

An entry is canonical JSON (RFC 8785) without case content; its hash is SHA-256 over the hash
before it and the entry. Entries hold only text, whole numbers, lists and objects with ASCII
names, for which sorted orjson and RFC 8785 agree; verification uses the rfc8785 library, so the
two check each other. What belongs to no case is in the hub's own chain.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import rfc8785
from sqlalchemy import Connection

from hub.ledger.session import among, values
from hub.ledger.tables import Audit, Case, Root
from hub.ledger.write import at as instant
from hub.ledger.write import each, insert, rows, update

HUB = "hub"
"""The chain of what belongs to no case: partners paused, unread parcels, restores."""


@dataclass
class Head:
    """Where a chain ends: its last number and hash."""

    seq: int = 0
    hash: str = ""


class Chains:
    """The chains one transaction appends to; heads are read (and locked) before, written after."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._rows: list[dict[str, Any]] = []

    def known(self, case_ref: str, seq: int, head: str) -> None:
        """A head as it was read under its row's lock."""
        self._heads.setdefault(case_ref, Head(seq, head))

    def has(self, case_ref: str) -> bool:
        """True where the head was already read in this transaction."""
        return case_ref in self._heads

    def append(self, case_ref: str, moment: datetime, did: str, facts: Mapping[str, Any]) -> None:
        """Adds one entry; `facts` must not tell of anybody but those who act."""
        head = self._heads[case_ref]
        entry = canonical({"case": case_ref, "did": did, "at": moment.isoformat(), **facts})
        head.seq += 1
        head.hash = link(head.hash, entry)
        self._rows.append(
            {
                "case_ref": case_ref,
                "seq": head.seq,
                "at": moment,
                "entry": entry,
                "hash": head.hash,
            }
        )

    def mark(self) -> tuple[int, dict[str, Head]]:
        """Where we are, to come back to when a savepoint is rolled back."""
        return len(self._rows), {ref: Head(h.seq, h.hash) for ref, h in self._heads.items()}

    def back_to(self, mark: tuple[int, dict[str, Head]]) -> None:
        """Forgets what was appended since."""
        del self._rows[mark[0] :]
        self._heads = mark[1]

    def flush(self, conn: Connection) -> None:
        """Writes entries and heads."""
        if not self._rows:
            return
        insert(conn, Audit, self._rows)
        moved = sorted({row["case_ref"] for row in self._rows})
        heads = [
            {
                "case_ref": ref,
                "audit_seq": self._heads[ref].seq,
                "audit_head": self._heads[ref].hash,
            }
            for ref in moved
        ]
        update(conn, Case, _HEADS, heads)
        self._rows = []


_HEADS = (
    "update case_file set audit_seq = :audit_seq, audit_head = :audit_head"
    " where case_ref = :case_ref"
)


def canonical(entry: Mapping[str, Any]) -> str:
    """RFC 8785 for the entries we make (see the module's words)."""
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS).decode()


def link(before: str, entry: str) -> str:
    """The hash of an entry, over all that came before it."""
    return hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest()


@dataclass(frozen=True)
class Broken:
    """Where a chain does not hold, and why."""

    case_ref: str
    seq: int
    why: str


def verify(conn: Connection, case_refs: Iterable[str] | None = None) -> Iterator[Broken]:
    """Every place where a chain was changed, cut, or does not end where its case says it ends."""
    wanted = None if case_refs is None else list(case_refs)
    where = "" if wanted is None else f" where {among(conn, 'case_ref')}"
    given = {} if wanted is None else {"among": values(conn, wanted)}
    heads = {
        row.case_ref: (row.audit_seq, row.audit_head)
        for row in rows(
            conn,
            f"select case_ref, audit_seq, audit_head from case_file{where}",
            **given,
        )
    }
    ends: dict[str, Head] = {}
    ordered = f"select case_ref, seq, entry, hash from audit{where} order by case_ref, seq"
    for row in each(conn, ordered, **given):
        head = ends.setdefault(row.case_ref, Head())
        if row.seq != head.seq + 1:
            yield Broken(row.case_ref, row.seq, f"entry {head.seq + 1} is missing")
        if rfc8785.dumps(orjson.loads(row.entry)).decode() != row.entry:
            yield Broken(row.case_ref, row.seq, "the entry is not canonical")
        if link(head.hash, row.entry) != row.hash:
            yield Broken(row.case_ref, row.seq, "the entry or one before it was changed")
        head.seq, head.hash = row.seq, row.hash
    for case_ref, (seq, head_hash) in heads.items():
        end = ends.get(case_ref, Head())
        if (end.seq, end.hash) != (seq, head_hash):
            yield Broken(case_ref, end.seq, f"the chain ends at {end.seq}, its case says {seq}")
    for case_ref in ends.keys() - heads.keys():
        yield Broken(case_ref, 0, "a chain without a case")


def root(conn: Connection, day: str, moment: datetime) -> Root:
    """The day's root over all heads, kept; the same day gives the same row."""
    found = rows(conn, "select day, chains, root, at from root where day = :day", day=day)
    if found:
        first = found[0]
        stood = instant(first.at) or moment
        return Root(day=first.day, chains=first.chains, root=first.root, at=stood)
    count, whole = heads(conn)
    made = Root(day=day, chains=count, root=whole, at=moment)
    insert(conn, Root, [made.model_dump()], new_only=True)
    return made


def heads(conn: Connection) -> tuple[int, str]:
    """How many chains there are, and the root over where each of them ends."""
    whole = hashlib.sha256()
    count = 0
    for row in each(
        conn, "select case_ref, audit_seq, audit_head from case_file order by case_ref"
    ):
        whole.update(f"{row.case_ref} {row.audit_seq} {row.audit_head}\n".encode())
        count += 1
    return count, whole.hexdigest()
