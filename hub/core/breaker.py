"""A partner that cannot be reached is tried with one delivery at a time until it answers, and then gets all.

It is not the message's fault, so a person is not asked about each: `deploy/decisions/circuit-breaker.md`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.core.work import Work
from hub.ledger.session import locking
from hub.ledger.write import at, rows, run
from hub.partners import Partner

FIRST, LONGEST = timedelta(seconds=5), timedelta(seconds=30)
"""Between two probes: doubled from the first to the longest."""
IN_A_ROW = 3
"""Attempts without an answer that make it an incident, and slow down where it can be reached but is mute."""

Told = Mapping[str, Any]


def unreached(told: Told) -> bool:
    """Whether an attempt ended before the partner could have seen anything of it."""
    return bool(told.get("connection"))


def _mute(told: Told) -> bool:
    """Reached, and nothing came back; what is lost on our side says nothing of the partner."""
    ours = told.get("ours") or told.get("lease") or told.get("misdirected")
    return told["outcome"] == "unknown" and not ours and not told.get("code")


def _answered(told: Told) -> bool:
    return told["outcome"] == "delivered" or bool(told.get("code"))


def heard(work: Work, partner: str, receipts: Sequence[Told]) -> None:
    """Keeps the partner's state: up since, down since, when to probe, its last words."""
    last = max((n for n, told in enumerate(receipts) if _answered(told)), default=-1)
    since = [told for told in receipts[last + 1 :] if unreached(told) or _mute(told)]
    if last >= 0:
        _answers(work, partner, receipts[last], over=not since)
    if since:
        _fails(work, partner, since)


def _answers(work: Work, partner: str, told: Told, over: bool) -> None:
    run(
        work.conn,
        "update partner_state set failures = 0, down_since = null, next_probe_at = null,"
        " heard_at = :now, said = :said where partner = :p",
        now=work.now,
        said=told.get("detail") or told.get("code") or "took it",
        p=partner,
    )
    if over:
        work.recovered("partner_down", partner, "it answers again")


def _fails(work: Work, partner: str, since: Sequence[Told]) -> None:
    sql = "select failures from partner_state where partner = :p" + locking(work.conn)
    known = rows(work.conn, sql, p=partner)
    failures = (known[0].failures if known else 0) + 1
    in_a_row = max(failures, len(since))
    run(
        work.conn,
        "update partner_state set failures = :failures, next_probe_at = :probe,"
        " down_since = coalesce(down_since, :since) where partner = :p",
        failures=failures,
        probe=work.machine + until_probe(work.site.partner(partner), failures),
        since=work.now if in_a_row >= IN_A_ROW or any(map(unreached, since)) else None,
        p=partner,
    )
    if in_a_row >= IN_A_ROW:
        why = next((told["detail"] for told in reversed(since) if told.get("detail")), "")
        work.incident("partner_down", partner, why or "cannot be reached")


def until_probe(partner: Partner | None, failures: int) -> timedelta:
    """How long after so many failures in a row the next probe goes. Pure."""
    first = min(partner.retry.first, FIRST) if partner else FIRST
    return min(first * (1 << min(failures - 1, 16)), LONGEST)


def room(work: Work, partner: Partner) -> int:
    """How many more may be outstanding now: none while paused, one probe while it is down.

    An immediate one that was never tried is a probe at once: nobody knows better than by trying.
    """
    # The row's lock keeps a second core from numbering and handing out for the same partner.
    sql = "select paused_at, down_since, next_probe_at from partner_state where partner = :p"
    state = rows(work.conn, sql + locking(work.conn), p=partner.partner)
    out = rows(
        work.conn,
        "select count(*) as n from delivery where partner = :p and state = 'under_way'"
        " and mode = 'sent'",
        p=partner.partner,
    )[0].n
    if state and state[0].paused_at is not None:
        return 0
    if state and state[0].down_since is not None:
        due = _probe_due(at(state[0].next_probe_at), work.machine) or _presses(work, partner)
        return 1 - int(out) if due else 0
    return partner.window - int(out)


def _probe_due(next_probe: datetime | None, now: datetime) -> bool:
    return next_probe is None or next_probe <= now


def _presses(work: Work, partner: Partner) -> bool:
    new = (
        "select 1 from delivery where partner = :p and state = 'waiting' and rank = 0"
        " and attempt = 0 and mode = 'sent' limit 1"
    )
    return bool(rows(work.conn, new, p=partner.partner))
