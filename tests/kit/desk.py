"""A desk over a seeded evening, with somebody of every role, answered by a real core without Kafka."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine
from starlette.routing import Mount

from hub import clock
from hub.desk.access import Grant, Role
from hub.desk.accounts.open import open_people
from hub.desk.accounts.people import add_person
from hub.desk.app import make_app
from hub.desk.counted import Counts
from hub.desk.desk import Desk
from hub.desk.live import Live
from hub.ledger.read.fetch import reading
from hub.ledger.session import open_ledger
from hub.settings import Settings
from tests.kit.seed import COUNCIL, CoreRoad, an_evening, partners
from tests.kit.site import LEEDS, Bench

PASSWORD = "correct-horse-battery"
MOMENT = r"(?:\w{3} \d{1,2} \w{3} )?\d\d:\d\d"
"""How the desk writes a moment: with its day, where that is not today."""
EAST_TEAM = "assessment-east"

WHO: dict[str, tuple[str, Grant]] = {
    "worker": ("P. Lindqvist", Grant(Role.TEAM_WORKER, LEEDS, COUNCIL, EAST_TEAM)),
    "manager": ("J. Ahmed", Grant(Role.DUTY_MANAGER, LEEDS, COUNCIL, EAST_TEAM)),
    "service": ("R. Castellane", Grant(Role.SERVICE_MANAGER, LEEDS, COUNCIL)),
    "edt": ("D. Quillfeather", Grant(Role.EDT, LEEDS, COUNCIL, "edt")),
    "police": ("Sgt I. Brackenridge", Grant(Role.TEAM_WORKER, LEEDS, "police-exemplar")),
    "operations": ("O. Penhaligon", Grant(Role.OPERATIONS)),
    "auditor": ("A. Wexcombe", Grant(Role.AUDITOR)),
    "administrator": ("S. Tamworth", Grant(Role.ADMINISTRATOR)),
    "elsewhere": ("B. Faraday", Grant(Role.DUTY_MANAGER, "999", "other-council")),
}
"""Short name to name and grant; each signs in as `<short>@desk.example.org`."""


def fill(folder: Path, now: datetime, ledger: str | None = None, desk: str | None = None) -> None:
    """An evening's ledger, keys and people in a folder, or at the addresses that core and the desk have."""
    bench = Bench(ledger or f"sqlite:///{folder / 'ledger.db'}", folder, partners())
    an_evening(bench, now)
    bench.engine.dispose()
    people = open_people(desk or f"sqlite:///{folder / 'people.db'}")
    for short, (name, grant) in WHO.items():
        add_person(
            people,
            name=name,
            email=f"{short}@desk.example.org",
            grants=[grant],
            password=PASSWORD,
        )
    people.dispose()


_IDLE: list[FastAPI] = []
"""Web programs that nobody asks now: half of a test's time would go into making its own."""


@contextmanager
def around(desk: Desk) -> Iterator[FastAPI]:
    """The web program around a desk, made once and used by one test after the other."""
    app = _IDLE.pop() if _IDLE else make_app(desk)
    app.state.desk = desk
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            route.app.state.desk = desk
    try:
        yield app
    finally:
        _IDLE.append(app)


@dataclass
class Sitting:
    """A desk, its road, and clients of whoever signs in."""

    desk: Desk
    road: CoreRoad
    bench: Bench
    seconds: list[float]

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who has not signed in."""
        with around(self.desk) as app:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                yield client

    @asynccontextmanager
    async def as_(self, short: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody of `WHO`, signed in."""
        async with self.client() as client:
            done = await sign_in(client, f"{short}@desk.example.org", PASSWORD)
            assert done.status_code == 303, done.text
            yield client

    def id_of(self, reference: str) -> str:
        """The message of a reference; the first where there are two."""
        sql = "select message_id from message where reference = :r order by recorded_at"
        return str(self.bench.all(sql, r=reference)[0].message_id)

    def one(self, sql: str, **named: object) -> object:
        """One value of the ledger."""
        found = self.bench.all(sql, **named)
        return found[0][0] if found else None


async def sign_in(client: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    """Fills in the sign-in form."""
    page = await client.get("/sign-in")
    fields = {"email": email, "password": password, "token": token(page.text)}
    return await client.post("/sign-in", data=fields)


def token(page: str) -> str:
    """The token that the page's forms carry."""
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found.group(1)


async def post(
    client: httpx.AsyncClient, page: str, where: str, **fields: object
) -> httpx.Response:
    """Presses a button of a page, and follows to what it shows."""
    shown = await client.get(page)
    data = {name: str(value) for name, value in fields.items()} | {"token": token(shown.text)}
    return await client.post(where, data=data, follow_redirects=True)


async def find(client: httpx.AsyncClient, words: str) -> httpx.Response:
    """Writes something in the box at the top, and follows to what it shows."""
    return await post(client, "/find", "/find", q=words)


def text(page: httpx.Response) -> str:
    """What a person reads: without tags, in one line."""
    body = re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def engine_that_is_away() -> Engine:
    """A ledger that does not answer."""
    return create_engine("sqlite:////nowhere/at/all.db")


FRESH = 240.0
"""Seconds for which an evening is as it was told: what it says is due in 18 minutes is not late yet."""


@dataclass
class Evenings:
    """The evening as it stands, told again where a long run has left it behind."""

    homes: pytest.TempPathFactory
    folder: Path | None = None
    told: float = 0.0

    def latest(self) -> Path:
        """A folder with an evening that ended just now."""
        if self.folder is None or clock.monotonic() - self.told > FRESH:
            self.folder = self.homes.mktemp("evening")
            fill(self.folder, clock.now())
            self.told = clock.monotonic()
        return self.folder


@pytest.fixture(scope="session")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> Evenings:
    """Evenings for every test of a worker."""
    return Evenings(tmp_path_factory)


@pytest.fixture
def filled(evenings: Evenings) -> Path:
    """A folder with the evening, made once for tests that follow closely."""
    return evenings.latest()


@pytest.fixture
def sitting(filled: Path, tmp_path: Path) -> Iterator[Sitting]:
    """A desk over a copy of the evening."""
    folder = tmp_path / "desk"
    shutil.copytree(filled, folder)
    ledger, people = (f"sqlite:///{folder / name}" for name in ("ledger.db", "people.db"))
    with seated(folder, ledger, ledger, people) as found:
        yield found


@contextmanager
def seated(folder: Path, core: str, ledger: str, people: str) -> Iterator[Sitting]:
    """A desk over what stands: the ledger as core writes it and as the desk reads it, and the people."""
    bench = Bench(core, folder, partners())
    road = CoreRoad(bench)
    read = reading(open_ledger(ledger, by_index=True))
    signed = open_people(people)
    counts = Counts(read)
    seconds = [1_000_000.0]
    desk = Desk(
        Settings(data=folder, site="Front Door Hub · Leeds"),
        bench.site.keys,
        bench.site.directory,
        bench.site.book,
        read,
        signed,
        road,
        counts,
        Live(read, counts, 0.05),
        lambda: seconds[0],
    )
    yield Sitting(desk, road, bench, seconds)
    for engine in (bench.engine, read, signed):
        engine.dispose()
