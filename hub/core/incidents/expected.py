"""A partner from whom something was due in its hours and nothing has come is one incident.

What came is known from what edges count, so that also what was dropped or refused breaks the
silence. Time in which nobody listened, because core stood still or the clock was set, is nobody's silence.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from hub.calendar import Services
from hub.clock import london
from hub.core.incidents.over import lasting
from hub.core.start.horizon import NEVER
from hub.core.work import Work
from hub.ledger.session import among, locking, values
from hub.ledger.write import at, rows, run
from hub.partners import Expects, Partner

KIND = "nothing_received"
OVER = "something has come again, or is no longer expected"
LISTENS = timedelta(minutes=1)
"""Core's own word is never older while it listens."""

_LAST = "select max(at) as at from heartbeat where instance like 'core-%'"
_CORES = "select instance, at from heartbeat where instance like 'core-%' order by instance"


def came(work: Work, partners: Iterable[str]) -> None:
    """Something came from these partners."""
    known = [work.site.partner(name) for name in partners]
    names = sorted(one.partner for one in known if one is not None and one.expects is not None)
    if names:
        sql = f"update partner_state set quiet_since = :now where {among(work.conn, 'partner')}"
        run(work.conn, sql, now=work.now, among=values(work.conn, names))


def unheard(work: Work) -> None:
    """Silence longer than what was promised; judged once everything said in time is read.

    Done before core gives its own word, by which the time that nobody listened is known.
    """
    wait = {one.partner: one for one in work.site.directory if one.expects is not None}
    since = _since(work, wait) if wait else {}
    if work.clocks_end == NEVER:
        return  # nothing is read so far: what came meanwhile may lie on the road
    wrong = {
        name: _cause(quiet, expects)
        for name, quiet in since.items()
        if (expects := wait[name].expects) is not None
        and due(expects, quiet, work.site.book.services) < work.clocks_end
    }
    lasting(work, KIND, wrong, OVER)


def due(expects: Expects, quiet_since: datetime, services: Services) -> datetime:
    """Until when something is to have come; raises where nobody can count such hours. Pure."""
    return services.add_hours(expects.within, quiet_since, expects.every)


def _since(work: Work, wait: Mapping[str, Partner]) -> dict[str, datetime]:
    deaf = _not_listened(work)
    sql = f"select partner, quiet_since from partner_state where {among(work.conn, 'partner')}"
    found = {}
    for row in rows(work.conn, sql, among=values(work.conn, sorted(wait))):
        before = at(row.quiet_since)
        quiet = work.now if before is None else min(before + deaf, work.now)
        if quiet != before:
            moved = "update partner_state set quiet_since = :at where partner = :p"
            run(work.conn, moved, at=quiet, p=row.partner)
        found[row.partner] = quiet
    return found


def _not_listened(work: Work) -> timedelta:
    """Since the last word of any core, where that is longer than one that runs ever is silent."""
    last = at(rows(work.conn, _LAST)[0].at)
    if last is None or work.now - last <= LISTENS:
        return timedelta()
    # Of two cores that notice it at once the second waits, and finds that the first has spoken.
    spoken = [at(row.at) for row in rows(work.conn, _CORES + locking(work.conn))]
    gap = work.now - max(moment for moment in spoken if moment is not None)
    return gap if gap > LISTENS else timedelta()


def _cause(quiet: datetime, expects: Expects) -> str:
    when = f"{london(quiet):%a %d %b %H:%M}"
    return f"nothing since {when}; something is due {expects.words}"
