"""Containers are used where a Docker engine answers and has the image, and are never waited for in vain.

What keeps a container from serving is said on stderr, and whoever asked takes something else; all
bounds together stay below the time that a test is given.
"""

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.kit.shared import Facts

ANSWERS_WITHIN = 5.0
PULL_WITHIN = 20.0
SERVES_WITHIN = 45.0
_LABEL = {"front-door-hub": "tests"}


def start(
    image: str,
    inside: int,
    port: int,
    environment: dict[str, str],
    serves: Callable[[bytes], bool],
) -> Facts | None:
    """Starts a container that serves on 127.0.0.1:`port`; none where that is not to be had.

    Args:
        image: pulled where the engine does not have it.
        inside: the port that it serves inside.
        port: a free one; a port of the engine's choice would change with a restart.
        environment: of its program.
        serves: asked with all that it logged, whether it serves.
    """
    if os.environ.get("HUB_TEST_CONTAINERS", "1") == "0":
        return None
    client = _engine()
    if client is None:
        return None
    with contextlib.closing(client):
        if not _has(client, image):
            return None
    return _run(image, inside, port, environment, serves)


def remove(facts: Facts) -> None:
    """Ends a container by the id that `start` told."""
    import docker

    gone = contextlib.suppress(docker.errors.NotFound)
    with contextlib.closing(docker.from_env(timeout=30)) as client, gone:
        client.containers.get(facts["container"]).remove(force=True, v=True)


def _engine() -> Any | None:
    import docker

    if not _listens(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")):
        return None
    client = None
    try:
        client = docker.from_env(timeout=ANSWERS_WITHIN)
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        _say(f"the Docker engine does not answer ({error})")
        if client is not None:
            client.close()
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


def _has(client: Any, image: str) -> bool:
    """True where the image is there or was pulled in time."""
    import docker

    with contextlib.suppress(docker.errors.ImageNotFound):
        client.images.get(image)
        return True
    pulled: list[str] = []
    # Docker's client sets no bound to a pull. A slow one goes on behind us, for the next session.
    pulling = threading.Thread(target=_pull, args=(image, pulled), daemon=True)
    pulling.start()
    pulling.join(PULL_WITHIN)
    if pulled != [""]:
        why = pulled[0] if pulled else f"not pulled within {PULL_WITHIN:.0f} s"
        _say(f"{image} is not to be had ({why})")
    return pulled == [""]


def _pull(image: str, pulled: list[str]) -> None:
    """Notes what went wrong, or nothing."""
    import docker

    try:
        with contextlib.closing(docker.from_env(timeout=ANSWERS_WITHIN)) as client:
            client.images.pull(*docker.utils.parse_repository_tag(image))
        pulled.append("")
    except (docker.errors.DockerException, OSError) as error:
        pulled.append(str(error) or type(error).__name__)


def _run(
    image: str,
    inside: int,
    port: int,
    environment: dict[str, str],
    serves: Callable[[bytes], bool],
) -> Facts | None:
    import docker
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # The reaper would end a container with the worker that started it, under the others' hands.
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer(image).with_envs(**environment).with_kwargs(labels=_LABEL)
    container.ports = {inside: ("127.0.0.1", port)}  # type: ignore[dict-item]
    deadline = time.monotonic() + SERVES_WITHIN
    why = f"did not serve within {SERVES_WITHIN:.0f} s"
    try:
        container.start()
        while time.monotonic() < deadline:
            said = b"\n".join(container.get_logs())
            if serves(said) and _answers(port):
                return {"container": container.get_container_id()}
            if not _runs(container.get_wrapped_container()):
                why = f"ended:\n{said.decode(errors='replace')[-1000:]}"
                break
            time.sleep(0.1)
    except (docker.errors.DockerException, RuntimeError, OSError) as error:
        why = str(error)
    _say(f"{image} {why}")
    with contextlib.suppress(docker.errors.DockerException, OSError):
        container.stop()
    return None


def _runs(container: Any) -> bool:
    container.reload()
    return container.status in ("created", "running")


def _answers(port: int) -> bool:
    """False as well where the engine publishes its ports on another machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _say(what: str) -> None:
    print(f"no container: {what}", file=sys.stderr)
