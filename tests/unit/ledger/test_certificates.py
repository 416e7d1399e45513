"""A PostgreSQL's certificate, ours for it and the authority between them are watched until each is renewed."""

import asyncio
import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from connectors.certificates import of_authorities
from hub import clock
from hub.core.incidents.certificates import judge_with_others
from hub.ledger.certificates import LedgerCertificates, certificates
from hub.serving import doors
from hub.settings import Settings
from tests.contract.transports.certificates import Authority, Pair
from tests.kit.postgres_server import PostgresServer
from tests.kit.roles import plain
from tests.kit.site import Bench
from tests.kit.waiting import eventually


def shows(server: PostgresServer, pair: Pair) -> None:
    """Has a server show this certificate to whoever connects from now on."""
    owner = pwd.getpwuid((server.home / "data").stat().st_uid)
    for source, name in ((pair.certificate, "server.crt"), (pair.key, "server.key")):
        there = server.home / "data" / name
        shutil.copyfile(source, there)
        os.chown(there, owner.pw_uid, owner.pw_gid)
        there.chmod(0o600)
    with closing(psycopg.connect(plain(server.url), autocommit=True)) as connection:
        connection.execute("alter system set ssl = on")
        connection.execute("select pg_reload_conf()")


def days(ends: datetime) -> float:
    return (ends - datetime.now(UTC)) / timedelta(days=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    yield made
    made.engine.dispose()


@pytest.mark.postgres
async def test_what_ends_is_told_once_and_over_when_it_is_renewed(
    postgres_server: PostgresServer, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Authority(tmp_path, days=5, name="Site authority")
    ours = old.pair("hub", days=400)
    ours.key.chmod(0o600)
    shows(postgres_server, old.pair("postgres", days=2))
    trusted = tmp_path / "root.pem"
    shutil.copyfile(old.file, trusted)
    secured = {
        "sslmode": "verify-full",
        "sslrootcert": str(trusted),
        "sslcert": str(ours.certificate),
        "sslkey": str(ours.key),
    }
    url = make_url(postgres_server.url).update_query_dict(secured)
    address = url.render_as_string(hide_password=False)
    with closing(psycopg.connect(plain(address))) as connection:
        assert connection.pgconn.ssl_in_use, "it proves itself by what is watched"
    monkeypatch.setattr("hub.ledger.certificates.EVERY", 0.05)
    looking = LedgerCertificates(Settings.model_validate({"database_url": address}))
    stop = asyncio.Event()
    task = asyncio.create_task(looking.look(stop))

    async def known(**wanted: float) -> bool:
        found = {use: days(one.ends) for use, one in looking.known.items()}
        return found.keys() == {"ledger", "ledger theirs", "ledger trusted"} and all(
            abs(found[use.replace("_", " ")] - wanted[use]) < 0.1 for use in wanted
        )

    def told() -> list[tuple[str, bool, int]]:
        bench.do(lambda work: judge_with_others(work, doors.told("hub", looking.known)))
        sql = "select subject, open_key, count from incident order by subject"
        return [(row.subject, row.open_key is not None, row.count) for row in bench.all(sql)]

    try:
        await eventually(lambda: known(ledger=400, ledger_theirs=2, ledger_trusted=5))
        for _ in range(3):
            assert told() == [("hub|ledger theirs", True, 1), ("hub|ledger trusted", True, 1)]
        # The same authority anew, beside the old one as long as both are in use.
        new = Authority(tmp_path, days=900, name="Site authority")
        trusted.write_bytes(old.file.read_bytes() + new.file.read_bytes())
        shows(postgres_server, new.pair("postgres-next", days=300))
        await eventually(lambda: known(ledger=400, ledger_theirs=300, ledger_trusted=900))
        assert told() == [("hub|ledger theirs", False, 1), ("hub|ledger trusted", False, 1)]
        postgres_server.stop()
        await asyncio.sleep(0.3)
        assert await known(ledger=400, ledger_theirs=300), "what was seen stands while it is away"
    finally:
        stop.set()
        await task


async def test_sqlite_has_none(tmp_path: Path) -> None:
    looking = LedgerCertificates(Settings(data=tmp_path))
    async with asyncio.timeout(1):
        await looking.look(asyncio.Event())
    assert looking.known == {}


@pytest.mark.postgres
def test_where_tls_is_not_spoken_there_is_none(postgres_url: str, tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair("hub")
    assert "ledger theirs" not in certificates(postgres_url)
    for more in (f"sslmode=disable&sslcert={pair.certificate}", "host=/nowhere", "host=127.0.0.1"):
        assert certificates(f"postgresql+psycopg://hub@/hub?{more}&port=1") == {}


def test_the_environment_of_libpq_names_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("PGSSLROOTCERT", str(authority.file))
    assert set(certificates("postgresql+psycopg://h@127.0.0.1:1/h")) == {"ledger trusted"}
    assert certificates("postgresql+psycopg://h@127.0.0.1:1/h?sslrootcert=system") == {}


def test_of_several_authorities_the_first_to_end_counts(tmp_path: Path) -> None:
    """Callers of each would be refused; one that stands there twice is renewed."""
    soon, late = (Authority(tmp_path, days=n, name=f"Authority {n}") for n in (4, 40))
    renewed = Authority(tmp_path, days=80, name="Authority 4")
    both = soon.file.read_bytes() + late.file.read_bytes()
    assert round(days(of_authorities(both).ends)) == 4
    assert round(days(of_authorities(renewed.file.read_bytes() + both).ends)) == 40
    assert clock.machine() < of_authorities(both).ends
