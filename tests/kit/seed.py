"""A believable evening stands in a ledger that core itself wrote, without Kafka, ending at a chosen moment."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub import topics
from hub.broker import Unable
from hub.core.acts.effect import record_act
from hub.core.call_sheets import open_call_sheet
from hub.core.due import fall_due
from hub.core.parcels import record_parcels
from hub.core.settle import settle_receipts
from hub.core.work import Work
from hub.directory import partner_files
from hub.ids import fresh
from hub.ledger.write import rows
from hub.partners import Partner, Receives, Role
from hub.wire import Outbound, Record, read
from schemas.codes import AttendanceKind, RiskGrade, RiskLevel, Urgency
from schemas.envelope import Deadline, Priority, Recipient
from schemas.labels import Restriction
from schemas.people import Handling
from schemas.values import Said
from tests.kit import people
from tests.kit.lasting import sweep
from tests.kit.site import LEEDS, Bench, an_arrival

EAST = "assessment-east"
NORTH = "assessment-north"
POLICE = "exemplar-police"
HOSPITAL = "exemplar-hospital"
COUNCIL = "exemplar-council"


def partners() -> list[Partner]:
    """The examples of `deploy/partners`, but for those who are told of incidents, and a team that
    has only the web inbox."""
    known = [
        one
        for one in partner_files.load(Path("deploy/partners/examples"))
        if one.role is not Role.OPERATIONS
    ]
    east = Partner(
        partner=EAST,
        title="Assessment team east",
        role=Role.ASSESSMENT_TEAM,
        agency=COUNCIL,
        team="assessment-east",
        authorities=(LEEDS,),
        transport={"kind": "inbox"},
        format={"kind": "hub-json"},
        sends=("handover.response", "strategy.record"),
        receives=tuple(
            Receives(type=name)
            for name in ("edt.handover", "strategy.requested", "contact.recorded")
        ),
    )
    return [*known, east]


class CoreRoad:
    """A road whose other end is a real core: what is published takes effect at once.

    `away`: Kafka says no. `deaf`: Kafka has it, and the ledger has not read it so far; with
    `late`, it reads it that many seconds later.
    """

    def __init__(self, bench: Bench):
        self.bench = bench
        self.away = False
        self.deaf = False
        self.late = 0.0
        self.published: list[Record] = []

    @property
    def up(self) -> bool:
        return not self.away

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        if self.away:
            raise Unable("Kafka does not answer")
        for out in outbounds:
            headers = {name: value.encode() for name, value in out.headers.items()}
            record = read(self.bench.site.keys, out.topic, headers, out.value)
            self.published.append(record)
            if self.late:
                asyncio.get_running_loop().call_later(self.late, self._take, out.topic, record)
            elif not self.deaf:
                self._take(out.topic, record)

    def _take(self, topic: str, record: Record) -> None:
        if topic == topics.ACTS:
            self.bench.do(lambda work: record_act(work, record))
        else:
            meta = record.meta
            self.bench.do(
                lambda work: settle_receipts(work, meta["partner"], meta["edge"], meta["receipts"])
            )


class Evening:
    """The story, told into a bench; `at(minutes)` is that long before `now`."""

    def __init__(self, bench: Bench, now: datetime):
        self.bench = bench
        self.now = now
        self.ids: dict[str, str] = {}

    def at(self, minutes: float) -> datetime:
        """An instant of the evening."""
        return self.now - timedelta(minutes=minutes)

    def says(
        self,
        type: str,
        body: Said,
        partner: str,
        reference: str,
        minutes: float,
        *,
        priority: Priority = Priority.ROUTINE,
        due: float | None = None,
        to: str | None = None,
        labels: tuple[Restriction, ...] = (),
        **more: Any,
    ) -> str:
        """A message arrives; `due` is minutes from now, `to` a team of the council."""
        recipients = (Recipient(agency=COUNCIL, team=to),) if to else ()
        arrival = an_arrival(
            type, body, partner, reference, priority, recipients=recipients, labels=labels, **more
        )
        moment = self.at(minutes)
        facts: dict[str, Any] = {"occurred_at": moment, "recorded_at": moment}
        if due is not None:
            late = self.now + timedelta(minutes=due)
            facts["deadline"] = Deadline(clock_id="accept", due_at=late, rule_edition="TEST")
        arrival.envelope = arrival.envelope.model_copy(update=facts)
        self.bench.record(arrival, at=moment)
        self.ids[reference] = arrival.message_id
        return arrival.message_id

    def acts(
        self, type: str, subject: str, who: tuple[str, str], minutes: float, **body: Any
    ) -> None:
        """Somebody of the council did something."""
        name, role = who
        meta = {
            "subject": subject,
            "who": {"person_id": name, "name": name, "role": role, "agency": COUNCIL},
            "version": 0,
            "reason": body.get("reason", ""),
            "body": body,
        }
        record = Record(type, fresh(), meta)
        self.bench.do(lambda work: record_act(work, record), self.at(minutes))

    def fails(self, partner: str, minutes: float, **told: Any) -> None:
        """Every attempt under way to a partner comes back like this."""
        found = self.bench.all(
            "select delivery_id, attempt from delivery where partner = :p and state = 'under_way'",
            p=partner,
        )
        receipts = [
            {
                "delivery_id": row.delivery_id,
                "attempt": row.attempt,
                "outcome": "try_again",
                "level": "none",
                "at": self.at(minutes).isoformat(),
                **told,
            }
            for row in found
        ]
        if receipts:
            self.bench.do(
                lambda work: settle_receipts(work, partner, "edge-1", receipts), self.at(minutes)
            )

    def rings(self, partner: str, minutes: float) -> None:
        """A call sheet opens beside everything that a partner has not got."""
        known = self.bench.site.directory[partner]

        def sheets(work: Work) -> None:
            sql = (
                "select * from delivery d where partner = :p and transport <> 'call' and not exists"
                " (select 1 from delivery c where c.beside = d.delivery_id)"
                " and state in ('waiting', 'under_way')"
            )
            for row in rows(work.conn, sql, p=partner):
                open_call_sheet(work, row._mapping, known)

        self.bench.do(sheets, self.at(minutes))

    def unread(self, partner: str, body: bytes, reason: str, place: str, minutes: float) -> str:
        """A parcel that nobody could read."""
        parcel_id = fresh()
        meta = {
            "partner": partner,
            "transport": "folder",
            "received_at": self.at(minutes).isoformat(),
            "reference": "export-2211",
            "media_type": "text/csv",
            "size": len(body),
            "digest": "0" * 64,
            "messages": [],
            "state": "unreadable",
            "reason": reason,
            "place": place,
        }
        record = Record("parcel", parcel_id, meta, body)
        self.bench.do(lambda work: record_parcels(work, [record]), self.at(minutes))
        return parcel_id


AHMED = ("J. Ahmed", "duty_manager")


def an_evening(bench: Bench, now: datetime) -> Evening:
    """Everything that a page can show, as it stands at `now`."""
    told = Evening(bench, now)
    urgent, routine = Priority.URGENT, Priority.ROUTINE
    _quiet_day(told)
    told.says(
        "edt.handover", people.a_handover(17), "edt", "EDT-0417", 380,
        priority=urgent, due=-12, to=EAST, labels=(Restriction.POLICE_RESTRICTED,),
    )  # fmt: skip
    told.says(
        "edt.handover", people.a_handover(18, RiskLevel.MEDIUM), "edt", "EDT-0418", 300,
        due=95, to=EAST,
    )  # fmt: skip
    took = told.says(
        "edt.handover", people.a_handover(14), "edt", "EDT-0414", 500,
        priority=urgent, due=-60, to=EAST,
    )  # fmt: skip
    told.acts("content.opened", took, AHMED, 160)
    told.acts("handover.answered", took, AHMED, 155, answer="accepted")
    asked = told.says(
        "edt.handover", people.a_handover(19), "edt", "EDT-0419", 200, due=18, to=EAST
    )
    told.acts(
        "handover.answered", asked, AHMED, 40, answer="queried", text="Who holds the aunt's number?"
    )
    told.says(
        "edt.handover", people.a_handover(21), "edt", "EDT-0421", 240,
        priority=urgent, due=-35, to=NORTH,
    )  # fmt: skip
    told.says(
        "strategy.requested", people.a_strategy_request(31), EAST, "S-2231", 62,
        priority=urgent, due=20,
    )  # fmt: skip
    _down(told)
    guarded = people.a_police_notification(5, RiskGrade.HIGH).model_copy(
        update={"handling": Handling()}
    )
    told.says("police.notification", guarded, POLICE, "WYP-0005", 90, priority=routine, due=300)
    rang = told.at(58)
    conflict = people.a_contact(41, received_at=rang, concern=people.a_concern(7, danger=True))
    first = people.a_contact(41, received_at=rang)
    told.says("contact.recorded", first, "contact-centre", "CALL-000041", 58)
    told.says("contact.recorded", conflict, "contact-centre", "CALL-000041", 21)
    csv = b"ref;date;child\r\nCALL-000050;23/11/2026;A\r\nCALL-000051;31/11/2026;B\r\n"
    told.unread(
        "contact-centre", csv, "31/11/2026 is no date: write dd/mm/yyyy", "line 3, column date", 33
    )
    bench.do(fall_due, now)
    told.fails(POLICE, 0, detail="connection refused", connection=True)
    return told


def _quiet_day(told: Evening) -> None:
    """Traffic that went well."""
    for number in range(12):
        told.says(
            "health.attendance",
            people.an_attendance(100 + number, AttendanceKind.REGISTERED),
            HOSPITAL,
            f"X26{number:09d}",
            60 * (number + 2) - 7,
        )
    for partner in (NORTH, "edt"):
        found = told.bench.all(
            "select delivery_id, attempt from delivery where partner = :p and state = 'offered'"
            " and purpose = 'information'",
            p=partner,
        )
        for row in found:
            done = {
                "delivery_id": row.delivery_id,
                "attempt": row.attempt,
                "outcome": "delivered",
                "level": "received",
            }

            def settle(work: Work, one: dict[str, Any] = done, name: str = partner) -> None:
                settle_receipts(work, name, "desk-1", [one])

            told.bench.do(settle, told.at(110))


def _down(told: Evening) -> None:
    """The police refuse one, then stop answering: what waits for them gets a call sheet."""
    told.rings(POLICE, 58)
    told.fails(
        POLICE, 57, outcome="refused", code="422", detail="unknown force area in the request"
    )
    sweep(told.bench, told.at(56))
    for number, minutes in ((32, 45), (33, 44)):
        told.says(
            "strategy.requested", people.a_strategy_request(number, Urgency.URGENT),
            EAST, f"S-22{number}", minutes, priority=Priority.URGENT, due=60,
        )  # fmt: skip
    told.rings(POLICE, 43)
    for minutes in (43, 35, 20):
        told.fails(POLICE, minutes, detail="connection refused", connection=True)
        told.bench.do(fall_due, told.at(minutes - 6))
