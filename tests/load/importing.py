"""A contact centre leaves a year's exports in its folder while a ward says what cannot wait.

The ward speaks at its own pace over HTTP, first alone, then beside the import until the last contact
is in the ledger; what the import adds to a message's way from our word to its arrival is the figure.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
from rich.console import Console
from sqlalchemy import Engine, TextClause, text

from connectors.formats.csv_rows import MOST
from hub import clock
from hub.clock import london
from hub.ledger.session import open_ledger
from hub.running import ports
from tests.kit.people import an_attendance
from tests.load.attendances import DIGITS
from tests.load.hub_under_load import NUMBERS, Hub
from tests.load.measure import Sink, percentile
from tests.load.scale.site import TOKEN

CONTACTS = 50_000
RATE = 5.0
ALONE = 40.0
"""Seconds without the import."""
_LONGEST = 600.0
_console = Console(stderr=True)


def imported(hub: Hub, arrivals: Sink, ledger: str) -> dict[str, float]:
    """Both, and their difference."""
    return asyncio.run(_imported(hub, arrivals, ledger))


async def _imported(hub: Hub, arrivals: Sink, ledger: str) -> dict[str, float]:
    place = ports.find(hub.data, "door")
    assert place is not None
    where = f"http://127.0.0.1:{place.port}/v1/partners/lane-ward/messages"
    async with httpx.AsyncClient(timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}) as ward:
        await _says(ward, where, asyncio.create_task(asyncio.sleep(5)))
        await asyncio.sleep(1)
        arrivals.take()
        alone = await _way(ward, where, arrivals, asyncio.create_task(asyncio.sleep(ALONE)))
        exports = [_export(first) for first in range(0, CONTACTS, MOST)]
        began = time.monotonic()
        for number, export in enumerate(exports):
            _leave(hub.data / "lane-contacts", f"export-{number}.csv", export)
        standing = asyncio.create_task(asyncio.to_thread(_recorded, ledger, CONTACTS))
        beside = await _way(ward, where, arrivals, standing)
        took = time.monotonic() - began
    figures = {
        "export MB": sum(map(len, exports)) / 1024**2,
        "contacts recorded/s": CONTACTS / took,
    }
    for percent, name in ((50, "p50"), (99, "p99"), (100, "worst")):
        for what in ("ack to arrival", "sent to arrival"):
            before, after = (percentile(way[what], percent) for way in (alone, beside))
            figures[f"immediate {what}, {name} ms alone"] = before
            figures[f"immediate {what}, {name} ms beside the import"] = after
            figures[f"immediate {what}, {name} ms added"] = after - before
    return figures | {"immediate messages beside it": len(beside["ack to arrival"])}


async def _way(
    ward: httpx.AsyncClient, where: str, arrivals: Sink, until: "asyncio.Task[None]"
) -> dict[str, list[int]]:
    said = await _says(ward, where, until)
    await asyncio.sleep(3)
    came = {stamp: at for stamp, at in arrivals.take()[0] if stamp in said}
    if missing := said.keys() - came.keys():
        raise RuntimeError(f"{len(missing)} immediate messages did not arrive")
    return {
        "ack to arrival": [came[stamp] - at for stamp, at in said.items()],
        "sent to arrival": [came[stamp] - stamp for stamp in said],
    }


async def _says(ward: httpx.AsyncClient, where: str, until: "asyncio.Task[None]") -> dict[int, int]:
    """Speaks at its pace; when each was due, and when it was acknowledged."""
    acknowledged: dict[int, int] = {}

    async def one(stamp: int) -> None:
        answer = await ward.post(where, json=_message(stamp))
        if answer.status_code != 202:
            raise RuntimeError(f"the door answered {answer.status_code}: {answer.text[:300]}")
        acknowledged[stamp] = time.monotonic_ns()

    began, number = time.monotonic_ns(), 0
    async with asyncio.TaskGroup() as speaking:
        while not until.done():
            number += 1
            stamp = began + int(number * 1e9 / RATE)
            await asyncio.sleep((stamp - time.monotonic_ns()) / 1e9)
            speaking.create_task(one(stamp))
    await until
    return acknowledged


def _message(stamp: int) -> dict[str, object]:
    body = an_attendance(0).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    body |= {"reference": f"W{stamp}", "visit": str(stamp).zfill(DIGITS)}
    return {
        "type": "health.attendance",
        "reference": f"W{stamp}",
        "occurred_at": clock.now().isoformat(),
        "priority": "immediate",
        "body": body,
    }


def _export(first: int) -> bytes:
    """As many calls as one file may hold, one a row, about children of whom some are known."""
    rows = ["call,received,kind,child,born,nhs,concern"]
    known: Sequence[str] = NUMBERS
    rang = london(clock.now() - timedelta(hours=1)).strftime("%d/%m/%Y %H:%M")
    for number in range(first, min(first + MOST, CONTACTS)):
        nhs = known[number] if number < len(known) else ""
        child = f"Invented Child{number % 20_000:05d}"
        words = "Came to school hungry and without a coat; the neighbour heard shouting again"
        rows.append(f"CALL-{number:06d},{rang},Prof,{child},04/03/2017,{nhs},{words}")
    return "\n".join(rows).encode()


def _leave(folder: Path, name: str, export: bytes) -> None:
    """Whole at once, as an export should be."""
    written = folder / ".export"
    written.write_bytes(export)
    written.rename(folder / name)


def _recorded(ledger: str, count: int) -> None:
    """Returns when the ledger has so many contacts of this contact centre."""
    engine = open_ledger(ledger).execution_options(reading=True)
    sql = text("select count(*) from message where type = 'contact.recorded'")
    end, shown = time.monotonic() + _LONGEST, 0
    while (done := _count(engine, sql)) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{done} of {count} contacts recorded")
        if done >= shown + 10_000:
            shown = done
            _console.print(f"  {done:,} contacts recorded", highlight=False)
        time.sleep(1)
    engine.dispose()


def _count(engine: Engine, sql: TextClause) -> int:
    with engine.connect() as conn:
        return int(conn.execute(sql).scalar_one())
