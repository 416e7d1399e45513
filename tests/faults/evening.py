"""Beside a campaign's hospitals and teams, one peer speaks with the hub in each other way there is."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from nhs_number import generate  # type: ignore[attr-defined]
from nhs_number.constants import REGION_SYNTHETIC

from hub.clock import now
from hub.running import ports
from tests.faults.crash.site import TOKEN, Site
from tests.faults.crash.wards import Hospital
from tests.kit import people
from tests.kit.desk import sign_in
from tests.kit.waiting import eventually

SECRET = "Found outside after dark"
"""Stands in every handover's content."""
WHO = "J. Ahmed"
BEARER = {"authorization": f"Bearer {TOKEN}"}

_GOLDEN = Path("tests/golden/contact-csv")
_COUNCIL = """\
partner: {name}
title: {name}
role: {role}
agency: exemplar-council
team: {name}
authorities: ["383"]
live: false
"""
_PUBLISHED = now().isoformat()
"""What is handed over again is the same again."""
_NIGHT = """\
transport: {kind: http, token: {env: CRASH_TOKEN}}
format: {kind: hub-json}
sends: [edt.handover]
"""
_DUTY = """\
transport: {kind: inbox}
format: {kind: hub-json}
sends: [handover.response]
receives: [{type: edt.handover, for: action}]
"""
_RECORDS = """\
transport: {kind: outbox, token: {env: CRASH_TOKEN}}
format: {kind: hub-json}
receives: [{type: edt.handover, for: information}]
"""
_CENTRE = """\
transport:
  kind: folder
  inbound: {{path: {folder}, pattern: "*.csv", media_type: text/csv, settle: 0, poll: 0.2}}
format: {columns}
sends: [contact.recorded]
"""


def handing_over() -> dict[str, str]:
    """The night service, the duty team, and their records."""
    team = "assessment_team"
    return {
        "night": _COUNCIL.format(name="night", role="edt") + _NIGHT,
        "duty": _COUNCIL.format(name="duty", role=team) + _DUTY,
        "records": _COUNCIL.format(name="records", role=team) + _RECORDS,
    }


def others(folder: Path) -> dict[str, str]:
    """Those, and the contact centre with its folder."""
    columns = (_GOLDEN / "settings.json").read_text()
    centre = _CENTRE.format(folder=folder, columns=columns)
    own = _COUNCIL.format(name="centre", role="assessment_team") + centre
    return handing_over() | {"centre": own}


@dataclass
class Evening:
    """A running hub, and those who speak with it.

    Args:
        folder: where the contact centre leaves its files.
        child: a hospital of one child, whose connection is looked at closely.
        web: somebody of the duty team at the desk.
        door: the night service.
    """

    site: Site
    folder: Path
    child: Hospital
    web: httpx.AsyncClient
    door: httpx.AsyncClient

    def ask(self, sql: str, *given: str) -> list[Any]:
        """What the ledger says."""
        ledger = f"file:{self.site.data(1) / 'ledger.db'}?mode=ro"
        with closing(sqlite3.connect(ledger, uri=True)) as conn:
            return conn.execute(sql, given).fetchall()

    async def hand_over(self, reference: str) -> httpx.Response:
        """The night service puts a handover through the door."""
        body = people.a_handover(sum(reference.encode()))
        said = {
            "type": "edt.handover",
            "reference": reference,
            "occurred_at": _PUBLISHED,
            "body": body.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        }
        return await self.door.post("/v1/partners/night/messages", json=said)

    async def offered(self, reference: str) -> str:
        """The one message of a handover, once duty may accept it and the records may collect it."""
        sql = (
            "select m.message_id from delivery d join message m on m.message_id = d.message_id"
            " where m.reference = ? and d.state = 'offered'"
        )
        found = await eventually(lambda: self.ask(sql, reference), 40, 0.1)
        await eventually(lambda: len(self.ask(sql, reference)) == 2, 40, 0.1)
        assert len(self.ask("select 1 from message where reference = ?", reference)) == 1
        return str(found[0][0])

    def held_by(self, message: str) -> tuple[str, str]:
        """The state of a handover, and who holds it."""
        sql = "select state, holder from journey where machine = 'handover' and subject = ?"
        ((state, holder),) = self.ask(sql, message)
        return state, holder

    async def collect(self, message: str) -> httpx.Response:
        """The records' system asks for its copy."""
        return await self.web.get(self._copy(message), headers=BEARER)

    async def confirm(self, message: str) -> httpx.Response:
        """It says that it has its copy."""
        return await self.web.put(f"{self._copy(message)}/received", headers=BEARER)

    def _copy(self, message: str) -> str:
        sql = "select delivery_id from delivery where message_id = ? and partner = 'records'"
        ((delivery,),) = self.ask(sql, message)
        return f"/v1/outbox/records/{delivery}"

    def leave(self, name: str) -> tuple[Path, bytes]:
        """The contact centre leaves a file, whole."""
        body = (_GOLDEN / "evening_1252.csv").read_bytes().replace(b"CC-1", name.encode())
        part = self.folder / f"{name}.part"
        part.write_bytes(body)
        return part.rename(self.folder / f"{name}.csv"), body

    def contacts(self, name: str) -> int:
        """Messages that were recorded from a file."""
        sql = "select 1 from message where partner = 'centre' and reference like ?"
        return len(self.ask(sql, f"{name}%"))


@asynccontextmanager
async def evening(site: Site, folder: Path, hospitals: list[Hospital]) -> AsyncIterator[Evening]:
    """The peers of a campaign's site; what the child's hospital says is judged with the others'."""
    (number,) = generate(quantity=1, for_region=REGION_SYNTHETIC)
    child = Hospital("P", site.ports["north"], [number], 1, 1.0)
    hospitals.append(child)
    grant = ("--role", "duty_manager", "--authority", "383", "--agency", "exemplar-council")
    who = ("--name", WHO, "--email", "duty@example.org", "--team", "duty")
    code, said = await site.command("people", "add", *who, *grant)
    assert code == 0, said
    place = ports.find(site.data(1), "door")
    assert place is not None
    plain: dict[str, Any] = {"timeout": 30, "trust_env": False}
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(httpx.AsyncClient(base_url=site.desk(), **plain))
        base = f"http://127.0.0.1:{place.port}"
        door = httpx.AsyncClient(base_url=base, headers=BEARER, **plain)
        await stack.enter_async_context(door)
        await sign_in(web, "duty@example.org", said.split()[-1])
        yield Evening(site, folder, child, web, door)
