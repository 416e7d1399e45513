"""Where each role of this hub listens is written in one place, so that nobody has to guess a port."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hub.settings import Settings
from hub.wrong import SetUpWrong


class PortTaken(SetUpWrong):
    """Something else listens where we must: starting again would not help."""


@dataclass(frozen=True)
class Place:
    """A role that is ready: its process, and its port where it listens."""

    pid: int
    port: int | None = None


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    What it accepts sends at once: asyncio sees to that only for sockets whose protocol is named,
    and an answer in two parts would wait 40 ms for the other side's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=512)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def listening(settings: Settings, name: Literal["desk", "door", "probe"]) -> socket.socket:
    """The socket of a door as the settings say; raises `PortTaken` with what to set."""
    host, port = getattr(settings, f"{name}_host"), getattr(settings, f"{name}_port")
    try:
        return listen(host, port)
    except OSError as error:
        raise PortTaken(
            f"HUB_{name.upper()}_PORT={port} cannot be had on {host} ({error.strerror}):"
            " set another port, or 0 for any free one"
        ) from error


def announce(data: Path, role: str, port: int | None = None) -> None:
    """Says that this process serves as `role` now, at `port` where it listens."""
    write_whole(_file(data, role), json.dumps({"pid": os.getpid(), "port": port}))


def find(data: Path, role: str) -> Place | None:
    """Where the role said that it listens; it may have ended since."""
    try:
        told = json.loads(_file(data, role).read_text())
        return Place(int(told["pid"]), told.get("port"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_whole(path: Path, text: str) -> None:
    """The file holds all of `text` or what it held before, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_text(text)
    written.replace(path)


def _file(data: Path, role: str) -> Path:
    return data / "ports" / f"{role}.json"
