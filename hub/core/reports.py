"""What edges count and how they are is in the ledger within a second of their saying it."""

from typing import Any

import orjson

from hub.core.incidents.certificates import KEY, judge_with_others
from hub.core.incidents.expected import came
from hub.core.incidents.one_name import reported
from hub.core.incidents.sources import collected
from hub.core.work import Work
from hub.ledger.tables import Heartbeat, Tally
from hub.ledger.write import insert, rows, run, update
from hub.partners import comparable

_NOTHING = {"owned": 0, "not_ours": 0, "refused": 0, "unable": 0}


def record_report(work: Work, meta: dict[str, Any]) -> None:
    """Tallies (cumulative in one life of an edge), its heartbeat and its configuration's digest."""
    edge, epoch = f"edge-{meta['edge']}", meta["epoch"]
    tallies = [
        {"edge": edge, "epoch": epoch, "partner": partner, **_NOTHING, **counts}
        for partner, counts in sorted(meta["tallies"].items())
        if any(counts.values())
    ]
    changed = _changed(work, edge, epoch, tallies)
    insert(work.conn, Tally, changed, new_only=True)
    update(
        work.conn,
        Tally,
        "update tally set owned = :owned, not_ours = :not_ours, refused = :refused,"
        " unable = :unable where edge = :edge and epoch = :epoch and partner = :partner",
        changed,
    )
    came(work, [tally["partner"] for tally in changed])
    # An edge of before tells of no certificates.
    certificates = meta.get("certificates", {})
    says = {
        "partners": meta["partners"],
        "connections": meta.get("connections", {}),
        KEY: certificates,
    }
    heartbeat(work, edge, epoch, meta["directory"], says)
    judge_with_others(work, certificates)
    collected(work, meta.get("sources", {}))
    agree(work, edge, meta["partners"])
    reported(work, edge, meta.get("contended", False))


def _changed(
    work: Work, edge: str, epoch: str, tallies: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those that count more than they did; most of what is said each second is the same."""
    sql = (
        "select partner, owned, not_ours, refused, unable from tally"
        " where edge = :edge and epoch = :epoch"
    )
    known = {row.partner: row for row in rows(work.conn, sql, edge=edge, epoch=epoch)}
    return [
        tally
        for tally in tallies
        if (before := known.get(tally["partner"])) is None
        or any(getattr(before, name) != tally[name] for name in _NOTHING)
    ]


def heartbeat(work: Work, instance: str, epoch: str, digest: str, says: dict[str, Any]) -> None:
    """The last word of one role."""
    row = {
        "instance": instance,
        "epoch": epoch,
        "at": work.now,
        "digest": digest,
        "says": orjson.dumps(says).decode(),
    }
    insert(work.conn, Heartbeat, [row], new_only=True)
    run(
        work.conn,
        "update heartbeat set epoch = :epoch, at = :at, digest = :digest, says = :says"
        " where instance = :instance",
        **row,
    )


def agree(work: Work, instance: str, digests: dict[str, str]) -> None:
    """Roles that disagree about a partner's configuration are an incident.

    One whose digests are made otherwise is of another version, and cannot be judged by them.
    """
    ours = work.site.directory.digests
    other = [
        name
        for name, digest in sorted(digests.items())
        if name not in ours or (comparable(ours[name], digest) and ours[name] != digest)
    ]
    if other:
        why = f"{instance} and core have read different files for {', '.join(other)}"
        work.incident("configuration", instance, why)
    elif rows(
        work.conn, "select 1 from incident where open_key = :k", k=f"configuration|{instance}"
    ):
        work.recovered("configuration", instance, "the roles agree again")
