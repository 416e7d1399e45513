"""Two live processes under one name are one incident, opened when they fight and closed when one has gone."""

from collections.abc import Collection
from datetime import timedelta

from hub.core.work import Work
from hub.ledger.write import rows
from hub.running.member import MINUTE, Member

KIND = "two_of_one_name"
ANOTHER = "lost its membership three times in a minute: another process has this HUB_INSTANCE"
ALONE = "for a minute no other process has used this HUB_INSTANCE"


class OneName:
    """What a core sees of its own name, told when it changes."""

    def __init__(self, name: str):
        self._name = name
        self._contended: bool | None = None

    def look(self, work: Work, members: Collection[Member]) -> None:
        """Opens or closes the incident of this core."""
        if any(member.contended() for member in members):
            if not self._contended:
                work.incident(KIND, self._name, ANOTHER)
            self._contended = True
        elif self._contended is not False and all(member.calm() for member in members):
            work.recovered(KIND, self._name, ALONE)
            self._contended = False


def reported(work: Work, name: str, contended: bool) -> None:
    """What an edge says of its name; two of them report in turn, and each may know it first."""
    if contended:
        work.incident(KIND, name, ANOTHER)
        return
    sql = "select 1 from incident where open_key = :k and last_seen < :then"
    then = work.now - timedelta(seconds=MINUTE)
    if rows(work.conn, sql, k=f"{KIND}|{name}", then=then):
        work.recovered(KIND, name, ALONE)
