"""Containers are used where an engine answers and has the image, and are never waited for in vain."""

import os
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from tests.kit.shared import Facts

_LABEL = {"front-door-hub": "tests"}


def engine() -> Any | None:
    """The Docker engine of this machine, if one answers."""
    import docker

    if not _listens(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")):
        return None
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except (docker.errors.DockerException, OSError):
        return None
    return client


def _listens(address: str) -> bool:
    # The client leaves its socket open when it cannot connect, so look first.
    parts = urlsplit(address)
    unix = parts.scheme == "unix"
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        probe.settimeout(2)
        try:
            probe.connect(parts.path if unix else (parts.hostname, parts.port))
        except (OSError, TypeError):
            return False
    return True


def has_image(client: Any, name: str) -> bool:
    """True where the image is there or can be pulled."""
    import docker

    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        try:
            client.images.pull(name)
        except (docker.errors.DockerException, OSError):
            return False
    return True


def run(image: str, inside: int, port: int, environment: dict[str, str], says: str) -> Facts | None:
    """Starts a container that serves on 127.0.0.1:`port`; none where that is not to be had."""
    import docker
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    # The reaper would end a container with the worker that started it, under the others' hands.
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer(image).with_envs(**environment).with_kwargs(labels=_LABEL)
    container.ports = {inside: ("127.0.0.1", port)}  # type: ignore[dict-item]
    try:
        container.waiting_for(LogMessageWaitStrategy(says)).start()
    except (docker.errors.DockerException, TimeoutError, RuntimeError, OSError):
        # An engine that cannot run it is as good as none.
        container.stop()
        return None
    if not _answers(port):
        container.stop()
        return None
    return {"container": container.get_container_id()}


def remove(facts: Facts) -> None:
    """Ends a container by the id that `run` told."""
    import docker

    try:
        docker.from_env(timeout=30).containers.get(facts["container"]).remove(force=True, v=True)
    except docker.errors.NotFound:
        return


def _answers(port: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def wanted() -> bool:
    """Containers can be declined, where an engine answers that tests should leave alone."""
    return os.environ.get("HUB_TEST_CONTAINERS", "1") != "0"
