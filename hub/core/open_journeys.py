"""The journeys one transaction moves are read together, moved in memory and written together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.ledger.session import among, locking, values
from hub.ledger.tables import Journey
from hub.ledger.write import insert, rows, update

_CHANGED = """
update journey set state = :state, custodian = :custodian, holder = :holder,
  holder_role = :holder_role, held_since = :held_since, receiver = :receiver, team = :team,
  due_at = :due_at, changed_at = :changed_at, version = :version
 where journey_id = :journey_id
"""
_COLUMNS = tuple(Journey.model_fields)


class OpenJourneys:
    """Journeys by id, as this transaction sees them."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any] | None] = {}
        self._new: dict[str, dict[str, Any]] = {}
        self._changed: set[str] = set()

    def load(self, conn: Connection, ids: Iterable[str]) -> None:
        """Reads (and locks, in order) those not known yet."""
        wanted = sorted({one for one in ids if one not in self._known})
        if not wanted:
            return
        self._known |= dict.fromkeys(wanted)
        sql = (
            "select j.*, m.priority from journey j join message m on m.message_id = j.subject"
            f" where {among(conn, 'j.journey_id')} order by j.journey_id"
        )
        lock = " for update of j" if locking(conn) else ""
        for row in rows(conn, sql + lock, among=values(conn, wanted)):
            self._known[row.journey_id] = dict(row._mapping)

    def get(self, conn: Connection, journey_id: str) -> dict[str, Any] | None:
        """The journey, or None where there is none."""
        self.load(conn, [journey_id])
        return self._known[journey_id]

    def none_yet(self, journey_id: str) -> None:
        """Says that there can be no such journey: what it begins with was not here before."""
        self._known.setdefault(journey_id, None)

    def begin(self, row: dict[str, Any], priority: str) -> dict[str, Any]:
        """A journey that begins now."""
        whole = row | {"priority": priority}
        self._known[row["journey_id"]] = self._new[row["journey_id"]] = whole
        return whole

    def move(self, row: dict[str, Any], moment: datetime, **changed: Any) -> None:
        """A new version of a journey."""
        row |= changed | {"changed_at": moment, "version": row["version"] + 1}
        if row["journey_id"] not in self._new:
            self._changed.add(row["journey_id"])

    def flush(self, conn: Connection) -> None:
        """Writes what began and what moved."""
        new = [{name: row[name] for name in _COLUMNS} for row in self._new.values()]
        insert(conn, Journey, new, new_only=True)
        moved = [self._known[one] for one in sorted(self._changed)]
        update(conn, Journey, _CHANGED, [row for row in moved if row is not None])
        self._new, self._changed = {}, set()
