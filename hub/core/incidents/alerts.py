"""An incident is told to whoever keeps the hub running as a message like any other, once, and once when it is over.

What is not told yet is found by its row, so a crash neither loses nor repeats it: message,
deliveries and the note that it was told are one transaction.
"""

from collections import defaultdict
from typing import Any
from uuid import UUID

from hub.core.arrival import Arrival
from hub.core.incidents.runbook import what_to_do, where_it_stands
from hub.core.record import record_own
from hub.core.work import Work
from hub.ids import digest, message_id
from hub.incident_words import titled
from hub.ledger import tables
from hub.ledger.audit import HUB
from hub.ledger.write import at, insert, rows, run, update
from hub.partners import Partner
from hub.rules.alerts import (
    OPENED,
    RECOVERED,
    WINDOW,
    Alert,
    Telling,
    concerns,
    is_over,
    lane_of_alert,
    tell,
)
from schemas.envelope import Envelope, Marking, Sender, Subject
from schemas.incident import IncidentOpened, IncidentRecovered
from schemas.register import entry_of, priority_of

_LINE = 400

_OPEN = """
select i.incident_id, i.kind, i.subject, i.cause, i.first_seen, i.count, a.head from incident i
left join alert a on a.incident_id = i.incident_id and a.partner = :partner
where i.closed_at is null order by i.first_seen, i.incident_id
"""
_STANDS = f"""
select incident_id, at, last_at, storm from alert where partner = :partner and {tables.STANDS}
"""
_LATELY = """
select incident_id, kind, at, last_at, storm from alert
where partner = :partner and kind = :kind and last_at > :since and incident_id = head
"""
_ALL_OF_IT = """
select i.incident_id, i.kind, i.subject, i.first_seen, i.closed_at, i.count from alert a
join incident i on i.incident_id = a.incident_id
where a.head = :head and a.partner = :partner order by i.first_seen, i.incident_id
"""


def alerts(work: Work) -> None:
    """Tells every recipient what has opened and what is over since the last round."""
    recipients = [one for one in work.site.directory if _takes(one, OPENED)]
    if not any(_news(work, one) for one in recipients):
        return
    # The hub's own chain is locked, and what another core told meanwhile is seen by looking again.
    work.open_cases([HUB])
    said = []
    for partner in sorted(recipients, key=lambda one: one.partner):
        new, over = _news(work, partner) or ([], [])
        said += _opened(work, partner, new)
        said += _recovered(work, partner, over)
    if said:
        record_own(work, said)


def _takes(partner: Partner, type: str) -> bool:
    return any(each.type == type for each in partner.receives)


def _news(work: Work, partner: Partner) -> tuple[list[Any], list[Alert]] | None:
    """What this partner is to be told now: incidents that opened, and alerts that are over."""
    found = rows(work.conn, _OPEN, partner=partner.partner)
    since = work.now - partner.alerts.after
    new = [
        row
        for row in found
        if row.head is None
        and (at(row.first_seen) or work.now) <= since
        and concerns(partner, row.kind, row.subject)
    ]
    still = {row.head for row in found}
    stand = [_alert(work, row) for row in rows(work.conn, _STANDS, partner=partner.partner)]
    over = [one for one in stand if is_over(one, one.incident in still, work.now)]
    return (new, over) if new or over else None


def _alert(work: Work, row: Any) -> Alert:
    first, last = at(row.at) or work.now, at(row.last_at) or work.now
    return Alert(row.incident_id, first, last, bool(row.storm))


def _opened(work: Work, partner: Partner, new: list[Any]) -> list[Arrival]:
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for row in new:
        by_kind[row.kind].append(row)
    said, joined = [], []
    for kind, found in sorted(by_kind.items()):
        known = {row.incident_id: row for row in found}
        stand = rows(
            work.conn, _LATELY, partner=partner.partner, kind=kind, since=work.now - WINDOW
        )
        told = tell([_alert(work, row) for row in stand], list(known), work.now)
        said += [
            _message(work, partner, known[one.incident], _opening(work, known[one.incident], one))
            for one in told
            if one.told
        ]
        joined += [one.head for one in told if not one.told]
        insert(work.conn, tables.Alert, [_row(work, partner, kind, one) for one in told])
    update(
        work.conn,
        tables.Alert,
        "update alert set last_at = :last_at where incident_id = :incident_id and partner = :partner",
        [
            {"last_at": work.now, "incident_id": head, "partner": partner.partner}
            for head in sorted(set(joined))
        ],
    )
    return said


def _row(work: Work, partner: Partner, kind: str, one: Telling) -> dict[str, Any]:
    return {
        "incident_id": one.incident,
        "partner": partner.partner,
        "kind": kind,
        "head": one.head,
        "storm": one.storm,
        "at": work.now,
        "last_at": work.now,
        "over_at": None,
    }


def _recovered(work: Work, partner: Partner, over: list[Alert]) -> list[Arrival]:
    said = []
    for one in over:
        run(
            work.conn,
            "update alert set over_at = :now where incident_id = :head and partner = :partner",
            now=work.now,
            head=one.incident,
            partner=partner.partner,
        )
        if _takes(partner, RECOVERED):
            found = rows(work.conn, _ALL_OF_IT, head=one.incident, partner=partner.partner)
            head = next(row for row in found if row.incident_id == one.incident)
            said.append(_message(work, partner, head, _recovery(work, head, found)))
    return said


def _opening(work: Work, row: Any, telling: Telling) -> IncidentOpened:
    settings = work.site.settings
    return IncidentOpened(
        **_both(work, row),
        count=row.count,
        cause=row.cause.strip()[:_LINE] or row.kind,
        what_to_do=_to_do(work, row),
        runbook=where_it_stands(settings, row.kind),
        more=telling.storm,
    )


def _to_do(work: Work, row: Any) -> str:
    """The runbook's words, and whom to ring where it is about a partner."""
    words = what_to_do(work.site.settings.runbook_dir, row.kind)
    about = work.site.partner(row.subject.partition("|")[0])
    if about is None or about.call is None:
        return words
    return f"{words}\n\n{about.title} by telephone: {about.call.who}, {about.call.phone}."


def _recovery(work: Work, row: Any, found: list[Any]) -> IncidentRecovered:
    first = at(row.first_seen) or work.now
    ends = [moment for one in found if (moment := at(one.closed_at)) is not None]
    return IncidentRecovered(
        **_both(work, row),
        count=sum(one.count for one in found),
        over_at=max([first, *ends]),
        incidents=len(found),
    )


def _both(work: Work, row: Any) -> dict[str, Any]:
    name = row.subject.partition("|")[0]
    about = work.site.partner(name)
    desk = work.site.settings.desk_url
    return {
        "incident": row.incident_id,
        "kind": row.kind,
        "title": titled(row.kind, about.title if about else name, row.subject)[:_LINE],
        "subject": row.subject[:_LINE],
        "first_seen": at(row.first_seen) or work.now,
        "desk": f"{desk.rstrip('/')}/incidents/{row.incident_id}" if desk else None,
    }


def _message(
    work: Work, partner: Partner, row: Any, body: IncidentOpened | IncidentRecovered
) -> Arrival:
    """What one recipient is told; its id follows from the incident, what became of it, and to whom."""
    type = OPENED if isinstance(body, IncidentOpened) else RECOVERED
    entry = entry_of(type)
    written = body.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    part = f"{type}:{partner.partner}"
    made = message_id(HUB, "incidents", row.incident_id, part, "")
    envelope = Envelope(
        message_id=made,
        type=type,
        schema_version=entry.version,
        occurred_at=work.now,
        recorded_at=work.now,
        correlation_id=UUID(row.incident_id),
        idempotency_key=str(made),
        # An incident belongs to the whole site, and so to the first that its recipient serves.
        authority=partner.authorities[0],
        stream="incidents",
        sender=Sender(agency=HUB, system=HUB),
        priority=priority_of(type, body),
        ack_expected=entry.ack,
        marking=Marking.OFFICIAL,
    )
    return Arrival(
        str(made),
        type,
        entry.version,
        HUB,
        "incidents",
        row.incident_id,
        part,
        digest(written),
        envelope,
        written,
        Subject(),
        case_hint=HUB,
        only=partner.partner,
        lane=lane_of_alert(row.subject, row.incident_id),
    )
