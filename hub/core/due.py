"""What falls due by itself is found by its row, four times a second, and done once.

Retries whose wait is over, attempts whose lease ran out, call sheets, acceptances that are overdue,
what is tried again in bulk, early messages that stay early, quarantine and incidents that end, and
the day's audit root, and last the alerts about what all of this found.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog

from hub.clock import london
from hub.core import custody
from hub.core.call_sheets import open_call_sheet
from hub.core.dispatch import dispatch
from hub.core.early import overlooked
from hub.core.incidents.alerts import alerts
from hub.core.incidents.behind import in_time
from hub.core.incidents.over import lasting, quiet
from hub.core.record import taken_up
from hub.core.redrive import redrive
from hub.core.settle import settle_leases
from hub.core.start.catching_up import Hold
from hub.core.start.horizon import NEVER
from hub.core.whole import whole
from hub.core.work import Work
from hub.ledger.audit import HUB, root
from hub.ledger.write import rows, run

log = structlog.get_logger("hub.core.due")

EARLY_IS_SHOWN = timedelta(minutes=10)
MOST = 500
_REPEATED = "what was unread at the start was not read in time; repeats went out all the same"
_JUDGED = "deadlines are judged with unread messages on the road"


def fall_due(work: Work) -> None:
    """One round."""
    # An older copy's gap is read again first, whatever the ends say.
    duties = (settle_leases, _call_sheets, custody.overdue, redrive)
    judged = () if work.hold is Hold.ALL else duties
    # Alerts last: what the others found wrong or over is told in the same transaction.
    told = () if work.hold is Hold.ALL else (alerts,)
    for duty in (*judged, _early, _quarantine, quiet, _daily_root, *told):
        alone(work, duty)
    work.partners |= {partner.partner for partner in work.site.directory}
    dispatch(work)


def unread(work: Work, name: str, at_start: bool) -> None:
    """One incident while deadlines are judged, or deliveries repeated, with messages unread.

    Not over before the roads are read in time: a lag that stays as it is would reach each end that
    was asked for, wait a minute for the next, and be another incident each time.
    """
    upto, wrong = work.upto, {}
    if at_start:
        wrong[name] = _REPEATED
    elif upto is not None and upto.unread:
        wrong[name] = _JUDGED
    read = upto is not None and upto.clocks > NEVER and in_time(upto)
    unsure = work.wrong_of("unread") - ({name} if read else set())
    lasting(work, "unread", wrong, "everything is read again", unsure)


def alone(work: Work, duty: Callable[[Work], None]) -> None:
    """One duty's fault is an incident and must not keep the others from being done."""
    error = whole(work, lambda: duty(work))
    name = duty.__name__.strip("_")
    if error is not None:
        log.error("what falls due failed", kind=name, exc_info=error)
        work.incident("due_failed", name, f"{type(error).__name__} in what falls due")
    else:
        work.recovered("due_failed", name, "it was done again")


def _call_sheets(work: Work) -> None:
    """Beside deliveries whose own deadline or whose partner's patience is over."""
    late = "from delivery d where d.state in ('waiting', 'under_way') and d.ring_at < :now"
    found = rows(work.conn, f"select d.case_ref {late} limit {MOST}", now=work.clocks_end)
    if not found:
        return
    # Looked for again under their cases' locks: one that has just arrived needs no sheet.
    work.open_cases(row.case_ref for row in found)
    for row in rows(work.conn, f"select d.* {late} limit {MOST}", now=work.clocks_end):
        partner = work.site.partner(row.partner)
        if partner is not None:
            open_call_sheet(work, row._mapping, partner)


def _daily_root(work: Work) -> None:
    """Yesterday's root, once; as a log line it leaves the hub, and with it what we could still change."""
    day = (london(work.now) - timedelta(days=1)).date().isoformat()
    if rows(work.conn, "select 1 from root where day = :day", day=day):
        return
    made = root(work.conn, day, work.now)
    log.info("audit root", at=day, count=made.chains, digest=made.root)


def _early(work: Work) -> None:
    if woken := overlooked(work):
        taken_up(work, woken)
    old = work.now - EARLY_IS_SHOWN
    for row in rows(work.conn, "select message_id from early where since < :old limit 50", old=old):
        key = f"early|{row.message_id}"
        if not rows(work.conn, "select 1 from incident where open_key = :k", k=key):
            work.incident("early", row.message_id, "what it answers has not come")


def _quarantine(work: Work) -> None:
    """Unread parcels nobody claimed lose their bytes when their time is over; the account stays.

    So do those that a person corrected, both as it came and as it was read.
    """
    done = (
        "update parcel set sealed = null where sealed is not null and (parcel_id = :id"
        " or parcel_id = (select p.corrects from parcel p where p.parcel_id = :id))"
    )
    read = (
        "select parcel_id from parcel where corrects is not null and sealed is not null"
        f" and keep_until < :now limit {MOST}"
    )
    for row in rows(work.conn, read, now=work.now):
        run(work.conn, done, id=row.parcel_id)
    sql = (
        "select parcel_id, partner from parcel where state = 'unreadable' and sealed is not null"
        f" and claimed_by is null and keep_until < :now limit {MOST}"
    )
    for row in rows(work.conn, sql, now=work.now):
        ended = run(
            work.conn,
            "update parcel set sealed = null, closed_why = 'kept as long as it may be'"
            " where parcel_id = :id and sealed is not null",
            id=row.parcel_id,
        )
        if ended.rowcount:
            work.audit(HUB, "quarantine ended", parcel=row.parcel_id, partner=row.partner)
