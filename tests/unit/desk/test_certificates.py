"""The desk tells of its own certificate once it can, and its title says whose it is."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.tls import ServerTls
from hub import wire
from hub.broker import Unable
from hub.desk import certificates
from hub.desk.incident_words import incident_link, incident_title
from hub.ledger.read.incidents import Wrong
from hub.settings import Settings
from hub.wire import Outbound
from tests.contract.transports.certificates import Authority
from tests.kit.waiting import eventually
from tests.unit.edge.speaks import KEYS


async def test_it_tells_core_as_soon_as_kafka_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "AGAIN", 0.01)
    pair = Authority(tmp_path).pair("desk")
    said: list[Outbound] = []
    refused = [True, True]

    async def publish(outbounds: Sequence[Outbound]) -> None:
        if refused:
            raise Unable(f"Kafka is away {refused.pop()}")
        said.extend(outbounds)

    desk: Any = SimpleNamespace(keys=KEYS, road=SimpleNamespace(publish=publish))
    tls = ServerTls.model_validate(pair.settings).context("desk")
    telling = asyncio.create_task(certificates.tell(Settings(instance="2"), desk, tls))
    await eventually(lambda: said)
    telling.cancel()
    (out,) = said
    headers = {name: value.encode() for name, value in out.headers.items()}
    record = wire.read(KEYS, out.topic, headers, out.value)
    assert (record.kind, out.topic) == ("certificates", "reports")
    ours = tls.ours
    assert ours is not None
    assert record.meta["certificates"] == {"hub|desk-2": ours.ends.isoformat()}


@pytest.mark.parametrize(
    ("subject", "title", "link"),
    [
        ("hub|door", "The certificate of the HTTP door comes to its end", ""),
        ("hub|desk-2", "The certificate of the desk comes to its end", ""),
        ("hub|kafka of desk-2", "Our certificate for Kafka comes to its end", ""),
        (
            "st-elsewhere|listen",
            "Our certificate where St Elsewhere connects to us comes to its end",
            "/partners/st-elsewhere",
        ),
        (
            "st-elsewhere|push theirs",
            "The certificate of St Elsewhere comes to its end",
            "/partners/st-elsewhere",
        ),
    ],
)
def test_its_title_says_whose_it_is(subject: str, title: str, link: str) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    one = Wrong("i", "certificate", subject, "it ends", moment, moment, 1, None, None, None, None)
    names = {"st-elsewhere": "St Elsewhere", "hub": "the hub"}
    desk: Any = SimpleNamespace(title=names.__getitem__)
    assert (incident_title(one, desk), incident_link(one)) == (title, link)
