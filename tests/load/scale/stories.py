"""What core writes for a message is written by core itself, once for each way that a message can go.

Edge's own reading and composing, core's recording, settling and acts, on a ledger of one story;
only Kafka and the sockets are left out.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import orjson

from connectors.base import Parcel
from connectors.formats import make_format
from hub import clock, wire
from hub.core.arrival import of_record
from hub.core.parcels import record_parcels
from hub.core.record import record_messages
from hub.core.settle import settle_receipts
from hub.core.work import Work
from hub.intake.compose import Composer
from schemas.codes import RiskLevel
from schemas.register import REGISTER
from tests.kit.deeds import act, told
from tests.kit.people import a_child, a_handover
from tests.kit.persons import nhs
from tests.kit.site import Bench
from tests.load.attendances import Attendances

NHS = nhs(999_765)
OWN = 7654321
SERIAL = 777000000001
STAMP = 77700000007770000007
CALL = "CALL-7770000001"
HELD_BY = ("A. Wyndham", "team_worker")
OPENED, ANSWERED, FINISHED = (timedelta(minutes=n) for n in (11, 14, 190))


class Teller:
    """Tells one story into a bench; `began` is when its first message was recorded."""

    def __init__(self, bench: Bench, council: str, authority: str):
        self.bench = bench
        self.council = council
        self.authority = authority
        self.began = clock.now()

    def attended(self, count: int = 1) -> None:
        """A hospital says something over MLLP, and a team takes it."""
        self._comes(f"{self.council}-hospital", "mllp", *map(self._attendance, range(count)))
        self._settle(self.council, 0.021, code="AA", outcome="delivered", level="received")

    def accepted(self) -> None:
        """The same, for action, and somebody of the team accepts and completes it."""
        self.attended()
        [message] = self.bench.all("select message_id from message")
        self._answered(message.message_id, f"{self._hospital_agency}T")

    def waits(self) -> None:
        """The same, towards a partner that is down: nothing was tried so far."""
        self._comes(f"{self.council}-hospital", "mllp", self._attendance(0), held=True)

    def stopped(self) -> None:
        """The same, and the team refuses it: a person must look."""
        self._comes(f"{self.council}-hospital", "mllp", self._attendance(0))
        self._settle(self.council, 0.03, code="AR", outcome="refused", detail="unknown patient")

    def told_of(self) -> None:
        """A contact centre's export names a child."""
        head = "call,received,kind,child,born,nhs,concern\n"
        at = self.began - timedelta(minutes=7)
        line = f"{CALL},{at:%d/%m/%Y %H:%M},Prof,Amberly Thistlewood,04/03/2017,{NHS},Came to school hungry\n"
        self._comes(f"{self.council}-contacts", "folder", (head + line).encode(), reference=CALL)
        self._read("contact.recorded")

    def handed_over(self, done: bool = True) -> None:
        """A night team hands over; somebody of the day opens, accepts and completes it."""
        body = a_handover(0, RiskLevel.MEDIUM).model_dump_json(by_alias=True, exclude_defaults=True)
        child = a_child(0).nhs_number
        assert not isinstance(child, str)
        body = body.replace(child.value.number, NHS).replace('"C000000"', f'"P{OWN}"')
        said = {
            "type": "edt.handover",
            "reference": CALL,
            "occurred_at": (self.began - timedelta(minutes=3)).isoformat(),
            "recipients": [{"agency": f"council-{self.authority}", "team": "assess"}],
            "body": orjson.Fragment(body),
        }
        self._comes(f"{self.council}-edt", "http", orjson.dumps(said), reference=CALL)
        if not done:
            return
        [message] = self.bench.all("select message_id from message where type = 'edt.handover'")
        self._read("edt.handover")
        self._answered(message.message_id, f"council-{self.authority}")

    @property
    def _hospital_agency(self) -> str:
        return f"X26H{int(self.authority) - 382}"

    def _answered(self, message_id: str, agency: str) -> None:
        acts = partial(act, self.bench, name=HELD_BY[0], role=HELD_BY[1], agency=agency)
        acts("content.opened", message_id, at=self.began + OPENED, why="to assess it")
        for type, after, said in (
            ("handover.answered", ANSWERED, {"answer": "accepted"}),
            ("handover.completed", FINISHED, {"reason": "visited at home"}),
        ):
            more: dict[str, Any] = said
            outcome, answer = acts(type, message_id, at=self.began + after, **more)
            if outcome != "done":
                raise ValueError(answer)

    def _attendance(self, number: int) -> bytes:
        made = Attendances(self._hospital_agency, [NHS], SERIAL - 1 + number)
        made._parts = [[part.replace(b"P0000000", b"P%d" % OWN) for part in made._parts[0]]]
        return made.next(STAMP + number)[1:-2]

    def _comes(
        self,
        name: str,
        transport: str,
        *bodies: bytes,
        reference: str | None = None,
        held: bool = False,
    ) -> None:
        """Edge reads and composes them, core records them and their parcels in one transaction."""
        site = self.bench.site
        partner = site.directory[name]
        speaks = make_format(partner.format)
        composer = Composer(partner, REGISTER, site.keys)
        found = []
        for body in bodies:
            parcel = Parcel(name, transport, body, speaks.media_type, self.began, reference)
            drafts = speaks.read(parcel)
            for draft in drafts:
                if (wrong := composer.objection(draft)) is not None:
                    raise ValueError(wrong)
            for out in composer.accepted(parcel, drafts):
                headers = {key: value.encode() for key, value in out.headers.items()}
                found.append(wire.read(site.keys, out.topic, headers, out.value))

        def effect(work: Work) -> None:
            record_messages(work, [of_record(record) for record in found])
            record_parcels(work, [record.parcel for record in found if record.parcel])
            if held:
                work.partners.clear()

        self.bench.do(effect, self.began)

    def _settle(self, council: str, seconds: float, **more: Any) -> None:
        name = f"{council}-team"
        facts = {"detail": "", "their_reference": None, **more}
        receipts = [told(order, **facts) for order in self.bench.orders()]
        at = self.began + timedelta(seconds=seconds)
        self.bench.do(lambda work: settle_receipts(work, name, "out-1", receipts), at)

    def _read(self, type: str, after: timedelta = OPENED) -> None:
        """Somebody of the team opens what its web inbox holds."""
        name = f"{self.council}-assess"
        who = {"name": HELD_BY[0], "role": "team worker"}
        waiting = self.bench.all(
            "select delivery_id, attempt from delivery where type = :t", t=type
        )
        receipts = [told(row, detail="opened in the web inbox", who=who) for row in waiting]
        at = self.began + after
        self.bench.do(lambda work: settle_receipts(work, name, "desk-1", receipts), at)


STORIES: dict[str, Callable[[Teller], None]] = {
    "attended": Teller.attended,
    "attended twice": lambda teller: teller.attended(2),
    "accepted": Teller.accepted,
    "told of": Teller.told_of,
    "handed over": Teller.handed_over,
    "handed over, open": lambda teller: teller.handed_over(done=False),
    "stopped": Teller.stopped,
    "waits": Teller.waits,
}
