"""What stopped for one cause is one incident, however much of it there is, and so is each lane that it blocks.

Both are looked for, not told of by what stops: a lane is blocked only once something comes behind
what stopped, and what a person tries again in bulk and fails again is the same incident still.
"""

from collections import Counter

from hub.core.incidents.over import lasting
from hub.core.work import Work
from hub.ledger.read.stopped import MOST, causes
from hub.ledger.tables import Incident
from hub.ledger.write import rows, update

STOPPED = "stopped"
BLOCKED = "lane_blocked"
_NONE_STOPPED = "nothing stands stopped for that cause any more"
_NOTHING_WAITS = "nothing waits behind one that stopped any more"

_COUNTED = "update incident set count = :count where open_key = :open_key"
# In no order: asked for one, SQLite reads every lane there ever was.
_BEHIND = """
select d.lane, d.lane_no, d.type, d.partner, d.reason, (
  select count(*) from delivery w
  where w.lane = d.lane and w.lane_no > d.lane_no and w.rank >= d.rank and w.rank > 0
    and (w.state = 'waiting' or (w.state = 'offered' and w.transport = 'outbox'))) as behind
from delivery d where d.state in ('needs_person', 'outcome_unknown') and d.lane_no > 0
"""


def stopped_deliveries(work: Work) -> None:
    """One incident a partner and cause; its count is how many stand stopped for it now.

    What the disclosure policy holds is no fault: a second person's chore, which the desk counts.
    """
    found = causes(work.conn)
    wrong: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for one in found:
        if one.kind != "review":
            # What stopped an alert is told apart, as its lane is: see `rules/alerts`.
            subject = f"{one.partner}|{one.alert}{one.key}"
            wrong.setdefault(subject, one.words)
            counts[subject] += one.count
    # Where more causes stand than are read, those that were not are not over.
    unsure = work.wrong_of(STOPPED) if len(found) == MOST else ()
    lasting(work, STOPPED, wrong, _NONE_STOPPED, unsure)
    counted = [{"open_key": f"{STOPPED}|{name}", "count": n} for name, n in sorted(counts.items())]
    update(work.conn, Incident, _COUNTED, counted)


def blocked_lanes(work: Work) -> None:
    """One incident a lane in which something waits behind one that stopped."""
    wrong: dict[str, str] = {}
    found = [row for row in rows(work.conn, _BEHIND) if row.behind]
    for row in sorted(found, key=lambda one: (one.lane, one.lane_no)):
        waits = f"{row.behind} {'waits' if row.behind == 1 else 'wait'} behind it"
        wrong.setdefault(row.lane, f"{row.type} to {row.partner}: {row.reason}; {waits}")
    lasting(work, BLOCKED, wrong, _NOTHING_WAITS)
