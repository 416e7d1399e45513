"""What was written for a setting and is none is told, with the file and the name that was meant."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.commands.spelt import misspelt
from hub.directory.partner_files import named
from hub.partners import Directory

KNOWN = ("desk_port", "database_url", "kafka_bootstrap", "data")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HUB_DESK_PRT", "HUB_DESK_PORT"),
        ("HUB_DATABASEURL", "HUB_DATABASE_URL"),
        ("HUB_KAFKA_BOOTSTAP", "HUB_KAFKA_BOOTSTRAP"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_told(name: str, meant: str) -> None:
    [said] = misspelt(KNOWN, [name, "PATH"], (), "hub.toml")
    assert said == f"{name} is no setting and does nothing: was {meant} meant?"


@pytest.mark.parametrize("name", ["HUB_TOKEN_POLICE", "HUB_CORE_DATABASE_URL", "HUB_DATA", "HUB"])
def test_a_partners_secret_is_no_mistake(name: str) -> None:
    assert misspelt(KNOWN, [name], ["data"], "hub.toml") == []


def test_the_file_of_settings_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUB_DESK_PORT", raising=False)
    file = tmp_path / "hub.toml"
    for wrong, told in (
        ("site = ", "Invalid value"),
        ("desk_port = 99999", "HUB_DESK_PORT: Input should be less than or equal to 65535"),
    ):
        file.write_text(wrong)
        done = CliRunner().invoke(app, ["settings"])
        assert done.exit_code == 78
        assert done.stderr.startswith(f"{file}: {told}")
    file.write_text("desk_prt = 1\nanything = 2\n")
    done = CliRunner().invoke(app, ["settings"])
    assert done.exit_code == 0
    assert "hub.toml: desk_prt is no setting and does nothing: was desk_port meant?" in done.stderr
    assert "hub.toml: anything is no setting and does nothing\n" in done.stderr


def test_of_no_partners_none_is_offered() -> None:
    with pytest.raises(LookupError, match="no file in HUB_PARTNERS_DIR is of one"):
        named(Directory([]), "police")
