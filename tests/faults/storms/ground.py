"""What a storm's hub stands on: a Kafka, perhaps a PostgreSQL, their disks, and the lines between them all."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url

from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from tests.faults.storms.disk import Disk, disk
from tests.kit import shared
from tests.kit.postgres_server import PostgresServer, binaries

HEAP = "256m"


class Lines:
    """The proxy, told what to do."""

    def __init__(self, process: asyncio.subprocess.Process):
        self._process = process
        self._turn = asyncio.Lock()
        self.ports: dict[str, int] = {}

    async def open(self, route: str, to: int) -> int:
        """The port at which whoever listens at `to` is reached from now on."""
        self.ports[route] = free_port()
        await self.tell(route, listen=self.ports[route], to=to)
        return self.ports[route]

    async def tell(self, route: str, **order: Any) -> int:
        """Changes a route; how many answers were altered on it until now."""
        async with self._turn:
            if self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("the proxy has no ends")
            self._process.stdin.write(json.dumps({"route": route} | order).encode() + b"\n")
            await self._process.stdin.drain()
            answer = await self._process.stdout.readline()
            if not answer:
                raise RuntimeError("the proxy ended")
            return int(json.loads(answer)["altered"])


@asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    """A proxy process, while the block lasts."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.storms.proxy"), stdin=pipe, stdout=pipe
    )
    try:
        yield Lines(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass
class Ground:
    """Servers that run, and how they are reached."""

    home: Path
    lines: Lines
    kafka: EmbeddedKafka
    postgres: PostgresServer | None
    disks: dict[str, Disk] = field(default_factory=dict)
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    """Two steps that start and stop the same server come one after the other."""
    bootstrap: str = ""
    """Kafka's own address, past the proxy."""

    @property
    def shown(self) -> str:
        """Kafka as the hub knows it."""
        return f"127.0.0.1:{self.lines.ports['kafka']}"

    @property
    def database(self) -> str | None:
        """The ledger as the hub knows it; none: SQLite."""
        if self.postgres is None:
            return None
        url = make_url(self.postgres.url).set(port=self.lines.ports["postgres"])
        return url.render_as_string(hide_password=False)

    def turn(self, name: str) -> asyncio.Lock:
        """Whose turn it is with a server."""
        return self.turns.setdefault(name, asyncio.Lock())


@asynccontextmanager
async def ground(home: Path, ledger: str) -> AsyncIterator[Ground]:
    """Everything but the hub, while the block lasts."""
    async with AsyncExitStack() as stack:
        disks = {
            name: stack.enter_context(disk(home / folder, size))
            for name, folder, size in (("hub", "hub1", "400m"), ("kafka", "broker", "600m"))
        }
        node = EmbeddedKafka(home / "broker", HEAP, brief=True)
        carried = await stack.enter_async_context(lines())
        server = None
        if ledger == "postgres":
            place = stack.enter_context(_place())
            disks["postgres"] = stack.enter_context(disk(place, "1500m"))
            server = PostgresServer(place, binaries(place))
        real = {name: found for name, found in disks.items() if found is not None}
        made = Ground(home, carried, node, server, real)
        try:
            await _start(made)
            yield made
        finally:
            await asyncio.to_thread(node.kill)
            if server is not None:
                await asyncio.to_thread(server.stop, "immediate")


async def _start(made: Ground) -> None:
    starts = [asyncio.to_thread(made.kafka.start)]
    if made.postgres is not None:
        starts.append(asyncio.to_thread(made.postgres.start))
    addresses = await asyncio.gather(*starts)
    made.bootstrap = addresses[0]
    await made.lines.open("kafka", int(made.bootstrap.rpartition(":")[2]))
    if made.postgres is not None:
        await made.lines.open("postgres", make_url(addresses[1]).port or 0)


@contextmanager
def _place() -> Any:
    """A directory that PostgreSQL's own user can reach."""
    path = shared.directory(f"storm-{uuid4().hex[:8]}")
    yield path
