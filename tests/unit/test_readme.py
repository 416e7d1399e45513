"""What the README shows can be done as it is written there."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hub.cli import app
from hub.directory.partner_files import check

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_partner_is_a_partner(tmp_path: Path) -> None:
    (found,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    name = yaml.safe_load(found)["partner"]
    (tmp_path / f"{name}.yaml").write_text(found, encoding="utf-8")
    assert check(tmp_path) == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`hub ([a-z]+(?: [a-z-]+)?)", README))))
def test_its_commands_exist(command: str) -> None:
    told = CliRunner().invoke(app, [*command.split(), "--help"])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)", README))))
def test_its_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_what_it_links_to_is_there() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
