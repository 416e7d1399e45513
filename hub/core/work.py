"""One transaction's work is gathered here: what it read, what it will write, what is published after."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlmodel import SQLModel

from hub.clock import civil, of_machine
from hub.core.open_journeys import OpenJourneys
from hub.core.start.catching_up import Hold
from hub.core.start.horizon import NEVER, Upto
from hub.core.traced import Trail
from hub.ids import derived
from hub.ledger import tables
from hub.ledger.audit import HUB, Chains
from hub.ledger.content import unwrap, wrap
from hub.ledger.session import among, locking, values
from hub.ledger.write import at, insert, rows, run
from hub.partners import Directory, Partner
from hub.rules.book import Book
from hub.seal import Keyring
from hub.settings import Settings
from hub.wire import Outbound

_ORDER: tuple[type[SQLModel], ...] = (
    tables.CaseToken,
    tables.Parcel,
    tables.Repeat,
    tables.Message,
    tables.Content,
    tables.Delivery,
    tables.Move,
    tables.Attempt,
    tables.Act,
    tables.Early,
    tables.Watched,
)
_ONCE = {
    tables.CaseToken,
    tables.Parcel,
    tables.Repeat,
    tables.Attempt,
    tables.Move,
    tables.Watched,
    tables.Early,
}


@dataclass(frozen=True)
class Site:
    """What a core knows beside the ledger: its settings, keys, partners and rules."""

    settings: Settings
    keys: Keyring
    directory: Directory
    book: Book

    def partner(self, name: str) -> Partner | None:
        """The partner of that name."""
        return self.directory.get(name)


@dataclass
class Work:
    """The gathering place; `flush` writes, the reader commits, `out` is published after."""

    conn: Connection
    site: Site
    now: datetime
    chains: Chains = field(default_factory=Chains)
    out: list[Outbound] = field(default_factory=list)
    partners: set[str] = field(default_factory=set)
    """Partners with something new to hand out."""
    heard: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What their attempts told of partners; their rows are locked last of all (see `dispatch`)."""
    journeys: OpenJourneys = field(default_factory=OpenJourneys)
    planned: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Deliveries planned in this work, by message."""
    said: dict[str, tuple[dict[str, Any], bytes]] = field(default_factory=dict)
    """Envelope and body of what this work recorded, to be handed out without opening it again."""
    hold: Hold = Hold.NOTHING
    """What is not handed out now."""
    hopeful: bool = False
    """Nothing is expected to fail: what does ends the whole transaction (see `whole`)."""
    upto: Upto | None = None
    """Up to when leases and clocks may be judged; none: up to now."""
    trail: Trail | None = None
    """What is told of it where traces are watched."""
    stuck: int = 0
    """Records that could not be recorded, in this work."""
    survivors: dict[str, str] = field(default_factory=dict)
    """Where cases went that are open in this work and were linked into others before."""
    _rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)
    _keys: dict[str, bytes] = field(default_factory=dict)
    _open: dict[str, datetime] | None = None
    """Keys of open incidents and when each was last seen, once asked for."""

    @property
    def machine(self) -> datetime:
        """This work's instant by the machines' own clocks: leases and back-off are kept by it."""
        return of_machine(self.now)

    @property
    def leases_end(self) -> datetime:
        """Leases that ended before this instant (the machines' clocks) may be judged."""
        return self.machine if self.upto is None else min(self.machine, self.upto.leases)

    @property
    def clocks_end(self) -> datetime:
        """Civil clocks that ended before this instant may be judged."""
        if self.upto is None:
            return self.now
        # Nothing is as far back as `NEVER`, whose shifted instant no calendar has.
        read = self.upto.clocks
        return min(self.now, read if read == NEVER else civil(read))

    def add(self, model: type[SQLModel], row: dict[str, Any]) -> None:
        """A row to be written at the flush; rows of one model share their columns."""
        self._rows.setdefault(model, []).append(row)

    def pending(self, model: type[SQLModel]) -> list[dict[str, Any]]:
        """Rows of a model that this transaction has not written yet; they may still be changed."""
        return self._rows.get(model, [])

    def flush(self) -> None:
        """Writes what was gathered."""
        self.flush_rows()
        self.journeys.flush(self.conn)
        self.chains.flush(self.conn)

    def flush_rows(self) -> None:
        """Writes what later steps of this work read again; journeys and audit can wait for the end."""
        if self._rows:
            for model in _ORDER:
                insert(self.conn, model, self._rows.pop(model, ()), new_only=model in _ONCE)

    def mark(self) -> Any:
        """Where we are, to come back to when a savepoint is rolled back."""
        kept = {model: list(rows) for model, rows in self._rows.items()}
        trail = self.trail.mark() if self.trail else None
        heard = {partner: list(told) for partner, told in self.heard.items()}
        return kept, self.chains.mark(), set(self.partners), heard, trail

    def back_to(self, mark: Any) -> None:
        """Forgets what was gathered since."""
        self._rows, chains, self.partners, self.heard, trail = mark
        if self.trail is not None:
            self.trail.back_to(trail)
        self.chains.back_to(chains)
        self.journeys = OpenJourneys()
        self.planned = {}
        self._open = None

    def audit(self, case_ref: str, did: str, **facts: Any) -> None:
        """One entry in a case's chain (or the hub's)."""
        if not self.chains.has(case_ref):
            self.open_cases([case_ref])
        self.chains.append(case_ref, self.now, did, facts)

    def open_cases(self, refs: Iterable[str]) -> None:
        """Reads and locks cases, in sorted order: their audit heads and keys."""
        wanted = sorted({ref for ref in refs if not self.chains.has(ref)})
        if not wanted:
            return
        if HUB in wanted:
            self.make_cases({HUB: ""})
        sql = (
            "select case_ref, audit_seq, audit_head, wrapped, survivor from case_file where "
            + among(self.conn, "case_ref")
            + " order by case_ref"
            + locking(self.conn)
        )
        for row in rows(self.conn, sql, among=values(self.conn, wanted)):
            self.chains.known(row.case_ref, row.audit_seq, row.audit_head)
            if row.survivor is not None:
                self.survivors[row.case_ref] = row.survivor
            if row.wrapped is not None:
                self._keys[row.case_ref] = unwrap(self.site.keys, row.case_ref, row.wrapped)

    def make_cases(self, found: dict[str, str]) -> None:
        """Opens case files (case ref to authority) that do not exist yet; each with a key."""
        made = [
            {
                "case_ref": ref,
                "authority": authority,
                "opened_at": self.now,
                "wrapped": wrap(self.site.keys, ref, fresh_key()),
                "audit_seq": 0,
                "audit_head": "",
            }
            for ref, authority in sorted(found.items())
        ]
        insert(self.conn, tables.Case, made, new_only=True)

    def key(self, case_ref: str) -> bytes | None:
        """The key of an opened case; None once erased."""
        self.open_cases([case_ref])
        return self._keys.get(case_ref)

    def read_keys(self, refs: Iterable[str]) -> dict[str, bytes]:
        """Keys of cases that are not erased. Nothing is locked: for who reads and adds nothing."""
        wanted = set(refs)
        unknown = sorted(ref for ref in wanted - self._keys.keys() if not self.chains.has(ref))
        if unknown:
            sql = "select case_ref, wrapped from case_file where wrapped is not null and "
            sql += among(self.conn, "case_ref")
            for row in rows(self.conn, sql, among=values(self.conn, unknown)):
                self._keys[row.case_ref] = unwrap(self.site.keys, row.case_ref, row.wrapped)
        return {ref: self._keys[ref] for ref in wanted & self._keys.keys()}

    def incident(self, kind: str, subject: str, cause: str) -> int:
        """Opens an incident, or counts once more on the one that is open; returns its count."""
        key = f"{kind}|{subject}"
        if self._open is not None:
            self._open[key] = self.now
        again = run(
            self.conn,
            "update incident set count = count + 1, last_seen = :now, cause = :cause"
            " where open_key = :key",
            now=self.now,
            cause=cause,
            key=key,
        )
        if again.rowcount:
            counted = rows(self.conn, "select count from incident where open_key = :key", key=key)
            return int(counted[0][0])
        row = {
            "incident_id": derived("incident", key, self.now.isoformat()),
            "open_key": key,
            "kind": kind,
            "subject": subject,
            "cause": cause,
            "first_seen": self.now,
            "last_seen": self.now,
            "count": 1,
        }
        insert(self.conn, tables.Incident, [row], new_only=True)
        return 1

    def recovered(self, kind: str, subject: str, why: str) -> None:
        """Closes the incident of that kind and subject, if one is open."""
        key = f"{kind}|{subject}"
        if self._wrong().pop(key, None) is None:
            return
        run(
            self.conn,
            "update incident set open_key = null, closed_at = :now, closed_why = :why"
            " where open_key = :key",
            now=self.now,
            why=why,
            key=key,
        )

    def wrong_until(self, kind: str, subject: str) -> datetime | None:
        """When what that incident is about was last seen; None where none is open."""
        return self._wrong().get(f"{kind}|{subject}")

    def wrong_of(self, kind: str) -> set[str]:
        """The subjects of what is wrong now and of that kind."""
        return {key.partition("|")[2] for key in self._wrong() if key.startswith(f"{kind}|")}

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return len(self._wrong())

    def _wrong(self) -> dict[str, datetime]:
        if self._open is None:
            sql = "select open_key, last_seen from incident where closed_at is null"
            found = rows(self.conn, sql)
            self._open = {row.open_key: at(row.last_seen) or self.now for row in found}
        return self._open


def fresh_key() -> bytes:
    """A new 256-bit key for a case."""

    return secrets.token_bytes(32)
