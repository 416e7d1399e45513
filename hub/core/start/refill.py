"""In whichever Kafka we run, edge's list of watched children is the ledger's, and edge knows when it is whole.

A feed that is dropped by a list which lies in another Kafka, or is still being written, would be
dropped for ever. So the list is put out once for each cluster, a mark behind it, and the ledger
keeps for which cluster that was done.
"""

import asyncio
from collections.abc import Iterator

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
from hub.wire import Outbound, Record, write

log = structlog.get_logger("hub.core")
_AT_ONCE = 500
_AGAIN = 1.0


async def refill(
    ledger: Ledger, publisher: Publisher, keys: Keyring, cluster: str, stop: asyncio.Event
) -> None:
    """Returns when Kafka has the whole list and its mark, or when we stop."""
    if await ledger.transaction(lambda conn: _filled(conn, cluster)):
        return
    found = await ledger.transaction(_listed)
    while not stop.is_set():
        try:
            for some in _records(keys, found, cluster):
                await publisher(some)
            break
        except Unable as error:
            log.warning("the watched list waits for Kafka", why=str(error))
            await asyncio.sleep(_AGAIN)
    else:
        return
    log.info("told edge whom it keeps", count=len(found))
    await ledger.transaction(lambda conn: _keep(conn, cluster))


def _filled(conn: Connection, cluster: str) -> bool:
    sql = 'select 1 from "offset" where topic = :t and cluster = :c'
    return bool(rows(conn, sql, t=topics.WATCHED, c=cluster))


def _listed(conn: Connection) -> list[tuple[str, str]]:
    sql = "select partner, token from watched order by partner, token"
    return [(row.partner, row.token) for row in rows(conn, sql)]


def _records(keys: Keyring, found: list[tuple[str, str]], cluster: str) -> Iterator[list[Outbound]]:
    for start in range(0, len(found), _AT_ONCE):
        yield [told(keys, *each) for each in found[start : start + _AT_ONCE]]
    yield [write(keys, topics.WATCHED, topics.WHOLE, Record("watched", cluster, {"of": cluster}))]


def _keep(conn: Connection, cluster: str) -> None:
    row = {"topic": topics.WATCHED, "partition": 0, "cluster": cluster, "next": 0, "worker": ""}
    insert(conn, Offset, [row], new_only=True)
    moved = 'update "offset" set cluster = :c where topic = :t'
    run(conn, moved, c=cluster, t=topics.WATCHED)
