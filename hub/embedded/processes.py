"""A process is known by what it runs, never by its number alone, so that no stranger is ever ended."""

import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

_PORTS = range(20_000, 32_000)
"""Below the ports that systems take for outgoing connections: still free after a restart."""

_WAIT = 2.0
"""Seconds that a server which just ended may still hold its port."""


def start_detached(command: list[str], log: Path) -> int:
    """Starts a process that outlives this one and writes to `log`; returns its pid."""
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), write, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def runs(pid: int, sign: str) -> bool:
    """True where the process `pid` is alive and `sign` is an argument of its command line."""
    if not Path("/proc/self").exists():
        asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        return sign in subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    deadline = time.monotonic() + 0.5
    while is_there(pid):
        # While a program is being replaced by another (exec) there is nothing to read.
        shown = _command(pid)
        if shown or time.monotonic() > deadline:
            return sign in shown
        time.sleep(0.005)
    return False


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def end(pid: int, sign: str, how: signal.Signals, patience: float) -> bool:
    """Signals the process if it is still the one meant; True when it is gone within `patience`."""
    if not runs(pid, sign):
        return True
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        _reap(pid)
        if not is_there(pid):
            return True
        time.sleep(0.02)
    return False


def is_there(pid: int) -> bool:
    """A process that is ending runs nothing any more, but its last thread still holds its ports."""
    try:
        os.kill(pid, 0)
        if not Path("/proc/self").exists():
            return True
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def is_free(port: int) -> bool:
    """True where a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(last: int | None = None) -> int:
    """The port of last time where it is still free, so that clients find the server again."""
    deadline = time.monotonic() + _WAIT
    while last is not None and time.monotonic() < deadline:
        if is_free(last):
            return last
        time.sleep(0.05)
    while True:
        port = secrets.choice(_PORTS)
        if is_free(port):
            return port
