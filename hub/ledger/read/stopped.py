"""Why deliveries stopped is counted by the ledger, whole, however few of them a page shows."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.failed import FAILED, Failed
from hub.ledger.read.fetch import fetch, within
from hub.ledger.session import among, values
from hub.ledger.write import rows

MOST = 500
"""Causes that are told apart; those of before are counted with the others."""

CALLED_OFF = "stopped by"
"""How the reason begins of what a person kept from going out again."""
_TRIED = re.compile(r"^tried \d+ times; last: ")
_NUMBER = re.compile(r"[0-9a-fA-F-]*\d[0-9a-fA-F-]*")
"""Also one in hexadecimal: a reason may name what it is about by its id."""

_STOPPED = "d.state in ('needs_person', 'outcome_unknown')"
_KIND = f"""
case when d.state = 'outcome_unknown' then 'unknown'
  when d.attempt = 0 and coalesce(d.policy, '') like '%: review;%' then 'review'
  when d.reason like '{CALLED_OFF} %' then 'called_off'
  when d.reason like 'tried % times; last:%' then 'spent' else 'refused' end
"""
_ALERT = """
case when d.lane like d.partner || '|incident:%' then 'incident:'
  when d.lane like d.partner || '|alert:%' then 'alert:' else '' end
"""


@dataclass(frozen=True, slots=True)
class Cause:
    """Deliveries to one partner that stopped in one way, for one reason.

    `kind` is refused (by the partner), spent (all tries are), unknown (it may have arrived),
    review (the disclosure policy holds it) or called_off (a person kept it from going again).
    `sheets` counts call sheets that are open beside them.
    `alert` is how the lane begins of an alert, and empty for a message.
    """

    partner: str
    kind: str
    reason: str
    count: int
    first: datetime
    last: datetime
    sheets: int
    alert: str

    @property
    def words(self) -> str:
        """Why, without how often it was tried."""
        return _TRIED.sub("", self.reason) or "no reason was given"

    @property
    def key(self) -> str:
        """A name for the cause that says nothing of it: it stands in addresses.

        Reasons that differ in numbers alone are one cause.
        """
        alike = _NUMBER.sub("#", _TRIED.sub("", self.reason))
        return hashlib.sha256(f"{self.partner}|{self.kind}|{alike}".encode()).hexdigest()[:16]


def causes(conn: Connection, authorities: Collection[str] | None = None) -> list[Cause]:
    """All of them, newest first."""
    mine, given = within(conn, authorities, "d.authority")
    sql = (
        f"select d.partner, {_KIND} as kind, d.reason, count(*) as count,"
        " min(d.changed_at) as first, max(d.changed_at) as last, count(s.delivery_id) as sheets,"
        f" {_ALERT} as alert"
        " from delivery d left join delivery s"
        " on s.beside = d.delivery_id and s.beside is not null and s.state = 'offered'"
        f" where {_STOPPED} and {mine} group by d.partner, kind, d.reason, alert"
        " order by last desc limit :most"
    )
    return fetch(conn, Cause, sql, most=MOST, **given)


def stopped(conn: Connection, authorities: Collection[str] | None = None) -> int:
    """How many deliveries wait for a person."""
    mine, given = within(conn, authorities, "d.authority")
    sql = f"select count(*) as n from delivery d where {_STOPPED} and {mine}"
    return int(rows(conn, sql, **given)[0].n)


def of_cause(
    conn: Connection,
    partner: str,
    kind: str,
    reasons: Sequence[str],
    authorities: Collection[str] | None = None,
    *,
    most: int,
    skip: int = 0,
) -> list[Failed]:
    """Some of the deliveries that stopped for these reasons: pressing ones and deadlines first."""
    mine, given = within(conn, authorities, "d.authority")
    sql = (
        f"{FAILED} where {_STOPPED} and d.partner = :partner and {_KIND} = :how"
        f" and {among(conn, 'd.reason', 'reasons')} and {mine}"
        " order by d.rank, case when d.due_at is null then 1 else 0 end, d.due_at,"
        " d.changed_at desc, d.delivery_id limit :most offset :skip"
    )
    told = {"reasons": values(conn, reasons), "partner": partner, "how": kind}
    return fetch(conn, Failed, sql, most=most, skip=skip, **told, **given)
