"""On a cluster of three brokers each role may do its own work alone, and a broker that dies loses nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from hub import clock
from hub.kafka.acls import User, allowed, commands
from hub.partners import Directory, Partner
from hub.settings import Settings
from tests.flow.whole_hub import EDT
from tests.kit.apart import ApartHub
from tests.kit.cluster import ADMIN, Cluster, bound, cluster
from tests.kit.people import a_handover
from tests.kit.waiting import eventually

TEAM = """\
partner: team
title: Team East
role: assessment_team
agency: X26TEA
authorities: ["383"]
transport: {{kind: folder, outbound: {{path: {folder}, suffix: .json}}}}
format: {{kind: hub-json}}
receives: [{{type: edt.handover, for: action}}]
"""
# One cluster for all of them: three brokers are a lot for a small machine.
pytestmark = pytest.mark.xdist_group("cluster")
USERS = tuple(f"hub-{user}" for user in User)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        made.add_users([*USERS, "hub-edge-edt"])
        yield made


def the_hub(home: Path, three: Cluster) -> ApartHub:
    (home / "to-team").mkdir(parents=True)
    partners = {"edt": EDT, "team": TEAM.format(folder=home / "to-team")}
    roles = {role: three.settings(f"hub-{role}") for role in ("core", "desk", "edge")}
    roles["set"] = three.settings("hub-set-up")
    return ApartHub(home, partners, {"EDT_TOKEN": "edt"}, roles)


async def set_up(hub: ApartHub, three: Cluster) -> None:
    """As the runbook says."""
    three.empty()
    await hub.done("core", "keys", "make")
    three.allow((await hub.done("core", "kafka", "acls")).splitlines())
    words = ("acls", "edge", "--partners", "edt", "--name", "hub-edge-edt")
    three.allow((await hub.done("core", "kafka", *words)).splitlines())
    await hub.done("set-up", "kafka", "topics")
    await hub.done("core", "ledger", "migrate")


def refused_to_write(three: Cluster, user: str, topic: str) -> bool:
    said: list[Any] = []
    producer = Producer(three.client(user) | {"message.timeout.ms": 10_000})
    producer.produce(topic, b"", b"a key", on_delivery=lambda error, _: said.append(error))
    producer.flush(15)
    [error] = said
    assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
    return error is not None


def refused_to_read(three: Cluster, user: str, topic: str) -> bool:
    """Whether a record that stands there is kept from this user, as one of a group that all may join."""
    config = {"group.id": "probe", "auto.offset.reset": "earliest"}
    consumer = Consumer(three.client(user) | config)
    try:
        error = consumer.list_topics(topic, timeout=20).topics[topic].error
        if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return True
        consumer.assign([TopicPartition(topic, 0, 0)])
        found = consumer.poll(20)
        assert found is not None, (user, topic)
        error = found.error()
        assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
        return error is not None
    finally:
        consumer.close()


def refused_to_join(three: Cluster, user: str, group: str) -> bool:
    admin = AdminClient(three.client(user))
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    error = asked[group].exception(30)
    if error is not None:
        assert "GROUP_AUTHORIZATION_FAILED" in repr(error), error
    return error is not None


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_each_user_may_do_its_own_and_nothing_more(three: Cluster, tmp_path: Path) -> None:
    hub = the_hub(tmp_path, three)
    await set_up(hub, three)
    writes = {
        "hub-core": {"deliveries.team": True, "watched": True}
        | dict.fromkeys(("acts", "flows.handover", "parcels", "receipts", "reports"), False),
        "hub-desk": {"acts": True, "receipts": True}
        | dict.fromkeys(("deliveries.team", "flows.handover", "parcels", "watched"), False),
        "hub-edge": {"flows.handover": True, "parcels": True, "receipts": True, "reports": True}
        | dict.fromkeys(("acts", "deliveries.team", "watched", "flows.health"), False),
        "hub-edge-edt": {"flows.handover": True, "immediate": True}
        | dict.fromkeys(("acts", "deliveries.edt", "flows.police", "watched"), False),
        "hub-set-up": dict.fromkeys(("acts", "flows.handover", "deliveries.team"), False),
    }
    reads = {
        "hub-core": {"flows.handover": True, "acts": True, "deliveries.team": True},
        "hub-desk": dict.fromkeys(("acts", "flows.handover", "deliveries.team", "parcels"), False),
        "hub-edge": {"deliveries.team": True, "sources.team": True}
        | dict.fromkeys(("flows.handover", "acts", "parcels", "receipts"), False),
        "hub-edge-edt": {"deliveries.edt": True, "deliveries.edt.immediate": True}
        | dict.fromkeys(("deliveries.team", "sources.team", "flows.handover", "watched"), False),
        "hub-set-up": dict.fromkeys(("acts", "flows.handover", "deliveries.team"), False),
    }
    joins = {
        "hub-edge-edt": {"edge.edt": True, "edge.team": False, "core.flows": False},
        "hub-desk": {"core.now": False, "edge.edt": False},
        "hub-core": {"core.now": True, "edge.edt": False},
    }
    asks = "--operation Read --group probe"
    three.allow(f"$KAFKA_ACLS --add --allow-principal User:{user} {asks}" for user in reads)
    for topic in {name for wanted in reads.values() for name in wanted}:
        assert not refused_to_write(three, ADMIN, topic)
    found = [
        (kind, user, name, may, not refused(three, user, name))
        for kind, table, refused in (
            ("write", writes, refused_to_write),
            ("read", reads, refused_to_read),
            ("join", joins, refused_to_join),
        )
        for user, wanted in table.items()
        for name, may in wanted.items()
    ]
    assert [each for each in found if each[3] != each[4]] == []
    code, said = await hub.command("edge", "kafka", "topics")
    assert code == 78, said
    assert "TopicAuthorizationFailed" in said or "refused" in said, said


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_broker_that_dies_loses_nothing_and_stops_nothing(
    three: Cluster, tmp_path: Path
) -> None:
    hub = the_hub(tmp_path, three)
    await set_up(hub, three)
    described = three.admin().list_topics(timeout=10).topics
    spread = {
        len(p.replicas) for name in ("parcels", "acts") for p in described[name].partitions.values()
    }
    assert spread == {3}
    sent: list[str] = []
    stop = asyncio.Event()

    async def sends() -> None:
        """As EDT does: the same again until it is acknowledged."""
        async with httpx.AsyncClient(timeout=20, trust_env=False) as web:
            number = 0
            while not stop.is_set():
                number += 1
                message = {
                    "type": "edt.handover",
                    "occurred_at": clock.now().isoformat(),
                    "reference": f"EDT-{number}",
                    "recipients": [{"agency": "X26TEA", "for": "action"}],
                    "body": a_handover(number).model_dump(mode="json"),
                }
                door = f"{hub.url('door')}/v1/partners/edt/messages"
                while True:
                    answer = await web.post(
                        door, json=message, headers={"authorization": "Bearer edt"}
                    )
                    if answer.status_code in (200, 202):
                        break
                    assert answer.status_code in (429, 503), answer.text
                    await asyncio.sleep(0.2)
                sent.append(f"EDT-{number}")
                await asyncio.sleep(0.05)

    def delivered() -> int:
        return len(list((tmp_path / "to-team").glob("*.json")))

    sending = None
    try:
        await hub.start("core", "desk", "edge-in", "edge-out")
        sending = asyncio.create_task(sends())
        await eventually(lambda: delivered() >= 10, 40, 0.1)
        three.brokers[0].kill()
        before = len(sent)
        await eventually(lambda: len(sent) >= before + 30 and delivered() >= before + 15, 60, 0.1)
        stop.set()
        await sending
        await eventually(lambda: delivered() >= len(sent), 60, 0.1)
        assert delivered() == len(sent)
        said = await hub.done("core", "ledger", "reconcile")
        assert "balance" in said, said
    finally:
        stop.set()
        if sending is not None:
            sending.cancel()
        await hub.stop()
        three.brokers[0].start()


def test_what_is_printed_is_what_is_meant() -> None:
    """Every line can be read back: nothing that is allowed is left out by how it is written."""
    facts = {"title": "One", "role": "police", "agency": "p", "authorities": ["383"]}
    partner = Partner.model_validate(
        {"partner": "one", "transport": {"kind": "folder"}, "format": {"kind": "hub-json"}} | facts
    )
    for user in User:
        found = allowed(Settings(kafka_prefix="site-"), Directory([partner]), user, "me")
        assert {one for line in commands(found) for one in bound(line)} == set(found)
        groups = {one.name for one in found if one.kind == "group"}
        assert all(name.startswith("site-") for name in groups)
