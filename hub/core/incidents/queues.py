"""A partner for whom something waits longer than its patience is one incident, whatever the reason."""

from hub.clock import london
from hub.core.incidents.over import lasting
from hub.core.work import Work
from hub.ledger.tables.deliveries import NOT_TAKEN
from hub.ledger.write import at, rows

KIND = "queue_old"
OVER = "nothing waits longer than its patience any more"

_OLDEST = f"""
select partner, paused_at, paused_by, (select min(patience_at) from delivery d
  where d.partner = p.partner and {NOT_TAKEN}) as oldest from partner_state p
"""
_IT = f"""
select priority, created_at, state from delivery
where partner = :partner and {NOT_TAKEN} and patience_at <= :oldest order by patience_at limit 1
"""


def old_queues(work: Work) -> None:
    """One incident a partner, with the one that has waited longest in words.

    Where somebody has paused the partner it says so: it is still a message that nobody has got.
    """
    wrong = {}
    for row in rows(work.conn, _OLDEST):
        oldest = at(row.oldest)
        if oldest is None or oldest >= work.clocks_end or work.site.partner(row.partner) is None:
            continue
        [it] = rows(work.conn, _IT, partner=row.partner, oldest=oldest)
        since = _moment(it.created_at)
        verb = "is to be collected" if it.state == "offered" else "waits"
        cause = f"what {verb} longest ({it.priority}) does so since {since}"
        if row.paused_at is not None:
            cause += f"; paused since {_moment(row.paused_at)} by {row.paused_by}"
        wrong[row.partner] = cause
    lasting(work, KIND, wrong, OVER)


def _moment(value: object) -> str:
    moment = at(value)
    return f"{london(moment):%a %d %b %H:%M}" if moment else ""
