"""A hospital that is added later keeps from its first hour the children whose cases stood open before it.

Who is watched follows from cases, and a case is told of to the feeds that there were when it
opened. So each core makes the list of a feed whole once, from every message that opened a case
with its authority, and then says so; until somebody has said so edge drops nothing by that list.
Each core for itself, because one that still runs without a new partner's file adds nobody to its list.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from hub import topics
from hub.broker import Unable
from hub.clock import sleep
from hub.core.watch import OPENS, told
from hub.ids import token
from hub.kafka.publisher import Publisher
from hub.ledger.content import Erased, open_sealed, unwrap
from hub.ledger.session import AWAY
from hub.ledger.tables import Feed, Watched
from hub.ledger.thread import Ledger
from hub.ledger.write import insert, rows, run
from hub.partners import Partner, feeds
from hub.seal import Keyring, Unsealable
from hub.wire import Outbound, Record, write

log = structlog.get_logger("hub.core")
_AT_ONCE = 100
_AGAIN = 1.0
_OPENING = f"""
select m.message_id, m.case_ref, c.sealed, f.wrapped from message m
join content c on c.message_id = m.message_id join case_file f on f.case_ref = m.case_ref
where m.authority = :authority and m.type in {OPENS} and m.message_id > :after
order by m.message_id limit :most
"""


class Feeds:
    """Makes the lists whole that this core has not made whole before."""

    def __init__(
        self, ledger: Ledger, keys: Keyring, core: str, cluster: str, partners: Iterable[Partner]
    ):
        self._ledger = ledger
        self._keys = keys
        self._core = core
        self._cluster = cluster
        self._feeds = feeds(partners)

    async def run(self, publisher: Publisher, stop: asyncio.Event) -> None:
        """Until all are whole, or we stop; while ledger or Kafka is away it waits."""
        while not stop.is_set():
            try:
                for feed, where in (await self._ledger.transaction(self._known)).items():
                    if where is None and not await self._fill(publisher, stop, *feed):
                        return
                    if where != self._cluster:
                        await publisher([self._mark(*feed)])
                        await self._ledger.transaction(partial(self._keep, feed=feed))
                return
            except (Unable, *AWAY) as error:
                log.warning("the watched lists wait", why=str(error))
                await sleep(_AGAIN)

    def _known(self, conn: Connection) -> dict[tuple[str, str], str | None]:
        """In which Kafka each was said to be whole; what is no feed any more is forgotten."""
        sql = "select partner, authority, cluster from feed where core = :core"
        known = {
            (row.partner, row.authority): row.cluster for row in rows(conn, sql, core=self._core)
        }
        gone = "delete from feed where core = :core and partner = :p and authority = :a"
        for partner, authority in known.keys() - set(self._feeds):
            run(conn, gone, core=self._core, p=partner, a=authority)
        return {feed: known.get(feed) for feed in self._feeds}

    async def _fill(
        self, publisher: Publisher, stop: asyncio.Event, partner: str, authority: str
    ) -> bool:
        """True once the whole list is in Kafka, false where we stop before."""
        after: str | None = ""
        count = 0
        while after is not None:
            if stop.is_set():
                return False
            page = partial(self._page, partner=partner, authority=authority, after=after)
            after, new = await self._ledger.transaction(page)
            if new:
                await publisher(new)
            count += len(new)
        if count:
            log.info("a feed keeps whom others kept before", partner=partner, count=count)
        return True

    def _page(
        self, conn: Connection, partner: str, authority: str, after: str
    ) -> tuple[str | None, Sequence[Outbound]]:
        """The last message looked at, None at the end; and whom it puts on the list."""
        found = rows(conn, _OPENING, authority=authority, after=after, most=_AT_ONCE)
        key = self._keys.watch(partner)
        made = {
            token(key, "nhs", number): row.case_ref
            for row in found
            if (number := self._number(row)) is not None
        }
        new = [{"partner": partner, "token": one, "because": case} for one, case in made.items()]
        insert(conn, Watched, new, new_only=True)
        # Also who was known: what a core had written and not told when it ended is told here.
        out = [told(self._keys, partner, one) for one in made]
        return (found[-1].message_id if len(found) == _AT_ONCE else None), out

    def _number(self, row: Any) -> str | None:
        """The child's NHS number; None where none was given, or nobody can open the content any more."""
        try:
            case_key = unwrap(self._keys, row.case_ref, row.wrapped)
            _, body = open_sealed(case_key, row.message_id, row.sealed)
        except Erased:
            return None
        except Unsealable as error:
            # One damaged row must not keep core from beginning, again and again.
            log.error("content cannot be opened", message=row.message_id, why=str(error))
            return None
        try:
            return str(body["child"]["nhs_number"]["value"]["number"])
        except (KeyError, TypeError):
            return None

    def _mark(self, partner: str, authority: str) -> Outbound:
        of = {"partner": partner, "authority": authority}
        key = topics.whole(partner, authority)
        return write(self._keys, topics.WATCHED, key, Record("watched", key, of))

    def _keep(self, conn: Connection, feed: tuple[str, str]) -> None:
        partner, authority = feed
        row = {"partner": partner, "authority": authority, "core": self._core}
        insert(conn, Feed, [row | {"cluster": self._cluster}], new_only=True)
        sql = "update feed set cluster = :c where partner = :p and authority = :a and core = :core"
        run(conn, sql, c=self._cluster, p=partner, a=authority, core=self._core)
