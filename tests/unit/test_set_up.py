"""A set-up that cannot work is one sentence that says what to mend, and 78, from every role and every command."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.ledger.migrate import migrate
from hub.seal import Keyring

Env = dict[str, str]
ROLES = ("core", "edge", "desk", "run")


@pytest.fixture
def env(tmp_path: Path) -> Env:
    """A site that would work, but that no Kafka listens."""
    (tmp_path / "partners").mkdir()
    Keyring.first_start(tmp_path / "keys")
    migrate(f"sqlite:///{tmp_path / 'ledger.db'}")
    names = ("PATH", "HOME", "PYTHONPYCACHEPREFIX")
    return {name: os.environ[name] for name in names if name in os.environ} | {
        "HUB_DATA": str(tmp_path),
        "HUB_KEYS_DIR": str(tmp_path / "keys"),
        "HUB_PARTNERS_DIR": str(tmp_path / "partners"),
        "HUB_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "HUB_DESK_PORT": "0",
        "HUB_DOOR_PORT": "0",
    }


def told(role: str, env: Env) -> str:
    """What it says at its end, which is 78 and soon."""
    command = [sys.executable, "-m", "hub", role]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_partner_files_that_are_not_there(role: str, env: Env, tmp_path: Path) -> None:
    (tmp_path / "partners").rmdir()
    assert "there is no such directory" in told(role, env)


@pytest.mark.parametrize("role", ["core", "desk", "run"])
def test_rules_that_are_not_there(role: str, env: Env, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    assert str(tmp_path / "rules") in told(role, env | {"HUB_RULES_DIR": str(tmp_path / "rules")})


@pytest.mark.parametrize("role", ROLES)
def test_kafka_settings_that_do_not_fit(role: str, env: Env) -> None:
    assert "needs HUB_KAFKA_USERNAME" in told(role, env | {"HUB_KAFKA_SECURITY": "SASL_SSL"})


@pytest.mark.parametrize("role", ROLES)
def test_a_key_that_is_none_and_a_key_that_lacks(role: str, env: Env, tmp_path: Path) -> None:
    (tmp_path / "keys/road.key").write_text("")
    assert f"{tmp_path}/keys/road.key is no key" in told(role, env)
    (tmp_path / "keys/road.key").unlink()
    assert "lacks road.key" in told(role, env)


@pytest.mark.parametrize("role", ["core", "run"])
def test_a_ledger_that_a_newer_hub_made(role: str, env: Env, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger, ledger:
        ledger.execute("update ledger_version set version_num = '9999'")
    assert "version 9999, which a newer hub made" in told(role, env)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("role", "name"), [("core", "PROBE"), ("edge", "PROBE"), ("desk", "DESK"), ("run", "PROBE")]
)
def test_a_port_that_is_taken(role: str, name: str, env: Env, taken: int) -> None:
    said = told(role, env | {f"HUB_{name}_PORT": str(taken)})
    assert f"HUB_{name}_PORT={taken} cannot be had" in said and "set another port" in said


COMMANDS = (
    *((role,) for role in ROLES),
    ("status",),
    ("ledger", "migrate"),
    ("ledger", "reconcile"),
    ("audit", "verify"),
    ("backup", "copy"),
    ("restore", "copy"),
    ("trace", "x"),
    ("people", "token", "somebody@example.org"),
)
Hub = Callable[..., str]


@pytest.fixture
def hub(env: Env, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    """`hub …` as a shell would run it; what it says where it does not work."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)

    def said(words: tuple[str, ...], code: int = 78, **more: str) -> str:
        done = CliRunner().invoke(app, words, env=env | more)
        assert (done.exit_code, done.stdout) == (code, ""), (done.output, done.exception)
        assert isinstance(done.exception, SystemExit)
        return done.stderr

    return said


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_address_that_is_none_of_a_database(words: tuple[str, ...], hub: Hub) -> None:
    for wrong in ("nonsense", "postgres://hub:s3cret@db/hub", "postgresql+psycopg://db:port/hub"):
        said = hub(words, HUB_DATABASE_URL=wrong)
        assert said.startswith("HUB_DATABASE_URL: write postgresql+psycopg://")
        assert "s3cret" not in said
    assert hub(words, HUB_PEOPLE_URL="mysql://x").startswith("HUB_PEOPLE_URL: write ")


@pytest.mark.parametrize("name", ["HUB_PROBE_PORT", "HUB_DESK_PORT", "HUB_DOOR_PORT"])
def test_a_number_that_is_no_port(name: str, hub: Hub) -> None:
    for wrong in ("99999", "-1"):
        assert hub(("run",), **{name: wrong}).startswith(f"{name}: Input should be ")


AWAY = "postgresql+psycopg://hub:s3cret@127.0.0.1:1/front_door"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("trace", "x"),
        ("audit", "verify"),
        ("audit", "root"),
        ("ledger", "reconcile"),
        ("ledger", "migrate"),
        ("backup", "copy"),
    ],
    ids=" ".join,
)
def test_a_database_that_is_away_is_named(words: tuple[str, ...], hub: Hub) -> None:
    said = hub(words, HUB_DATABASE_URL=AWAY)
    assert "hub:***@127.0.0.1:1/front_door (HUB_DATABASE_URL)" in said
    assert "s3cret" not in said and "refused" in said


def test_a_ledger_that_a_newer_hub_made_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger, ledger:
        ledger.execute("update ledger_version set version_num = '9999'")
    for words in (("status",), ("trace", "x"), ("audit", "verify"), ("ledger", "migrate")):
        assert "version 9999, which a newer hub made" in hub(words)


def test_a_place_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data = str(tmp_path / "file" / "hub")
    for words in (("ledger", "migrate"), ("kafka", "start"), ("run",)):
        more = {"HUB_DATA": data, "HUB_KAFKA_BOOTSTRAP": ""}
        assert data in hub(words, **more)
    who = ("--name", "A", "--email", "a@example.org")
    assert data in hub(("people", "add", *who), HUB_DATA=data)


def test_a_disk_that_is_full_is_named(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("hub.ledger.session._private", full)
    assert hub(("ledger", "migrate"), 75) == f"{tmp_path}/ledger.db: No space left on device\n"
