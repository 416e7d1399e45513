"""A partner is tested when a person asks: the edge that speaks with it tries, and what it found is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from connectors.transports import TRANSPORTS
from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.session import locking
from hub.ledger.write import at, rows, run
from hub.topics import deliveries_now
from hub.wire import PROBE, Record, write

PATIENCE = timedelta(seconds=30)
"""An edge that reads of it later does not test: whoever asked looks no more."""
AGAIN = timedelta(seconds=5)
"""So soon after the last one nobody is tested again: a partner's door is no toy."""


def _tested(work: Work, deed: Deed) -> str:
    partner = work.site.partner(deed.subject)
    if partner is None:
        raise Refused("there is no such partner")
    if TRANSPORTS[str(partner.transport["kind"])].mode != "sent":
        raise Refused("there is nothing to open: it collects what waits, or is rung")
    sql = "select tested_at from partner_state where partner = :p" + locking(work.conn)
    last = at(rows(work.conn, sql, p=deed.subject)[0].tested_at)
    if last is not None and timedelta() <= work.now - last < AGAIN:
        raise Refused("it was tested a moment ago: look at what was found")
    run(
        work.conn,
        "update partner_state set test_id = :id, tested_at = :now, tested_by = :who,"
        " found_at = null, found = null, reached = null where partner = :p",
        id=deed.act_id,
        now=work.now,
        who=deed.name,
        p=deed.subject,
    )
    meta = {"partner": deed.subject, "not_after": (work.machine + PATIENCE).isoformat()}
    asked = Record(PROBE, deed.act_id, meta, facts={"partner": deed.subject})
    topic = deliveries_now(deed.subject)
    work.out.append(write(work.site.keys, topic, deed.subject, asked))
    return "asked: the edge that speaks with it tries now, and what it finds stands here"


def record_probed(work: Work, meta: dict[str, Any]) -> None:
    """What an edge found; of a test that another has followed, nothing is kept."""
    run(
        work.conn,
        "update partner_state set found_at = :now, found = :found, reached = :reached"
        " where partner = :p and test_id = :id",
        now=work.now,
        found=str(meta["found"])[:400],
        reached=bool(meta["reached"]),
        p=meta["partner"],
        id=meta["test"],
    )


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {"partner.tested": _tested}
