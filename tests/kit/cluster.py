"""Three brokers on loopback as production has them: TLS, passwords, an authorizer, every record on two at least."""

import base64
import contextlib
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from string import Template
from uuid import uuid4

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from hub.embedded.processes import end, free_port, runs, start_detached
from hub.embedded.runtime import arguments
from hub.kafka.acls import Allowed
from hub.kafka.users import binding
from tests.contract.transports.certificates import Authority
from tests.kit import shared
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "deploy/kafka/server.properties"
ADMIN = "kafka-admin"
PASSWORD = "invented-for-this-test"
_BRIEF = """
# A test is short: few internal partitions, and who is killed is missed soon.
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=3
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
"""


@dataclass
class Broker:
    """One node: its address for clients, and its process while it runs."""

    number: int
    home: Path
    ports: tuple[int, int, int]
    pid: int = 0

    @property
    def properties(self) -> Path:
        return self.home / "server.properties"

    @property
    def log(self) -> Path:
        return self.home / "kafka.log"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    def start(self) -> None:
        """Begins; whoever starts it waits for what it says."""
        program = [*arguments("256m", True), "kafka.Kafka", str(self.properties)]
        self.pid = start_detached(program, self.log)

    def serves(self) -> bool:
        """Whether it said so in this run; raises where it ended."""
        said = self.log.read_text(errors="replace")
        if not runs(self.pid, str(self.properties)):
            raise RuntimeError(f"broker {self.number} ended:\n{said[-3000:]}")
        return "Kafka Server started" in said

    def kill(self) -> None:
        """Ends it as a crash would."""
        end(self.pid, str(self.properties), signal.SIGKILL, 10.0)


@dataclass
class Cluster:
    """Brokers of one test, and the authority that signed for them."""

    folder: Path
    brokers: list[Broker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authority = Authority(self.folder)

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.address for broker in self.brokers)

    @property
    def ca(self) -> Path:
        return self.authority.file

    def client(self, user: str) -> dict[str, str | int | float | bool]:
        """How librdkafka comes in as a user."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.ca),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": PASSWORD,
            "log_level": "0",
        }

    def settings(self, user: str) -> dict[str, str]:
        """How the hub comes in as a user."""
        return {
            "HUB_KAFKA_BOOTSTRAP": self.bootstrap,
            "HUB_KAFKA_SECURITY": "SASL_SSL",
            "HUB_KAFKA_CA_FILE": str(self.ca),
            "HUB_KAFKA_USERNAME": user,
            "HUB_KAFKA_PASSWORD": PASSWORD,
            "HUB_KAFKA_REPLICATION": "3",
        }

    def prepare(self) -> None:
        """Writes each broker's properties and formats its disk, with the administrator's password."""
        pair = self.authority.pair("kafka-broker")
        store = self.folder / "broker.pem"
        store.write_text(pair.key.read_text() + pair.certificate.read_text())
        taken: set[int] = set()
        for number in (1, 2, 3):
            ports: list[int] = []
            while len(ports) < 3:
                if (port := free_port()) not in taken:
                    ports.append(port)
                    taken.add(port)
            home = self.folder / f"broker-{number}"
            home.mkdir()
            self.brokers.append(Broker(number, home, (ports[0], ports[1], ports[2])))
        voters = ",".join(f"{b.number}@127.0.0.1:{b.ports[2]}" for b in self.brokers)
        cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        template = Template(TEMPLATE.read_text())
        for broker in self.brokers:
            at = [f"127.0.0.1:{port}" for port in broker.ports]
            said = template.safe_substitute(
                NODE_ID=broker.number,
                VOTERS=voters,
                LOG_DIRS=broker.home / "log",
                CLIENT_LISTENS=at[0],
                CLUSTER_LISTENS=at[1],
                CONTROLLER_LISTENS=at[2],
                CLIENT_ADDRESS=at[0],
                CLUSTER_ADDRESS=at[1],
                KEYSTORE=store,
                TRUSTSTORE=self.ca,
            )
            broker.properties.write_text(said + _BRIEF)
        password = f"SCRAM-SHA-512=[name={ADMIN},password={PASSWORD}]"
        for broker in self.brokers:
            formats = [f"--cluster-id={cluster}", "-c", str(broker.properties)]
            subprocess.run(
                [*arguments("256m", True), "kafka.tools.StorageTool", "format"]
                + [*formats, "--add-scram", password],
                capture_output=True,
                check=True,
            )

    def start(self) -> None:
        """Starts all, and waits until all serve."""
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            wait_until(broker.serves, 60, 0.1)

    def add_users(self, names: Iterable[str]) -> None:
        """Gives each a password, as an administrator does."""
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(n, scram, PASSWORD.encode()) for n in names
        ]
        admin = self.admin()  # held: its answers end with it
        for done in admin.alter_user_scram_credentials(wanted).values():
            done.result(20)

    def allow(self, lines: Iterable[str]) -> None:
        """Does what calls of `kafka-acls.sh` say, as `hub kafka acls` prints them."""
        bindings = [binding(one) for line in lines if line.startswith("$") for one in bound(line)]
        admin = self.admin()
        for done in admin.create_acls(bindings).values():
            done.result(20)

    def empty(self) -> None:
        """Deletes every topic but Kafka's own."""
        admin = self.admin()

        def listed() -> list[str]:
            return [t for t in admin.list_topics(timeout=10).topics if not t.startswith("__")]

        if found := listed():
            for done in admin.delete_topics(found).values():
                done.result(20)
        wait_until(lambda: not listed(), 20)

    def admin(self) -> AdminClient:
        """Whoever may do everything."""
        return AdminClient(self.client(ADMIN))


def bound(line: str) -> Iterator[Allowed]:
    """What one call of `kafka-acls.sh` allows."""
    words = line.split()[2:]
    user = words[words.index("--allow-principal") + 1].removeprefix("User:")
    pairs = list(pairwise(words))
    named = [(flag[2:], name) for flag, name in pairs if flag in ("--topic", "--group")]
    named += [("cluster", "kafka-cluster")] if "--cluster" in words else []
    for operation in [name for flag, name in pairs if flag == "--operation"]:
        for kind, name in named:
            yield Allowed(user, kind, name, operation)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that serves, gone after the block and with the session."""
    made = Cluster(folder)
    made.prepare()
    try:
        made.start()
        facts = {str(b.number): f"{b.pid} {b.properties}" for b in made.brokers}
        shared.once(f"cluster-{uuid4().hex[:8]}", lambda: facts)
        yield made
    finally:
        for broker in made.brokers:
            broker.kill()


def _stop(facts: shared.Facts) -> None:
    for told in facts.values():
        pid, _, properties = told.partition(" ")
        with contextlib.suppress(OSError):
            end(int(pid), properties, signal.SIGKILL, 10.0)


shared.stops("cluster", _stop)
