"""A role that is imported and waits for its turn, so that a restart does not pay for Python's start.

`python -m hub.running.standby ROLE RECORD`: imports the role, waits for one line on standard input, then
runs `hub ROLE` (for `edge-in`, `hub edge --part in`). RECORD is the supervisor's `run.json`: by it
a process is known as one of its own. Standard input that ends first means that the supervisor is
gone, and so is this process.
"""

import gc
import importlib
import pkgutil
import signal
import sys
from types import FrameType

from hub.telemetry import traces

TURN = b"go\n"
SHARED = ("hub.cli", "connectors.transports", "connectors.formats")


def warm(role: str) -> None:
    """Imports everything that the role will use."""
    for name in (f"hub.{role}", *SHARED, *(("hub.telemetry.otlp",) if traces.wanted() else ())):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            if "migrations" not in module.name:
                importlib.import_module(module.name)
    # What was imported stays; looking through it again and again cost core 5 % of its time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def main(name: str) -> None:
    """Warms, waits for the turn, and becomes the role."""
    signal.signal(signal.SIGTERM, _leave)
    role, _, part = name.partition("-")
    warm(role)
    if sys.stdin.buffer.readline() != TURN:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from hub.cli import app

    app(args=[role, *(["--part", part] if part else [])], prog_name="hub")


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main(sys.argv[1])
