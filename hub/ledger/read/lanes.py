"""What stands behind a blocked delivery in its lane is not handed out, whoever asks and however much waits."""

from typing import Any

from sqlalchemy import Connection

from hub.ledger.write import rows

_FREE = """and (d.rank = 0 or d.lane_no = 0 or not exists (
  select 1 from blocked b where b.lane = d.lane and b.rank <= d.rank and b.lane_no < d.lane_no))"""


def unblocked(conn: Connection, blocked: str, select: str, **named: Any) -> str:
    """`select` (of `delivery d`, ending in its where) without what a row of `blocked` keeps back.

    `blocked` gives where each lane is blocked first: lane, rank, lane_no. It is asked for by itself,
    because most of the time there is none, and because a comparison of every delivery with every
    other of its lane would cost the square of a backlog.
    """
    if not rows(conn, f"select 1 from ({blocked}) b limit 1", **named):
        return select
    return f"with blocked as materialized ({blocked}) {select} {_FREE}"
