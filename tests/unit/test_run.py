"""What the supervisor decides, and what it writes down before it acts."""

import io
import json
import logging
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faststream  # noqa: F401  (it brings a log handler of its own)
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.kafka.security import KafkaSettingsWrong, kafka_security
from hub.ledger.session import open_ledger
from hub.run import environment, free, keys
from hub.running import ports
from hub.running.ports import PortTaken
from hub.running.supervise import Record, pause
from hub.seal import KeyMissing, Keyring
from hub.seal_export import export_keys
from hub.settings import Settings
from hub.telemetry import logs
from tests.unit.test_partner_files import GOOD


def settings(**given_values: object) -> Settings:
    return Settings.model_validate(given_values)


@pytest.mark.parametrize(
    ("lives", "seconds"),
    [
        ([], 0.0),
        ([900.0], 0.0),
        ([0.1, 0.1, 0.1], 0.0),
        ([0.1] * 4, 0.5),
        ([0.1] * 6, 2.0),
        ([0.1] * 12, 10.0),
        ([0.1] * 6 + [60.0], 0.0),
    ],
)
def test_only_who_dies_again_and_again_waits(lives: list[float], seconds: float) -> None:
    assert pause(lives) == seconds


def test_one_that_was_killed_waits_a_second_at_most() -> None:
    assert [pause([0.1] * count, killed=True) for count in (3, 4, 5, 12)] == [0.0, 0.5, 1.0, 1.0]


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(3, 100))
def test_a_role_that_lived_is_started_at_once(lives: list[float], last: float) -> None:
    assert 0 <= pause(lives) <= 10
    assert pause([*lives, last]) == 0


def test_the_record_is_read_by_whoever_comes_next(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.note("edge", 11)
    record.note("core", 12)
    record.kafka = 13
    assert json.loads((tmp_path / "run.json").read_text()) == {"edge": 11, "core": 12, "kafka": 13}
    after = Record(tmp_path)
    assert (after.roles, after.kafka) == ({"edge": 11, "core": 12}, 13)


def test_a_stranger_with_an_old_number_is_left_alone(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.note("edge", os.getppid())
    record.end_orphans()
    os.kill(os.getppid(), 0)


def test_a_role_is_found_where_it_said(tmp_path: Path) -> None:
    assert ports.find(tmp_path, "desk") is None
    ports.announce(tmp_path, "desk", 8080)
    assert ports.find(tmp_path, "desk") == ports.Place(os.getpid(), 8080)
    (tmp_path / "ports" / "desk.json").write_text("{")
    assert ports.find(tmp_path, "desk") is None


def test_roles_are_told_what_was_set(tmp_path: Path) -> None:
    chosen = settings(data=tmp_path, desk_port=0, database_url="postgresql+psycopg://x")
    env = environment(chosen, "127.0.0.1:1")
    assert env["HUB_KAFKA_BOOTSTRAP"] == "127.0.0.1:1"
    assert env["HUB_DESK_PORT"] == "0"
    assert env["HUB_DATABASE_URL"] == "postgresql+psycopg://x"
    assert env["PATH"] == os.environ["PATH"]
    assert "HUB_SITE" not in env


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_KAFKA_BOOTSTRAP", "")
    monkeypatch.setenv("HUB_DATABASE_URL", "")
    assert Settings().embedded and Settings().ledger_url.startswith("sqlite:")


@pytest.mark.parametrize("name", ["desk_port", "door_port"])
def test_a_port_that_is_taken_is_named_before_anything_starts(name: str) -> None:
    free(settings(desk_port=0, door_port=0))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"HUB_{name.upper()}={port} cannot be had"):
            free(settings(**{"desk_port": 0, "door_port": 0, name: port}))
    free(settings(**{"desk_port": 0, "door_port": 0, name: port}))


def test_a_ledger_in_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    engine = open_ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")
    with engine.begin() as conn:
        conn.exec_driver_sql("create table t (x)")
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("new/*")}
    engine.dispose()
    assert "ledger.db-wal" in found and set(found.values()) == {0o600}


def test_keys_are_made_once_and_given_ones_must_be_whole(tmp_path: Path) -> None:
    chosen = settings(data=tmp_path)
    keys(chosen)
    before = (tmp_path / "keys" / "order.key").read_text()
    keys(chosen)
    assert (tmp_path / "keys" / "order.key").read_text() == before
    (tmp_path / "keys" / "case.key").unlink()
    with pytest.raises(KeyMissing, match=r"lacks case\.key"):
        keys(settings(data=tmp_path, keys_dir=tmp_path / "keys"))


def test_an_edge_outside_is_given_its_own_keys_only(tmp_path: Path) -> None:
    partners = tmp_path / "partners"
    partners.mkdir()
    (partners / "a.yaml").write_text(GOOD)
    (partners / "b.yaml").write_text(GOOD.replace("exemplar-police", "other-police"))
    chosen = settings(data=tmp_path, partners_dir=partners)
    keys(chosen)
    written = export_keys(chosen, ["exemplar-police"], tmp_path / "out")
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    ring, whole = Keyring.load(tmp_path / "out"), Keyring.load(chosen.keys)
    assert ring.watch("exemplar-police") == whole.watch("exemplar-police")
    assert ring.road_of("parcels", "2026-11") == whole.road_of("parcels", "2026-11")
    with pytest.raises(KeyMissing):
        ring.watch("other-police")
    with pytest.raises(KeyMissing):
        ring.key("case")
    with pytest.raises(ValueError, match="is not empty"):
        export_keys(chosen, ["exemplar-police"], tmp_path / "out")
    with pytest.raises(ValueError, match="no partner `nobody`"):
        export_keys(chosen, ["nobody"], tmp_path / "out2")


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"kafka_security": "SASL_SSL"}, "HUB_KAFKA_USERNAME"),
        ({"kafka_security": "SASL_SSL", "kafka_username": "hub"}, "HUB_KAFKA_PASSWORD_FILE"),
        ({"kafka_security": "SSL", "kafka_ca_file": "/none.pem"}, "HUB_KAFKA_CA_FILE=/none.pem"),
        ({"kafka_security": "SSL", "kafka_key_file": __file__}, "HUB_KAFKA_CERT_FILE"),
        ({"kafka_security": "SSL", "kafka_ca_file": __file__}, "PEM"),
    ],
)
def test_a_wrong_kafka_setting_is_named(wrong: dict[str, str], setting: str) -> None:
    with pytest.raises(KafkaSettingsWrong, match=re.escape(setting)):
        kafka_security(settings(**wrong))


def test_kafka_is_shown_who_we_are(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    known = kafka_security(
        settings(
            kafka_security="SASL_SSL",
            kafka_username="hub",
            kafka_password_file=tmp_path / "secret",
        )
    )
    assert known["sasl_plain_password"] == "s3cret"
    assert known["sasl_mechanism"] == "SCRAM-SHA-512"
    assert known["ssl_context"].check_hostname
    assert kafka_security(settings()) == {"security_protocol": "PLAINTEXT"}


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    logs.set_up("edge", stream=stream, pretty=False)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def test_a_log_line_keeps_known_facts_and_drops_the_rest(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    structlog.get_logger().info("owned", partner="exemplar", name="Zoë Exemplar")
    (line,) = lines()
    assert (line["event"], line["partner"], line["role"]) == ("owned", "exemplar", "edge")
    assert line["dropped"] == ["name"]
    assert "Zoë" not in json.dumps(line, ensure_ascii=False)


def test_an_exception_is_logged_by_type_and_place_never_by_its_words(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    try:
        int("Zoë Exemplar")
    except ValueError:
        structlog.get_logger().exception("could not read")
        logging.getLogger("asyncio").exception("Task failed\nfuture: Zoë Exemplar")
        logging.getLogger("elsewhere").warning("about %s", "Zoë Exemplar", exc_info=True)
    found = lines()
    assert [line["error"] for line in found] == ["ValueError"] * 3
    assert found[0]["at"][0].startswith("test_run.py:")
    assert "Zo" not in json.dumps(found)


def test_libraries_speak_through_our_log_alone(
    lines: Callable[[], list[dict[str, Any]]], capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("faststream").error("lost the broker")
    logging.getLogger("faststream").info("idle talk")
    logging.getLogger("httpx").warning("GET https://example.org/?child=Exemplar")
    assert [line["event"] for line in lines()] == ["lost the broker"]
    assert capfd.readouterr() == ("", "")


def test_a_talkative_library_gets_one_line_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("hub.telemetry.logs.time.monotonic", lambda: now[0])
    limit = logs.OnceASecond(("aiokafka",))

    def said(name: str) -> logging.LogRecord | None:
        record = logging.LogRecord(name, 30, "", 0, "no broker", None, None)
        return record if limit.filter(record) else None

    assert [said("aiokafka.conn") is not None for _ in range(5)] == [True] + [False] * 4
    assert said("hub.edge") is not None
    now[0] += 1.01
    later = said("aiokafka.cluster")
    assert later is not None and later.suppressed == 4  # type: ignore[attr-defined]


def test_events_are_fixed_sentences() -> None:
    spoken = re.compile(r"log\.(debug|info|warning|error|critical|exception)\(\s*(.)", re.S)
    for path in Path("hub").rglob("*.py"):
        for match in spoken.finditer(path.read_text()):
            assert match[2] == '"', f"{path}: an event is a literal, its facts are keywords"
