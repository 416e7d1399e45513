"""A disk of its own, so small that it can be filled, and whoever writes to it is told so by the system itself."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoDisk(Exception):
    """Only root may mount one."""


class Disk:
    """A file system in memory, mounted at `path` until `gone`."""

    def __init__(self, path: Path, size: str):
        self.path = path
        self._ballast = path / ".ballast"
        path.mkdir(parents=True, exist_ok=True)
        options = f"size={size},mode=0711"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "storm", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoDisk(done.stderr.strip() or "mount failed")

    def fill(self) -> None:
        """Takes all that is free now."""
        with self._ballast.open("ab") as ballast:
            found = os.statvfs(self.path)
            size = found.f_bavail * found.f_frsize
            with contextlib.suppress(OSError):
                os.posix_fallocate(ballast.fileno(), ballast.tell(), size) if size else None

    def room(self) -> None:
        """Gives it back."""
        self._ballast.unlink(missing_ok=True)

    def gone(self) -> None:
        """Unmounts it; whoever still writes there keeps nothing."""
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True, check=False)


@contextmanager
def disk(path: Path, size: str) -> Iterator[Disk | None]:
    """One, or none where none is to be had: then `path` is a plain directory."""
    try:
        made = Disk(path, size)
    except (NoDisk, FileNotFoundError):
        yield None
        return
    try:
        yield made
    finally:
        made.gone()
