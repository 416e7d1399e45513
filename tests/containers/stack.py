"""Every service of `deploy/compose.yaml` runs as Compose runs it, and can be paused, killed and cut off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testcontainers.compose import DockerCompose

from tests.containers.furnished import BROKERS

ROOT = Path(__file__).parents[2]
PROJECT = "front-door-hub-tests"
FILES = ["compose.yaml", "../tests/containers/compose.yaml"]


@dataclass(frozen=True)
class Fault:
    """What is done to whom for how long, what then stands still, and what must go on all the same.

    Args:
        what: pause, kill (SIGKILL, and started again at the end), or the network that is cut.
        whom: services.
        stops: of `acknowledged`, `arrived`, `collected`: what nothing more is seen of meanwhile.
        lasts: of the same, what is seen of all the time.
    """

    what: str
    whom: tuple[str, ...]
    stops: tuple[str, ...] = ()
    lasts: tuple[str, ...] = ()
    seconds: float = 10.0

    def __str__(self) -> str:
        names = "kafka" if self.whom == BROKERS else "+".join(self.whom)
        return f"{self.what}-{names}"


@dataclass
class Stack:
    """The services, by their names in the Compose file; `docker` is the engine's own client."""

    docker: Any
    home: Path
    environment: Mapping[str, str]
    compose: DockerCompose = field(init=False)

    def __post_init__(self) -> None:
        told = self.home / "compose.env"
        told.write_text("".join(f"{name}={value}\n" for name, value in self.environment.items()))
        self.compose = DockerCompose(
            ROOT / "deploy", FILES, wait=False, env_file=str(told), docker_command_path="docker"
        )

    def up(self) -> None:
        """Starts all of them, in the order that the file says; what a killed session left goes first."""
        self.compose.stop()
        self.compose.start()

    def down(self, log: Path) -> None:
        """Removes all of it, volumes and networks too; what they said is kept."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            log.write_text("".join(self.compose.get_logs()))
        self.compose.stop()

    def container(self, service: str) -> Any:
        """The one container of a service, running or not."""
        label = "com.docker.compose"
        wanted = [f"{label}.project={PROJECT}", f"{label}.service={service}"]
        [found] = self.docker.containers.list(all=True, filters={"label": wanted})
        return found

    def network(self, name: str) -> Any:
        """One of the file's networks."""
        return self.docker.networks.get(f"{PROJECT}_{name}")

    def address(self, service: str, network: str) -> str:
        """Where this machine reaches a service that publishes nothing."""
        networks = self.container(service).attrs["NetworkSettings"]["Networks"]
        return str(networks[f"{PROJECT}_{network}"]["IPAddress"])

    def hub(self, *words: str, service: str = "core") -> str:
        """`hub …` in a role's container, with its settings; it must not fail."""
        done = self.container(service).exec_run(["python3", "-m", "hub", *words])
        said: str = done.output.decode()
        assert done.exit_code == 0, said
        return said

    @asynccontextmanager
    async def suffering(self, fault: Fault) -> AsyncIterator[None]:
        """While the block lasts."""
        whom = [await asyncio.to_thread(self.container, name) for name in fault.whom]
        try:
            for container in whom:
                await asyncio.to_thread(self._do, fault.what, container)
            yield
        finally:
            for name, container in zip(fault.whom, whom, strict=True):
                await asyncio.to_thread(self._undo, fault.what, name, container)

    def _do(self, what: str, container: Any) -> None:
        if what == "pause":
            container.pause()
        elif what == "kill":
            container.kill()
        else:
            self.network(what).disconnect(container)

    def _undo(self, what: str, service: str, container: Any) -> None:
        if what == "pause":
            container.unpause()
        elif what == "kill":
            container.start()
        else:
            self.network(what).connect(container, aliases=[service])
