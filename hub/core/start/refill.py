"""In whichever Kafka we run, edge's list of watched children is the ledger's.

A feed that is dropped by a list which lies in another Kafka would be dropped for ever. So the list
is put out once for each cluster, and the ledger keeps for which cluster that was done; what says
of each feed that it is whole comes behind it (`feeds`).
"""

import asyncio
from functools import partial

import structlog
from sqlalchemy import Connection

from hub import topics
from hub.broker import Unable
from hub.core.watch import told
from hub.kafka.publisher import Publisher
from hub.ledger.tables import Offset
from hub.ledger.thread import Ledger
from hub.ledger.write import insert, rows, run
from hub.seal import Keyring
from hub.wire import Outbound

log = structlog.get_logger("hub.core")
_AT_ONCE = 500
_SAID = 50_000
_AGAIN = 1.0


async def refill(
    ledger: Ledger, publisher: Publisher, keys: Keyring, cluster: str, stop: asyncio.Event
) -> None:
    """Returns when Kafka has every row, or when we stop.

    Page by page: the list is as long as there are children whom somebody watches.
    """
    if await ledger.transaction(lambda conn: _filled(conn, cluster)):
        return
    last, count = ("", ""), 0
    while page := await ledger.transaction(partial(_page, after=last)):
        if not await _out(publisher, [told(keys, *each) for each in page], stop):
            return
        last, count = page[-1], count + len(page)
        if count % _SAID == 0:
            log.info("telling edge whom it keeps", count=count)
    log.info("told edge whom it keeps", count=count)
    await ledger.transaction(lambda conn: _keep(conn, cluster))


async def _out(publisher: Publisher, some: list[Outbound], stop: asyncio.Event) -> bool:
    """True once Kafka has them, false where we stop before."""
    while not stop.is_set():
        try:
            await publisher(some)
            return True
        except Unable as error:
            log.warning("the watched list waits for Kafka", why=str(error))
            await asyncio.sleep(_AGAIN)
    return False


def _filled(conn: Connection, cluster: str) -> bool:
    sql = 'select 1 from "offset" where topic = :t and cluster = :c'
    return bool(rows(conn, sql, t=topics.WATCHED, c=cluster))


def _page(conn: Connection, after: tuple[str, str]) -> list[tuple[str, str]]:
    sql = (
        "select partner, token from watched where (partner, token) > (:p, :t)"
        " order by partner, token limit :n"
    )
    found = rows(conn, sql, p=after[0], t=after[1], n=_AT_ONCE)
    return [(row.partner, row.token) for row in found]


def _keep(conn: Connection, cluster: str) -> None:
    row = {"topic": topics.WATCHED, "partition": 0, "cluster": cluster, "next": 0, "worker": ""}
    insert(conn, Offset, [row], new_only=True)
    moved = 'update "offset" set cluster = :c where topic = :t'
    run(conn, moved, c=cluster, t=topics.WATCHED)
