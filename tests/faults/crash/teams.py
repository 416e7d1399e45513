"""A team's system keeps its own book of what arrived, in its order, repeats and all."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.faults.crash.manners import answer
from tests.faults.crash.wards import END, START


@dataclass(frozen=True, slots=True)
class Arrived:
    """One arrival: our name for the delivery, and what the message itself says."""

    reference: str
    visit: str
    at: float
    manner: str = "well"
    """How it was answered; some leave the sender in doubt."""


@dataclass
class Team:
    """A system that is sent ADT over MLLP and answers each; some answers take a moment."""

    name: str
    seed: int
    arrived: list[Arrived] = field(default_factory=list)
    port: int = 0
    held_back: asyncio.Event | None = None
    """What arrives is not answered before this is set."""
    manner: str = "well"
    """How it answers now: see `manners`."""
    _server: asyncio.Server | None = None

    async def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Listens."""
        self._chance = Random(self.seed)
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port = port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            while True:
                block = (await reader.readuntil(END)).removeprefix(START).removesuffix(END)
                segments = {line[:3]: line.split("|") for line in block.decode().split("\r")}
                reference = segments["MSH"][9]
                visit = segments["PV1"][19].split("^")[0]
                manner = self.manner
                self.arrived.append(Arrived(reference, visit, time.time(), manner))
                if self.held_back is not None:
                    await self.held_back.wait()
                if self._chance.random() < 0.05:
                    await asyncio.sleep(self._chance.random() * 0.02)
                number = len(self.arrived)
                for pause, words in answer(manner, reference, number, self._chance.random()):
                    if words is None:
                        raise EOFError
                    await asyncio.sleep(pause)
                    writer.write(words)
                    await writer.drain()
        writer.close()

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()


@dataclass
class Collector:
    """A system that polls its outbox, takes what it finds, and knows repeats by their reference."""

    name: str
    token: str
    base: str
    arrived: list[Arrived] = field(default_factory=list)
    visit: Callable[[dict[str, Any]], str] = lambda told: str(told["body"]["visit"])
    """What it finds in a message to know it by."""

    async def run(self, stop: Callable[[], bool]) -> None:
        """Polls until told to stop; a desk that is away is tried again."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.base, headers=headers, timeout=10) as client:
            while not stop():
                listed = await self._ask(client, f"/v1/outbox/{self.name}", stop)
                waiting = listed.json()["deliveries"] if listed is not None else []
                known = {one.reference for one in self.arrived}
                fresh = [one for one in waiting if one["reference"] not in known]
                for one in waiting:
                    path = f"/v1/outbox/{self.name}/{one['delivery_id']}"
                    if one["reference"] not in known:
                        found = await self._ask(client, path, stop)
                        if found is None:
                            continue
                        visit = self.visit(found.json())
                        self.arrived.append(Arrived(one["reference"], visit, time.time()))
                    await self._ask(client, f"{path}/received", stop, "PUT")
                await asyncio.sleep(0.0 if fresh else 0.1)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        path: str,
        stop: Callable[[], bool],
        method: str = "GET",
    ) -> httpx.Response | None:
        while not stop():
            try:
                answer = await client.request(method, path, params={"limit": 500})
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code < 500:
                return answer if answer.status_code == 200 else None
            await asyncio.sleep(0.2)
        return None
