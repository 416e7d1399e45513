"""What a process has spent of the processors is read from the kernel, before and after."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICK = 1e6 / os.sysconf("SC_CLK_TCK")


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """Microseconds of processor time by name, of each process and of its children."""
    kin: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        kin.setdefault(int(fields[1]), []).append(int(entry.name))
        times[int(entry.name)] = sum(map(int, fields[11:15])) * _TICK
    return {name: _tree(pid, kin, times) for name, pid in pids.items()}


def _tree(pid: int, kin: Mapping[int, list[int]], times: Mapping[int, float]) -> float:
    return times.get(pid, 0.0) + sum(_tree(child, kin, times) for child in kin.get(pid, ()))


def load_average() -> float:
    """Of the last minute: other people's work shows here."""
    return os.getloadavg()[0]
