"""A certificate near its end is one incident while there is still time, over when a newer one is in use.

Several roles may use one certificate, and a change reaches them one after the other: what counts
is the one among those that live which ends first. What nobody tells of any more stays as it is,
because a partner that was seen an hour ago has not changed its certificate by that.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.clock import london
from hub.core.work import Work
from hub.ledger.session import among, values
from hub.ledger.write import rows

KIND = "certificate"
URGENT = timedelta(days=3)
LIVES = timedelta(minutes=1)
"""A role that said something within this time."""
KEY = "certificates"
"""In a heartbeat's words: `owner|use` to the end of validity."""


def record_certificates(work: Work, meta: Mapping[str, Any]) -> None:
    """What a role without a heartbeat (a desk) tells; its certificates are its alone."""
    judge(work, meta[KEY])


def judge_with_others(work: Work, told: Mapping[str, str]) -> None:
    """Judges what one role tells by what every living one said last."""
    if not told:
        return
    soonest = dict(told)
    for row in rows(work.conn, "select says from heartbeat where at > :s", s=work.now - LIVES):
        for subject, ends in orjson.loads(row.says).get(KEY, {}).items():
            if subject in soonest and _at(ends) < _at(soonest[subject]):
                soonest[subject] = ends
    judge(work, soonest)


def judge(work: Work, ends: Mapping[str, str]) -> None:
    """Opens an incident for each that ends soon, tells when it gets worse, closes what is over."""
    keys = [f"{KIND}|{subject}" for subject in ends]
    sql = f"select subject, cause from incident where {among(work.conn, 'open_key')}"
    known = {row.subject: row.cause for row in rows(work.conn, sql, among=values(work.conn, keys))}
    days = timedelta(days=work.site.settings.certificate_days)
    for subject, until in sorted(ends.items()):
        why = cause(_at(until), work.machine, days)
        if why is None and subject in known:
            work.recovered(KIND, subject, "a newer certificate is in use")
        elif why is not None and known.get(subject) != why:
            work.incident(KIND, subject, why)


def cause(ends: datetime, now: datetime, days: timedelta) -> str | None:
    """What is wrong with an end of validity; None where it is far enough.

    `now` is the machine's own instant, because TLS judges by it.
    """
    if ends - now > days:
        return None
    on = f"{london(ends):%d %B %Y, %H:%M}".lstrip("0")
    if ends <= now:
        return f"it ended on {on}: new connections are refused until another one is in use"
    if ends - now <= URGENT:
        return f"urgent: it ends on {on}, within three days; after that no connection is made"
    return f"it ends on {on}; after that no new connection is made"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
