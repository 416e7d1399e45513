"""Somebody of a team signs in and reads, over HTTP from the desk that runs, one page after the other."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import httpx
from sqlalchemy import text

from hub.desk.access import Grant, Role
from hub.desk.accounts.open import open_people
from hub.desk.accounts.people import NotAdded, add_person
from hub.ledger.session import open_ledger
from hub.running import ports
from tests.kit.desk import PASSWORD, find, sign_in
from tests.load.measure import percentile
from tests.load.scale.searches import searched

EMAIL = "duty@desk.example.org"
AUTHORITY = "383"
TIMES = 60
SEARCH = "search"
_ANSWERS = {SEARCH: (200, 404)}
"""What was found, and that there is nothing."""
_UNHURRIED = 3
"""First readings, which fill caches."""


def people_of(data: Path, ledger: str) -> str:
    """Where the desk of this hub keeps its people: beside SQLite in a file, else in the ledger's own database."""
    return f"sqlite:///{data / 'people.db'}" if ledger.startswith("sqlite") else ledger


def read_pages(data: Path, ledger: str) -> dict[str, float]:
    """How long each page takes a duty manager of one authority."""
    people = open_people(people_of(data, ledger))
    grant = Grant(Role.DUTY_MANAGER, AUTHORITY, f"council-{AUTHORITY}", "assess")
    with suppress(NotAdded):  # A ledger that was kept has them already.
        add_person(people, name="D. Manager", email=EMAIL, grants=[grant], password=PASSWORD)
    people.dispose()
    cases, messages, searches = _some(ledger)
    pages = {
        "waiting list": ["/"] * TIMES,
        "inbox": ["/inbox"] * TIMES,
        "partners": ["/partners"] * TIMES,
        "case": [f"/case/{ref}" for ref in cases],
        "message": [f"/message/{ref}" for ref in messages],
        SEARCH: list(searches.values()) * (TIMES // len(searches)),
    }
    place = ports.find(data, "desk")
    assert place is not None
    return asyncio.run(_read(f"http://127.0.0.1:{place.port}", pages))


def _some(ledger: str) -> tuple[list[str], list[str], dict[str, str]]:
    """Cases that nobody read before, from all over the ledger, the newest message of each, and searches."""
    engine = open_ledger(ledger)
    case = "select case_ref from case_file where case_ref > :from and authority = :mine limit 1"
    newest = (
        "select message_id from message where case_ref = :ref order by recorded_at desc limit 1"
    )
    cases, messages = [], []
    with engine.connect() as conn:
        for number in range(TIMES):
            start = f"{number * 0xFFFF // TIMES:04x}"
            ref = conn.execute(text(case), {"from": start, "mine": AUTHORITY}).scalar()
            if ref is not None:
                cases.append(str(ref))
                messages.append(str(conn.execute(text(newest), {"ref": ref}).scalar()))
        searches = searched(conn, messages)
    engine.dispose()
    return cases, messages, searches


async def _read(desk: str, pages: dict[str, list[str]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=desk, timeout=60) as client:
        done = await sign_in(client, EMAIL, PASSWORD)
        if done.status_code != 303:
            raise RuntimeError(f"the desk let nobody in: {done.status_code}")
        for name, places in pages.items():
            took = []
            for place in places:
                began = time.monotonic_ns()
                page = await (find(client, place) if name == SEARCH else client.get(place))
                took.append(time.monotonic_ns() - began)
                if page.status_code not in _ANSWERS.get(name, (200,)):
                    raise RuntimeError(f"{place} answered {page.status_code}")
                size = len(page.content)
            first, rest = took[0], took[_UNHURRIED:]
            figures |= {
                f"{name}, first ms": first / 1e6,
                f"{name}, p50 ms": percentile(rest, 50),
                f"{name}, p95 ms": percentile(rest, 95),
                f"{name}, KB": size / 1024,
            }
    return figures
