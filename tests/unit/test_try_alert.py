"""An alert is tried before anything is wrong, straight to whom it is for, and says that it is a test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.commands.try_alert import try_command
from hub.settings import Settings
from tests.contract.transports.bench import Does
from tests.contract.transports.smtp_peer import MailServer

FILE = """\
partner: ops
title: Operations
role: operations
agency: council
authorities: ["383"]
transport:
  kind: smtp
  host: 127.0.0.1
  port: {port}
  tls: none
  sender: hub@council.example.org
  recipient: ops@council.example.org
  verified_domains: [council.example.org]
format: {{kind: incident-email}}
receives:
  - {{type: incident.opened, for: action}}
"""
POLLS = """\
partner: polls
title: Operations, by polling
role: operations
agency: council
authorities: ["383"]
transport: {kind: outbox, token: {env: HUB_TEST_TOKEN}}
format: {kind: hub-json}
receives: [{type: incident.opened, for: action}]
"""
HEARS_NOTHING = POLLS.replace("polls", "deaf").replace("opened", "recovered")


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """The mail server of the site."""
    made = MailServer()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
def settings(tmp_path: Path, mail: MailServer) -> Settings:
    """A site with three who keep it running."""
    files = {"ops": FILE.format(port=mail.port), "polls": POLLS, "deaf": HEARS_NOTHING}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return Settings(partners_dir=tmp_path, site="Exemplar")


async def test_it_arrives_and_says_that_nothing_is_wrong(
    settings: Settings, mail: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(try_command, settings, "ops") == 0
    [letter] = mail.letters
    assert letter["Subject"].startswith("Hub incident opened: test, ")
    assert "test of the alerts of Exemplar, and nothing is wrong" in letter.get_content()
    assert "once more" not in letter.get_content(), "none follows"
    assert "250 from the mail server" in capsys.readouterr().out


async def test_what_keeps_it_away_is_said(
    settings: Settings, mail: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for does, code, words in (
        (Does.REFUSES, 3, "550"),
        (Does.IS_BUSY, 2, "not now"),
        (Does.RESETS, 4, "look whether"),
    ):
        mail.does = does
        assert await asyncio.to_thread(try_command, settings, "ops") == code
        assert words in capsys.readouterr().err
    await mail.down()
    assert await asyncio.to_thread(try_command, settings, "ops") == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("polls", "collects"), ("deaf", "receives no"), ("opps", "write `ops`")],
)
async def test_who_can_get_none_is_told_so(
    settings: Settings, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert await asyncio.to_thread(try_command, settings, name) == 1
    assert words in capsys.readouterr().err
