"""Every topic of the road exists as `hub.topics` says, with a leader for each partition, before a role starts."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from hub.broker import listens
from hub.kafka.consumer import plain_consumer
from hub.kafka.security import kafka_security, to_check
from hub.kafka.told import told
from hub.partners import Directory
from hub.settings import Settings
from hub.topics import LARGEST, ROADS, Topic, fixed, of_partner, recording
from hub.wrong import SetUpWrong

_ALREADY_THERE = 36
_INVALID_PARTITIONS = 37
_SET_ON_TOPIC = 1
_SETTLING = 0.05


class TopicsWrong(SetUpWrong):
    """The cluster cannot carry the road; the text says what its operator must set."""


class KafkaAway(Exception):
    """Nothing listens there, or it is not whole yet: time mends it."""


def wanted(settings: Settings, directory: Directory) -> list[Topic]:
    """The topics of this hub and of every partner in the directory."""
    from connectors.transports import TRANSPORTS

    topics = fixed(settings.kafka_partitions)
    for partner in directory:
        pulls = TRANSPORTS[partner.transport["kind"]].pulls
        topics += of_partner(partner.partner, partner.connections, pulls)
    return topics


async def ensure_topics(
    settings: Settings,
    directory: Directory,
    bootstrap: str | None = None,
    within: float = 60.0,
) -> list[str]:
    """Creates, widens and corrects what differs, never shrinks; returns what was changed.

    Two hubs may do this at once: each finds the other's work done. Configuration that a site set
    on a topic beyond ours is kept. Raises `TopicsWrong` where the cluster forbids what the road
    needs or does not let us in, `KafkaAway` where nobody listens or nothing is settled within
    `within` seconds.
    """
    where = bootstrap or settings.kafka_bootstrap or ""
    client = AIOKafkaAdminClient(
        bootstrap_servers=where,
        request_timeout_ms=10_000,
        **kafka_security(settings),
    )
    try:
        async with asyncio.timeout(within):
            await client.start()
            setup = _Setup(client, settings, where)
            return await setup.bring_about(wanted(settings, directory))
    except TimeoutError as error:
        raise KafkaAway(f"{where} did not settle its topics within {within:.0f} s") from error
    except (KafkaError, OSError) as error:
        if not await listens(where):
            raise KafkaAway(f"nothing listens at {where}") from error
        raise TopicsWrong(
            f"Kafka could not be asked for its topics: {error} ({to_check(settings)})"
        ) from error
    finally:
        await client.close()


class _Setup:
    def __init__(self, client: AIOKafkaAdminClient, settings: Settings, where: str):
        self._client = client
        self._replication = settings.kafka_replication
        self._settings = settings
        self._where = where

    async def bring_about(self, topics: list[Topic]) -> list[str]:
        await self._brokers_take_our_largest()
        made = await self._create(topics)
        changed = [f"created {name}" for name in made]
        there = await self._until_led(topics, at_least=1)
        narrow = [t for t in topics if len(there[t.name]["partitions"]) < t.partitions]
        unread = await self._unread(topic.name for topic in narrow)
        changed += [
            f"left {name} as narrow as it is: {count} records of it are unread, and what comes after"
            " them would overtake them (deploy/runbook/partition-growth.md)"
            for name, count in unread.items()
        ]
        wider = [topic for topic in narrow if topic.name not in unread]
        changed += [f"widened {topic.name} to {topic.partitions}" for topic in wider]
        for topic in wider:
            await self._widen(topic)
        changed += await self._correct([topic for topic in topics if topic.name not in made])
        await self._until_led([topic for topic in topics if topic.name not in unread])
        return changed

    async def _unread(self, narrow: Iterable[str]) -> dict[str, int]:
        """Records that core has not recorded so far, by topic; only what has an order that counts.

        Who widens sends the next words about a subject to another partition than the last ones.
        """
        wanted = set(narrow)
        found = {r: mine for r, names in ROADS.items() if (mine := wanted.intersection(names))}
        if not found:
            return {}
        there = {
            each["topic"]: [
                TopicPartition(each["topic"], p["partition"]) for p in each["partitions"]
            ]
            for each in await self._client.describe_topics(sorted(set().union(*found.values())))
        }
        spots = [spot for each in there.values() for spot in each]
        async with plain_consumer(self._settings, self._where) as consumer:
            consumer.assign(spots)
            begins, ends = (
                await consumer.beginning_offsets(spots),
                await consumer.end_offsets(spots),
            )
        unread: dict[str, int] = {}
        cluster = str((await self._client.describe_cluster())["cluster_id"])
        for road, names in found.items():
            group = self._settings.kafka_prefix + recording(road)
            known = await told(self._client, group, cluster)
            for name in sorted(names):
                at = {s: max(begins[s], known.get(s, 0)) for s in there[name]}
                if count := sum(max(0, ends[s] - at[s]) for s in there[name]):
                    unread[name] = count
        return unread

    def _config(self, topic: Topic) -> dict[str, str]:
        if self._replication < 2:
            return topic.config
        # acks=all means "all in sync", which without this may be the leader alone.
        return topic.config | {"min.insync.replicas": str(max(1, self._replication - 1))}

    async def _described(self, topics: Iterable[Topic]) -> dict[str, dict[str, Any]]:
        found = await self._client.describe_topics([topic.name for topic in topics])
        return {each["topic"]: each for each in found if not each["error_code"]}

    async def _create(self, topics: list[Topic]) -> list[str]:
        """Asks for all of them: only the controller knows for certain which are there."""
        answer = await self._client.create_topics(
            [
                NewTopic(
                    t.name,
                    t.partitions,
                    self._replication,
                    topic_configs=self._config(t),
                )
                for t in topics
            ]
        )
        for name, code, words in answer.topic_errors:
            if code not in (0, _ALREADY_THERE):
                raise _forbidden(name, code, words)
        return [name for name, code, _ in answer.topic_errors if not code]

    async def _widen(self, topic: Topic) -> None:
        try:
            await self._client.create_partitions({topic.name: NewPartitions(topic.partitions)})
        except KafkaError as error:
            # Another hub may have been first; what counts is that they are there.
            if error.errno != _INVALID_PARTITIONS:
                raise

    async def _correct(self, topics: list[Topic]) -> list[str]:
        if not topics:
            return []
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
        answers = await self._client.describe_configs(resources)
        own: dict[str, dict[str, str]] = {}
        effective: dict[str, dict[str, str]] = {}
        for code, words, _, name, entries in answers[0].resources:
            if code:
                raise _forbidden(name, code, words)
            effective[name] = {entry[0]: entry[1] for entry in entries}
            own[name] = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_ON_TOPIC}
        changes = []
        for topic in topics:
            ours = self._config(topic)
            if any(effective[topic.name].get(key) != value for key, value in ours.items()):
                # The protocol replaces a topic's whole configuration, so the site's own goes along.
                changes.append(
                    ConfigResource(ConfigResourceType.TOPIC, topic.name, own[topic.name] | ours)
                )
        if changes:
            for answer in await self._client.alter_configs(changes):
                for code, words, _, name in answer.resources:
                    if code:
                        raise _forbidden(name, code, words)
        return [f"corrected {change.name}" for change in changes]

    async def _brokers_take_our_largest(self) -> None:
        cluster = await self._client.describe_cluster()
        names = {"socket.request.max.bytes": LARGEST + 1024 * 1024}
        resources = [
            ConfigResource(ConfigResourceType.BROKER, str(broker["node_id"]), dict.fromkeys(names))
            for broker in cluster["brokers"]
        ]
        for answer in await self._client.describe_configs(resources):
            for code, _, _, broker, entries in answer.resources:
                if code:
                    return  # A managed cluster hides its brokers' settings: the topics' must do.
                for name, value, *_ in entries:
                    if int(value) < names[name]:
                        raise TopicsWrong(
                            f"broker {broker} has {name}={value}, too small for a record of "
                            f"{LARGEST} bytes; set {name}={names[name]} or more"
                        )

    async def _until_led(
        self, topics: list[Topic], at_least: int | None = None
    ) -> dict[str, dict[str, Any]]:
        while True:
            there = await self._described(topics)
            if all(_led(there.get(t.name), at_least or t.partitions) for t in topics):
                return there
            await asyncio.sleep(_SETTLING)


def _led(described: dict[str, Any] | None, partitions: int) -> bool:
    if described is None:
        return False
    led = [p for p in described["partitions"] if not p["error_code"] and p["leader"] >= 0]
    return len(led) >= partitions and len(led) == len(described["partitions"])


def _forbidden(topic: str, code: int, words: str | None) -> TopicsWrong:
    kind = for_code(code)
    said = words or kind.description
    return TopicsWrong(
        f"Kafka refused topic {topic} ({kind.message}: {said}). The road needs "
        f"max.message.bytes={LARGEST} (20 MiB) and the configuration in hub/topics.py; "
        "ask the cluster's operator to allow them, or set HUB_KAFKA_REPLICATION to fit"
    )
