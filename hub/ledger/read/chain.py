"""A case's audit chain is read entry by entry, and the daily roots with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.ledger.content import open_words, unwrap
from hub.ledger.read.fetch import fetch
from hub.ledger.write import rows
from hub.seal import Keyring


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a chain."""

    seq: int
    at: datetime
    entry: str
    hash: str

    @property
    def facts(self) -> dict[str, Any]:
        """What the entry says."""
        found: dict[str, Any] = orjson.loads(self.entry)
        return found


@dataclass(frozen=True, slots=True)
class DayRoot:
    """The root over all chains, as it left the hub."""

    day: str
    chains: int
    root: str
    at: datetime


def spoken(conn: Connection, keys: Keyring, case_ref: str, links: list[Link]) -> dict[int, str]:
    """Why people acted, in their words, by entry; nothing once the case is erased."""
    found = rows(conn, "select wrapped from case_file where case_ref = :ref", ref=case_ref)
    if not found or found[0].wrapped is None:
        return {}
    key = unwrap(keys, case_ref, found[0].wrapped)
    acts = [(link.seq, link.facts) for link in links]
    return {
        seq: open_words(key, facts["subject"], facts["why"])
        for seq, facts in acts
        if facts["did"].startswith("act ") and facts.get("why")
    }


def chain(conn: Connection, case_ref: str, most: int = 500) -> list[Link]:
    """The newest entries of a chain, oldest first."""
    sql = (
        "select seq, at, entry, hash from audit where case_ref = :ref order by seq desc limit :most"
    )
    return fetch(conn, Link, sql, ref=case_ref, most=most)[::-1]


def roots(conn: Connection, most: int = 14) -> list[DayRoot]:
    """The last daily roots, newest first."""
    sql = "select day, chains, root, at from root order by day desc limit :most"
    return fetch(conn, DayRoot, sql, most=most)


def total(conn: Connection) -> tuple[int, int]:
    """How many chains and entries there are."""
    found = rows(conn, "select count(*) as chains, coalesce(sum(audit_seq), 0) as n from case_file")
    return found[0].chains, int(found[0].n)
