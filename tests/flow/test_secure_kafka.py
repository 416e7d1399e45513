"""A whole hub works on a cluster that asks for TLS and a password, and says in a sentence why it may not."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from hub import clock
from hub.embedded import EmbeddedKafka, node
from hub.embedded.processes import free_port
from hub.embedded.properties import properties
from tests.contract.transports.certificates import Authority
from tests.flow.whole_hub import EDT, TEAM, WholeHub
from tests.kit.people import a_handover
from tests.kit.waiting import eventually

PASSWORD = "invented-for-this-test"


def secured(port: int, store: Path) -> str:
    """What a cluster's brokers add for clients that come by TLS and prove themselves (Kafka, 7.2, 7.3)."""
    mine = "listener.name.secure"
    module = "org.apache.kafka.common.security"
    return f"""
{mine}.ssl.keystore.type=PEM
{mine}.ssl.keystore.location={store}
{mine}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
{mine}.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_hub="{PASSWORD}";
{mine}.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
"""


@pytest.fixture
def secure(
    tmp_path: Path, kafka_node: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Path]]:
    """The address of a listener with TLS and SASL, and the authority that signed its certificate."""
    authority = Authority(tmp_path)
    pair = authority.pair("broker")
    store = tmp_path / "store.pem"
    store.write_text(pair.key.read_text() + pair.certificate.read_text())
    port = free_port()

    def with_it(log: Path, client: int, controller: int) -> str:
        said = properties(log, client, controller)
        for name in ("listeners", "advertised.listeners"):
            said = said.replace(f"\n{name}=", f"\n{name}=SECURE://127.0.0.1:{port},")
        protocols = "listener.security.protocol.map="
        said = said.replace(protocols, f"{protocols}SECURE:SASL_SSL,")
        return said + secured(port, store)

    monkeypatch.setattr(node, "properties", with_it)
    plain = kafka_node.start()
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192)
    user = UserScramCredentialUpsertion("hub", scram, PASSWORD.encode())
    admin = AdminClient({"bootstrap.servers": plain})
    for done in admin.alter_user_scram_credentials([user]).values():
        done.result(20)
    yield f"127.0.0.1:{port}", authority.file


def the_hub(home: Path, address: str, ca: Path, **more: str) -> WholeHub:
    (home / "password").write_text(PASSWORD)
    given = {
        "HUB_KAFKA_BOOTSTRAP": address,
        "HUB_KAFKA_SECURITY": "SASL_SSL",
        "HUB_KAFKA_CA_FILE": str(ca),
        "HUB_KAFKA_USERNAME": "hub",
        "HUB_KAFKA_PASSWORD_FILE": str(home / "password"),
        "EDT_TOKEN": "edt",
        "TEAM_TOKEN": "team",
    }
    return WholeHub(home, {"edt": EDT, "team": TEAM}, given | more)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(240)
async def test_a_handover_travels_over_tls_and_a_password(
    tmp_path: Path, secure: tuple[str, Path]
) -> None:
    address, ca = secure
    home = tmp_path / "site"
    home.mkdir()
    hub = the_hub(home, address, ca)
    async with hub.running(), httpx.AsyncClient(timeout=20, trust_env=False) as web:
        body = a_handover(1).model_dump(mode="json")
        handed_over: dict[str, Any] = {
            "type": "edt.handover",
            "occurred_at": clock.now().isoformat(),
            "reference": "EDT-0417",
            "recipients": [{"agency": "X26TEA", "for": "action"}],
            "body": body,
        }
        door = f"{hub.url('door')}/v1/partners/edt/messages"
        answer = await web.post(door, json=handed_over, headers={"authorization": "Bearer edt"})
        assert answer.status_code in (200, 201, 202), answer.text
        box, mine = f"{hub.url('desk')}/v1/outbox/team", {"authorization": "Bearer team"}

        async def offered() -> bool:
            return bool((await web.get(box, headers=mine)).json()["deliveries"])

        await eventually(offered, 30)
        [one] = (await web.get(box, headers=mine)).json()["deliveries"]
        found = await web.get(f"{box}/{one['delivery_id']}", headers=mine)
        assert found.json()["body"]["handover"] == body["handover"]


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(120)
async def test_what_the_cluster_will_not_have_is_told_by_its_setting(
    tmp_path: Path, secure: tuple[str, Path]
) -> None:
    address, ca = secure
    home = tmp_path / "site"
    home.mkdir()
    other = Authority(tmp_path).file
    wrong = {
        "HUB_KAFKA_PASSWORD_FILE": {
            "HUB_KAFKA_PASSWORD": "not-this-one",
            "HUB_KAFKA_SASL_MECHANISM": "PLAIN",
        },
        "HUB_KAFKA_CA_FILE": {"HUB_KAFKA_CA_FILE": str(other)},
    }
    for setting, more in wrong.items():
        hub = the_hub(home, address, ca, **more)
        (home / "partners").mkdir(exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", "run"),
            env=hub.env,
            cwd=home,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 50)
        assert process.returncode == 78, said.decode()[-2000:]
        assert setting in said.decode()
        assert "Traceback" not in said.decode()
