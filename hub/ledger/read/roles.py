"""What each running role last said of itself: when, by which partner files it works, and how it fares with each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection

from hub.ledger.write import at, rows


@dataclass(frozen=True, slots=True)
class Role:
    """One process. `partners` are digests by name, `connections` an edge's own words by name."""

    instance: str
    at: datetime
    partners: Mapping[str, str]
    connections: Mapping[str, str]


def roles(conn: Connection) -> list[Role]:
    """All that ever said anything, by name."""
    found = []
    for row in rows(conn, "select instance, at, says from heartbeat order by instance"):
        moment, said = at(row.at), orjson.loads(row.says)
        if moment is not None:
            partners, connections = said.get("partners", {}), said.get("connections", {})
            found.append(Role(row.instance, moment, partners, connections))
    return found
