"""What somebody asks at a terminal is answered from the ledger, and by the exit code for a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from hub.cli import app
from hub.core.reports import record_report
from hub.ledger.copies import standing
from hub.ledger.read.there import ledger_there
from hub.seal import Keyring
from hub.telemetry import traces
from tests.kit.deeds import settle, told
from tests.kit.lasting import sweep
from tests.kit.people import a_handover, an_attendance
from tests.kit.site import Bench, an_arrival

PARTNER = """\
partner: hospital
title: Exemplar Hospitals NHS Trust
role: health
agency: X26H1
authorities: ["383"]
transport: {kind: mllp, listen: {host: 127.0.0.1, port: 0}}
format: {kind: hl7v2}
sends: [health.attendance]
"""


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(ledger_url, tmp_path)
    partners = tmp_path / "partners"
    partners.mkdir()
    (partners / "hospital.yaml").write_text(PARTNER)
    monkeypatch.setenv("HUB_DATABASE_URL", ledger_url)
    monkeypatch.setenv("HUB_PARTNERS_DIR", str(partners))
    yield made
    made.engine.dispose()


def asked(*words: str) -> tuple[int, str]:
    said = CliRunner().invoke(app, words)
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.exit_code, said.output


def test_a_trace_tells_a_message_by_any_of_its_names_and_a_case_whole(bench: Bench) -> None:
    one = an_arrival("health.attendance", an_attendance(1), reference="A-1")
    bench.record(one, an_arrival("edt.handover", a_handover(1), "edt", reference="H-1"))
    [order, *_] = bench.orders()
    settle(bench, told(order, "try_again", detail="503"))
    [case] = bench.all("select case_ref from message where reference = 'A-1'")
    for name in ("A-1", one.message_id):
        code, said = asked("trace", name)
        assert code == 0
        assert "Exemplar Hospitals NHS Trust" in said and "the audit chain holds" in said
        assert f"trace {traces.place(one.message_id).trace_id}" in said
        assert "attempt 1" in said and "did not get through: 503" in said
    code, said = asked("trace", case.case_ref)
    assert code == 0 and "A-1" in said and "H-1" in said
    assert asked("trace", "A-2") == (1, "There is nothing under 'A-2'.\n")
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("update audit set entry = replace(entry, 'hospital', 'hospitol')")
    code, said = asked("trace", "A-1")
    assert code == 1 and "does not hold" in said


def test_an_audit_that_holds_says_so_and_one_that_does_not_names_the_place(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    assert asked("audit", "verify") == (0, "every chain holds\n")
    [row] = bench.all("select case_ref from case_file where audit_seq > 0")
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("delete from audit where seq = 1")
    code, said = asked("audit", "verify")
    assert code == 1 and f"case {row.case_ref}, entry 2: entry 1 is missing" in said
    assert asked("audit", "verify", "--case", row.case_ref)[0] == 1
    code, said = asked("audit", "root")
    assert code == 0 and "over 1 chains" in said
    assert asked("audit", "root") == (code, said)


def test_the_hub_is_one_screen_and_its_code_says_whether_it_balances(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    [order] = bench.orders()
    settle(bench, told(order, "refused", detail="not ours"))
    sweep(bench)
    code, said = asked("status")
    assert code == 0 and "✓ balanced" in said and "stopped, and a person must decide" in said
    assert "health.attendance 1" in said and "Exemplar Hospitals NHS Trust" in said
    counts = {"hospital": {"owned": 1, "not_ours": 20, "refused": 3, "unable": 2}}
    meta = {"edge": "1", "epoch": "e", "directory": "d", "partners": {}, "tallies": counts}
    bench.do(lambda work: record_report(work, meta))
    left = "from Exemplar Hospitals NHS Trust: 20 not ours, 3 refused, 2 that could not be taken"
    assert left in asked("status")[1]
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("delete from delivery where transport <> 'call'")
    code, said = asked("status")
    assert code == 1 and "hub ledger reconcile" in said


QUESTIONS = (
    ("status",),
    ("trace", "x"),
    ("ledger", "reconcile"),
    ("audit", "verify"),
    ("audit", "root"),
    ("backup", "copy"),
)


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_without_a_ledger_it_is_said_where_none_is_and_none_is_made(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a question makes would keep the backup from being put back."""
    monkeypatch.setenv("HUB_DATABASE_URL", "")
    monkeypatch.chdir(tmp_path)
    Keyring.first_start(tmp_path / "hub/keys")
    for data in (tmp_path / "hub", tmp_path / "missing"):
        before = sorted(tmp_path.rglob("*"))
        monkeypatch.setenv("HUB_DATA", str(data))
        monkeypatch.setenv("HUB_KEYS_DIR", str(tmp_path / "hub/keys"))
        monkeypatch.setenv("HUB_PARTNERS_DIR", str(tmp_path / "hub/keys"))
        code, said = asked(*words)
        assert code == (1 if words[0] == "backup" else 78)
        assert f"there is no ledger in {data}/ledger.db (HUB_DATA)" in said
        assert "`hub restore DIR`" in said and "`hub run`" in said
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_database_without_a_ledger_is_named_and_left_as_it_is(
    words: tuple[str, ...], postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgres_database)
    Keyring.first_start(tmp_path / "keys")
    monkeypatch.setenv("HUB_DATABASE_URL", postgres_database)
    monkeypatch.setenv("HUB_PARTNERS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("HUB_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    code, said = asked(*words)
    assert code == (1 if words[0] == "backup" else 78)
    assert f"/{url.database} (HUB_DATABASE_URL). If another was meant, mend that setting" in said
    assert standing(postgres_database) == "" and not (tmp_path / "copy").exists()
    gone = url.set(database="nowhere").render_as_string(hide_password=False)
    monkeypatch.setenv("HUB_DATABASE_URL", gone)
    code, said = asked(*words)
    assert code == 78 and "/nowhere (HUB_DATABASE_URL)" in said and "does not exist" in said


def test_a_question_cannot_write(tmp_path: Path) -> None:
    """On PostgreSQL its role cannot."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Bench(url, tmp_path).engine.dispose()
    with (
        ledger_there(url) as engine,
        engine.connect() as conn,
        pytest.raises(DBAPIError, match="readonly"),
    ):
        conn.exec_driver_sql("delete from partner_state")


def test_wrong_partner_files_are_told_by_line(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "partners" / "hospital.yaml").write_text(PARTNER.replace("health\n", "hearth\n"))
    code, said = asked("status")
    assert code == 78 and "hospital.yaml:3: `role: hearth` is not known. Write" in said
