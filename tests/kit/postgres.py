"""Tests of the ledger run on SQLite and on a real PostgreSQL alike, each test on an empty database.

From the address in `HUB_TEST_DATABASE_URL`, else a container, else this machine's PostgreSQL, else
the one in a wheel.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from hub.embedded.processes import free_port
from hub.ledger.migrate import migrate
from tests.kit import engine, shared
from tests.kit.postgres_server import PostgresServer, binaries


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """SQLAlchemy's address of the session's server (database `postgres`); make your own in it."""
    given = os.environ.get("HUB_TEST_DATABASE_URL")
    return given or shared.once("postgres", _start)["url"]


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy's address of an empty PostgreSQL database, dropped after the test."""
    with database(postgres_url) as url:
        yield url


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A server of this test alone, which serves: for tests that stop or freeze it."""
    name = f"postgres-{uuid4().hex[:8]}"
    home = shared.directory(name)
    facts = shared.once(name, lambda: _local(home))
    server = PostgresServer(home, Path(facts["bin"]))
    yield server
    server.stop("immediate")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy's address of an empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a database whose ledger is at our version, to be copied."""
    with database(postgres_url) as url:
        migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ready_ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A ledger at our version without a row: making its tables anew took longer than most tests."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    with database(request.getfixturevalue("postgres_url"), template) as url:
        yield url


@contextmanager
def database(server: str, template: str = "template1") -> Iterator[str]:
    """A copy of a template, which is empty as a rule, for as long as the block runs."""
    name = f"test_{uuid4().hex[:12]}"
    url = make_url(server)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _start() -> shared.Facts:
    return _container() or _local(shared.directory("postgres"))


def _local(home: Path) -> shared.Facts:
    server = PostgresServer(home, binaries(home))
    return {"url": server.start(), "data": str(home), "bin": str(server.bin)}


def _container() -> shared.Facts | None:
    image = os.environ.get("HUB_TEST_POSTGRES_IMAGE", "postgres:18-alpine")
    port = free_port()
    plain = f"postgresql://postgres:test@127.0.0.1:{port}/postgres"

    def serves(_: bytes) -> bool:
        # It says that it is ready when it is not: first for its own set-up, on no port of ours.
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(plain, connect_timeout=2).close()
            return True
        return False

    made = "--encoding=UTF8 --no-sync"
    environment = {"POSTGRES_PASSWORD": "test", "POSTGRES_INITDB_ARGS": made}
    ran = engine.start(image, 5432, port, environment, serves)
    return ran and {"url": plain.replace("://", "+psycopg://")} | ran


def _stop(facts: shared.Facts) -> None:
    if "container" in facts:
        engine.remove(facts)
    else:
        home = Path(facts["data"])
        PostgresServer(home, Path(facts["bin"])).stop("immediate")
        shutil.rmtree(home, ignore_errors=True)


shared.stops("postgres", _stop)
