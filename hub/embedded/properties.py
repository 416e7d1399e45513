"""The one node is set for one node: one of everything internal, loopback, our largest record."""

from pathlib import Path

from hub.topics import LARGEST


def properties(log: Path, port: int, controller: int) -> str:
    """`server.properties` of a broker that is its own controller."""
    values: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"CLIENT://127.0.0.1:{port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": log,
        "auto.create.topics.enable": "false",
        "message.max.bytes": LARGEST,
        "replica.fetch.max.bytes": LARGEST,
        "replica.fetch.response.max.bytes": LARGEST,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "min.insync.replicas": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        # A node killed and started again waits for its former self to be given up.
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        # More of them only wake each other: a message of a quiet road cost Kafka a third more.
        "num.network.threads": 1,
        "num.io.threads": 3,
        "background.threads": 2,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "log.index.size.max.bytes": 1024 * 1024,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())
