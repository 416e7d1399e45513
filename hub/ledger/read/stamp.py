"""Whether anything a page shows has changed is one cheap look, shared by everybody who watches.

What was recorded moves an offset, so the offsets' sum (heartbeats apart) tells; a delivery handed
out is followed by its receipt. What falls due moves none: a journey that is overdue and a call sheet
that opens tell by their newest, an incident by how many are open. Acts have ids in the order of
time: the last one stands for how many there are, which would have to be counted anew each time.
"""

from sqlalchemy import Connection

from hub.ledger.write import rows
from hub.topics import REPORTS

_STAMP = """
select (select coalesce(sum("next"), 0) from "offset" where topic <> :reports) as recorded,
  (select count(*) from incident where closed_at is null) as wrong,
  (select count(*) from stuck where closed_at is null) as stuck,
  (select coalesce(max(act_id), '') from act) as acts,
  (select max(changed_at) from journey) as moved,
  (select max(created_at) from delivery where transport = 'call' and mode = 'held') as rung,
  (select coalesce(sum(version), 0) from partner_state) as partners
"""


def stamp(conn: Connection) -> str:
    """Equal as long as nothing of note changed."""
    return ".".join(str(value) for value in rows(conn, _STAMP, reports=REPORTS)[0])
