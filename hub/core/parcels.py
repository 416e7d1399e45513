"""Every parcel is accounted for: which messages were read from it, or that nobody could read it yet."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.core.work import Work
from hub.ids import LONGEST
from hub.ledger.audit import HUB
from hub.ledger.content import seal_parcel
from hub.ledger.session import among, values
from hub.ledger.tables import Parcel
from hub.ledger.write import rows, run
from hub.wire import Record

HOSPITAL = timedelta(hours=72)
"""A hospital feed's unread parcel may be somebody else's child: it is kept no longer."""


def record_parcels(work: Work, records: list[Record]) -> None:
    """Accepted parcels leave digest and messages; unread ones are kept sealed until claimed."""
    if not records:
        return
    unread = [record.id for record in records if record.meta["state"] == "unreadable"]
    known = _known(work, unread) if unread else set()
    read: set[tuple[str, str]] = set()
    for record in records:
        if record.id in known:
            continue
        if len(record.meta["reference"] or "") > LONGEST:
            raise ValueError(f"its reference is longer than {LONGEST} characters")
        work.add(Parcel, _row(work, record))
        if record.meta["state"] == "unreadable":
            known.add(record.id)
            _unread(work, record)
        elif record.meta["reference"]:
            read.add((record.meta["partner"], record.meta["reference"]))
    _corrected(work, read)


def _known(work: Work, unread: list[str]) -> set[str]:
    """Those that stand: an accepted one may be written again, an unread one is told of once."""
    sql = f"select parcel_id from parcel where {among(work.conn, 'parcel_id')}"
    return {row.parcel_id for row in rows(work.conn, sql, among=values(work.conn, unread))}


def _row(work: Work, record: Record) -> dict[str, Any]:
    meta = record.meta
    unread = meta["state"] == "unreadable"
    return {
        "parcel_id": record.id,
        "partner": meta["partner"],
        "transport": meta["transport"],
        "state": meta["state"],
        "received_at": datetime.fromisoformat(meta["received_at"]),
        "reference": meta["reference"],
        "media_type": meta["media_type"],
        "size": meta["size"],
        "digest": meta["digest"],
        "messages": orjson.dumps(meta["messages"]).decode(),
        "reason": meta.get("reason") or None,
        "place": meta.get("place") or None,
        "sealed": seal_parcel(work.site.keys, record.id, record.blob) if unread else None,
        "keep_until": kept_until(work, meta["partner"]) if unread else None,
        "corrects": None,
    }


def kept_until(work: Work, name: str) -> datetime:
    """Until when bytes of a partner are kept for a person."""
    partner = work.site.partner(name)
    kept = partner.quarantine if partner else timedelta(days=14)
    return work.now + (min(kept, HOSPITAL) if partner and partner.filtered else kept)


def _unread(work: Work, record: Record) -> None:
    partner = record.meta["partner"]
    work.incident("unreadable", partner, "a parcel could not be read")
    work.audit(
        HUB,
        "quarantined",
        parcel=record.id,
        partner=partner,
        digest=record.meta["digest"],
    )


def _corrected(work: Work, read: set[tuple[str, str]]) -> None:
    """An unread parcel closes when one under the same reference was read."""
    if not read or not rows(work.conn, "select 1 from parcel where state = 'unreadable' limit 1"):
        return
    for partner, reference in sorted(read):
        closed = run(
            work.conn,
            "update parcel set state = 'closed', closed_at = :now, sealed = null,"
            " closed_why = 'a corrected one was accepted'"
            " where partner = :p and reference = :r and state = 'unreadable'",
            now=work.now,
            p=partner,
            r=reference,
        )
        if closed.rowcount:
            work.audit(HUB, "quarantine closed", partner=partner, why="corrected")
            seen_to(work, partner, "a corrected one was accepted")


def seen_to(work: Work, partner: str, why: str) -> None:
    """Closes the incident with the last of a partner's unread parcels."""
    left = "select 1 from parcel where partner = :p and state = 'unreadable' limit 1"
    if not rows(work.conn, left, p=partner):
        work.recovered("unreadable", partner, why)
