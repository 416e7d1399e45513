"""What a test session starts is started once for all its workers, and is gone when the session is."""

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

_RUN = "HUB_TEST_RUN"
"""Set by the session's first process and inherited by its workers."""

Facts = dict[str, str]


def begin() -> Path | None:
    """Opens this session's directory; none in a worker, which finds the one it was given."""
    if _RUN in os.environ:
        return None
    home = Path(tempfile.gettempdir()) / f"front-door-hub-tests-{os.getuid()}"
    home.mkdir(mode=0o711, exist_ok=True)
    _sweep(home)
    run = home / str(os.getpid())
    run.mkdir(mode=0o711)
    os.environ[_RUN] = str(run)
    return run


def end(run: Path) -> None:
    """Stops whatever the session's processes left running, and forgets the session."""
    os.environ.pop(_RUN, None)
    for path in sorted(run.glob("*.json")):
        kind = path.stem.partition("-")[0]
        # Who starts the workers has not read what they read: a kind is named after its module here.
        import_module(f"tests.kit.{kind}")
        _STOPS[kind](json.loads(path.read_text()))
    shutil.rmtree(run, ignore_errors=True)


def directory(name: str) -> Path:
    """A directory of this session, shared by its workers."""
    path = Path(os.environ[_RUN]) / name
    path.mkdir(mode=0o711, exist_ok=True)
    return path


def once(name: str, start: Callable[[], Facts]) -> Facts:
    """What `start` told when the first worker called it; the others wait for it.

    Whatever it started is stopped with the session, as `stops` says for the kind of `name`.
    """
    path = Path(os.environ[_RUN]) / f"{name}.json"
    with _locked(path.with_suffix(".lock")):
        if not path.exists():
            path.write_text(json.dumps(start()))
        facts: Facts = json.loads(path.read_text())
    return facts


def stops(kind: str, stop: Callable[[Facts], None]) -> None:
    """Says how what was started under `kind` or `kind-…` is stopped, by any process."""
    _STOPS[kind] = stop


_STOPS: dict[str, Callable[[Facts], None]] = {}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(home: Path) -> None:
    """Ends what sessions left behind that were killed themselves; none of it keeps a new one waiting."""
    for run in home.iterdir():
        if run.name.isdigit() and not _alive(int(run.name)):
            try:
                end(run)
            except Exception as error:
                print(f"left behind in {run}, and not to be stopped: {error}", file=sys.stderr)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
