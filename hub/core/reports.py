"""What edges count and how they are is in the ledger within a second of their saying it."""

from typing import Any

import orjson

from hub.core.certificates import KEY, judge_with_others
from hub.core.one_name import reported
from hub.core.work import Work
from hub.ledger.tables import Heartbeat, Tally
from hub.ledger.write import insert, rows, run, update


def record_report(work: Work, meta: dict[str, Any]) -> None:
    """Tallies (cumulative in one life of an edge), its heartbeat and its configuration's digest."""
    edge, epoch = f"edge-{meta['edge']}", meta["epoch"]
    tallies = [
        {"edge": edge, "epoch": epoch, "partner": partner, **counts}
        for partner, counts in sorted(meta["tallies"].items())
        if any(counts.values())
    ]
    empty = {"owned": 0, "not_ours": 0, "refused": 0, "unable": 0}
    insert(work.conn, Tally, [empty | tally for tally in tallies], new_only=True)
    update(
        work.conn,
        Tally,
        "update tally set owned = :owned, not_ours = :not_ours, refused = :refused,"
        " unable = :unable where edge = :edge and epoch = :epoch and partner = :partner",
        [empty | tally for tally in tallies],
    )
    # An edge of before tells of no certificates.
    certificates = meta.get("certificates", {})
    says = {"connections": meta.get("connections", {}), KEY: certificates}
    heartbeat(work, edge, epoch, meta["directory"], says)
    judge_with_others(work, certificates)
    agree(work, edge, meta["partners"])
    reported(work, edge, meta.get("contended", False))


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
    """Roles that disagree about a partner's configuration are an incident."""
    known = {name: work.site.partner(name) for name in digests}
    other = [
        name
        for name, partner in sorted(known.items())
        if partner is None or partner.digest != digests[name]
    ]
    if other:
        why = f"{instance} and core have read different files for {', '.join(other)}"
        work.incident("configuration", instance, why)
    elif rows(
        work.conn, "select 1 from incident where open_key = :k", k=f"configuration|{instance}"
    ):
        work.recovered("configuration", instance, "the roles agree again")
