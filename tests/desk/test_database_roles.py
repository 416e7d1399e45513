"""On PostgreSQL a desk that was taken over cannot write what core answers for, nor core what the desk does."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from hub import clock
from hub.cli import app
from hub.desk.accounts.open import open_people
from hub.desk.accounts.tables import PEOPLE
from hub.ledger.audit import verify
from hub.ledger.backup import backup, restore
from hub.ledger.migrate import migrate
from hub.ledger.session import open_ledger
from hub.ledger.tables import LEDGER
from hub.seal import Keyring
from hub.settings import Settings
from tests.desk.test_pages import CLOSED, ROOMS
from tests.kit.desk import WHO, Sitting, fill, post, seated, text
from tests.kit.postgres import database
from tests.kit.postgres_server import binaries
from tests.kit.roles import Addresses, addresses, give_roles, plain, with_roles

WRITES = (
    "insert into {table} select * from {table} limit 1",
    "update {table} set {column} = {column}",
    "delete from {table}",
    "truncate {table}",
    "drop table {table}",
    "alter table {table} add column more text",
)
REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def by_role(postgres_url: str) -> Iterator[Addresses]:
    with with_roles(postgres_url) as found:
        open_people(found.desk).dispose()
        yield found


@pytest.fixture
def sitting(by_role: Addresses, tmp_path: Path) -> Iterator[Sitting]:
    """An evening that core wrote with its role, at a desk that has no more than its own."""
    fill(tmp_path, clock.now(), by_role.core, by_role.desk)
    with seated(tmp_path, by_role.core, by_role.desk, by_role.desk) as found:
        yield found


@pytest.mark.slow
async def test_the_desk_does_all_its_work_with_its_own_role(sitting: Sitting) -> None:
    for short in WHO:
        async with sitting.as_(short) as client:
            for path in ROOMS:
                page = await client.get(path)
                refused = path in CLOSED[short]
                assert page.status_code == (403 if refused else 200), (short, path, text(page))
    message = sitting.id_of("S-2231")
    async with sitting.as_("manager") as client:
        for path in (f"/message/{message}", "/ready", "/metrics"):
            assert (await client.get(path)).status_code in (200, 403), path
        opened = await post(
            client, f"/message/{message}", f"/message/{message}/content", why="to act on it"
        )
        assert opened.status_code == 200, text(opened)
    async with sitting.as_("administrator") as client:
        form = {"name": "N. Comer", "email": "new@desk.example.org", "role": "auditor"}
        added = await post(client, "/people", "/people", **form, authority="*", agency="", team="")
        assert added.status_code == 200, text(added)


def test_the_desk_cannot_write_any_table_of_the_ledger(by_role: Addresses) -> None:
    tables = [*LEDGER.sorted_tables]
    assert len(tables) > 20
    with psycopg.connect(plain(by_role.desk), autocommit=True) as desk:
        for table in tables:
            name, column = f'public."{table.name}"', f'"{table.columns.keys()[0]}"'
            desk.execute(f"select * from {name} limit 1")
            for sql in WRITES:
                with pytest.raises(REFUSED):
                    desk.execute(sql.format(table=name, column=column))
        with pytest.raises(REFUSED):
            desk.execute("create table public.more (a text)")


def test_nobody_else_sees_people_and_a_backup_writes_nothing(by_role: Addresses) -> None:
    with psycopg.connect(plain(by_role.core), autocommit=True) as core:
        for table in PEOPLE.sorted_tables:
            with pytest.raises(REFUSED):
                core.execute(f"select 1 from people.{table.name}")
        for sql in ("create table public.more (a text)", "drop table public.message"):
            with pytest.raises(REFUSED):
                core.execute(sql)
    everything = [f'public."{table.name}"' for table in LEDGER.sorted_tables]
    everything += [f"people.{table.name}" for table in PEOPLE.sorted_tables]
    with psycopg.connect(plain(by_role.backup), autocommit=True) as reader:
        for name in everything:
            reader.execute(f"select 1 from {name} limit 1")
            with pytest.raises(REFUSED):
                reader.execute(f"delete from {name}")


def test_tables_of_later_versions_belong_to_the_same(by_role: Addresses) -> None:
    with psycopg.connect(plain(by_role.owner), autocommit=True) as owner:
        owner.execute("create table later (a text)")
    with psycopg.connect(plain(by_role.core), autocommit=True) as core:
        core.execute("insert into later values ('x')")
    with psycopg.connect(plain(by_role.desk), autocommit=True) as desk:
        assert desk.execute("select a from later").fetchall() == [("x",)]
        with pytest.raises(REFUSED):
            desk.execute("delete from later")
        desk.execute("create table later_people (a text)")
    with psycopg.connect(plain(by_role.backup), autocommit=True) as reader:
        reader.execute("select 1 from people.later_people")


def test_what_one_role_wrote_is_divided_among_all(postgres_url: str, tmp_path: Path) -> None:
    """A site that began with one role keeps its people: nobody is locked out."""
    with database(postgres_url) as url:
        fill(tmp_path, clock.now(), url, url)
        give_roles(url)
        give_roles(url)
        found = addresses(url)
        migrate(found.owner)
        with psycopg.connect(plain(found.desk)) as desk:
            assert desk.execute("select count(*) from person").fetchall() == [(len(WHO),)]
            kept = "select tablename from pg_tables where schemaname = 'public'"
            names = {name for (name,) in desk.execute(kept).fetchall()}
        assert names == {table.name for table in LEDGER.sorted_tables} | {"ledger_version"}


@pytest.mark.parametrize("role", ["owner", "core", "superuser"])
def test_people_are_never_written_where_the_desk_does_not_look(
    role: str, by_role: Addresses, tmp_path: Path
) -> None:
    """The natural shell after `hub ledger migrate` signs in as the owner."""
    env = {"HUB_DATA": str(tmp_path), "HUB_DATABASE_URL": getattr(by_role, role)}
    add = ("people", "add", "--name", "O. Penhaligon", "--email", "orla@example.org")
    done = CliRunner().invoke(app, add, env=env)
    assert (done.exit_code, done.stdout) == (78, "")
    assert "sign in as the desk (hub_desk" in done.stderr and "@" in done.stderr
    give_roles(by_role.superuser)
    done = CliRunner().invoke(app, add, env=env | {"HUB_DATABASE_URL": by_role.desk})
    assert "orla@example.org signs in with" in done.stdout


def test_people_that_another_role_had_written_are_set_aside(by_role: Addresses) -> None:
    """A site where that happened gets its roles again, and a backup holds what was set aside."""
    with psycopg.connect(plain(by_role.owner), autocommit=True) as owner:
        owner.execute("create table person (name text)")
        owner.execute("insert into person values ('O. Penhaligon')")
    give_roles(by_role.superuser)
    give_roles(by_role.superuser)
    with psycopg.connect(plain(by_role.backup)) as reader:
        found = reader.execute("select name from people_astray.person").fetchall()
        assert found == [("O. Penhaligon",)]
        assert reader.execute("select to_regclass('public.person')").fetchall() == [(None,)]
        assert reader.execute("select count(*) from people.person").fetchall() == [(0,)]


def test_who_may_not_take_a_backup_is_told_who_may(
    by_role: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = binaries(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    Keyring.first_start(tmp_path / "keys")
    for url, name in ((by_role.core, "hub_core"), (by_role.owner, "hub_owner")):
        env = {"HUB_DATA": str(tmp_path), "HUB_DATABASE_URL": url}
        done = CliRunner().invoke(app, ["backup", str(tmp_path / "copy")], env=env)
        assert done.exit_code == 1 and "permission denied" in done.stderr
        assert f"{name} of HUB_DATABASE_URL may not" in done.stderr
        assert "as hub_backup" in done.stderr
        assert not (tmp_path / "copy").exists()


def test_a_backup_by_its_own_role_is_put_back_by_the_owner(
    by_role: Addresses, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = binaries(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    fill(tmp_path, clock.now(), by_role.core, by_role.desk)

    def settings(url: str) -> Settings:
        return Settings(data=tmp_path, keys_dir=tmp_path / "keys", database_url=SecretStr(url))

    at = datetime(2026, 11, 23, 22, 20, tzinfo=UTC)
    made = backup(settings(by_role.backup), tmp_path / "copy", at)
    with database(postgres_url) as url:
        with psycopg.connect(plain(url), autocommit=True) as administrator:
            [(name,)] = administrator.execute("select current_database()").fetchall()
            administrator.execute(f'ALTER DATABASE "{name}" OWNER TO hub_owner')
            administrator.execute("ALTER SCHEMA public OWNER TO hub_owner")
        there = addresses(url)
        restore(settings(there.owner), tmp_path / "copy")
        give_roles(url)
        with psycopg.connect(plain(there.desk)) as desk:
            assert desk.execute("select count(*) from message").fetchall() == [(made.messages,)]
            assert desk.execute("select count(*) from person").fetchall() == [(len(WHO),)]
            with pytest.raises(REFUSED):
                desk.execute("delete from message")
        engine = open_ledger(there.core)
        with engine.connect() as conn:
            assert list(verify(conn)) == []
        engine.dispose()
