"""A supervisor as `hub run` uses it, over roles that only say that they run: `DATA NAME…`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.running import supervise
from hub.running.supervise import AlreadyRunning, Record, Role, Starts, Supervisor, alone
from hub.telemetry import logs

FAKE = """
import json, os, signal, sys, time
data, name, record = sys.argv[1:]
if sys.stdin.readline() != "go\\n":
    sys.exit()
with open(f"{data}/started", "a") as log:
    log.write(f"{name} {os.getpid()} {time.time()}\\n")
if name == "slow":
    signal.pause()
if name == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.makedirs(f"{data}/ports", exist_ok=True)
with open(f"{data}/ports/{name}.json", "w") as file:
    json.dump({"pid": os.getpid(), "port": None}, file)
if name == "frail":
    sys.exit(3)
signal.pause()
"""


def main(data: Path, names: list[str]) -> int:
    logs.set_up("run", pretty=False)
    supervise.GRACE = 1.0
    roles = [Role(n, (sys.executable, "-S", "-c", FAKE, str(data), n)) for n in names]
    try:
        with alone(data):
            return asyncio.run(_run(data, roles))
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 78


async def _run(data: Path, roles: list[Role]) -> int:
    record = Record(data)
    record.end_orphans()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Supervisor(data, roles, os.environ, record, Starts()).run(stop)
    record.forget()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
