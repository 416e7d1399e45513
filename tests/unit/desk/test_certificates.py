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
from hub.desk.shown.incident_words import incident_link, incident_title
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
    authority = Authority(tmp_path, days=3)
    pair = authority.pair("desk")
    said: list[Outbound] = []
    refused = [True, True]

    async def publish(outbounds: Sequence[Outbound]) -> None:
        if refused:
            raise Unable(f"Kafka is away {refused.pop()}")
        said.extend(outbounds)

    desk: Any = SimpleNamespace(keys=KEYS, road=SimpleNamespace(publish=publish))
    tls = ServerTls.model_validate(pair.settings | {"client_ca": authority.file}).context("desk")
    settings = Settings(
        instance="2", kafka_cert_file=pair.certificate, kafka_ca_file=authority.file
    )
    telling = asyncio.create_task(certificates.tell(settings, desk, tls))
    await eventually(lambda: said)
    telling.cancel()
    (out,) = said
    headers = {name: value.encode() for name, value in out.headers.items()}
    record = wire.read(KEYS, out.topic, headers, out.value)
    assert (record.kind, out.topic) == ("certificates", "reports")
    ours, trusted = tls.ours, tls.trusted
    assert ours is not None and trusted is not None
    assert ours.ends < trusted.ends
    assert record.meta["certificates"] == {
        "hub|desk-2": ours.ends.isoformat(),
        "hub|desk-2 trusted": trusted.ends.isoformat(),
        "hub|kafka of desk-2": ours.ends.isoformat(),
        "hub|kafka trusted of desk-2": trusted.ends.isoformat(),
    }


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
        (
            "st-elsewhere|push trusted",
            "An authority that we trust for St Elsewhere comes to its end",
            "/partners/st-elsewhere",
        ),
        ("hub|door trusted", "An authority that the HTTP door trusts comes to its end", ""),
        ("hub|desk-2 trusted", "An authority that the desk trusts comes to its end", ""),
        ("hub|kafka", "Our certificate for Kafka comes to its end", ""),
        (
            "hub|kafka trusted of desk-2",
            "An authority that we trust for Kafka comes to its end",
            "",
        ),
        ("hub|ledger", "Our certificate for PostgreSQL comes to its end", ""),
        ("hub|ledger theirs", "The certificate of PostgreSQL comes to its end", ""),
        (
            "hub|ledger trusted",
            "An authority that we trust for PostgreSQL comes to its end",
            "",
        ),
    ],
)
def test_its_title_says_whose_it_is(subject: str, title: str, link: str) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    one = Wrong("i", "certificate", subject, "it ends", moment, moment, 1, None, None, None, None)
    names = {"st-elsewhere": "St Elsewhere", "hub": "the hub"}
    desk: Any = SimpleNamespace(title=names.__getitem__)
    assert (incident_title(one, desk), incident_link(one)) == (title, link)
