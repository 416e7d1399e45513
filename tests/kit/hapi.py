"""What we write is read, and what we read is written, by HAPI: HL7 v2 as most of the world's hospitals run it."""

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

VERSION = "2.6.0"
ENDPOINT = "+".join(
    [
        *(
            f"ca.uhn.hapi:hapi-{part}:{VERSION}"
            for part in ("base", *(f"structures-v{n}" for n in (23, 231, 24, 25, 251)))
        ),
        "org.slf4j:slf4j-simple:2.0.17",
    ]
)
"""What `hapi.sha256` was resolved from (`python -m tests.kit.hapi_peer sums` writes it anew)."""
SUMS = Path(__file__).with_name("hapi.sha256")


class HapiRefused(Exception):
    """HAPI could not read it; its own words."""


@dataclass(frozen=True)
class Found:
    """What HAPI made of a message."""

    structure: str
    values: list[str]
    version: str = ""


class Hapi:
    """The peer's process, and what it can be asked."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()  # HAPI keeps its counter where it was started
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.hapi_peer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.port = int(self._told()["port"])

    def answers(self, code: str) -> list[str]:
        """Its server answers with this code from now on; the structures that it heard until now."""
        return [heard["structure"] for heard in self._asked("answer", code=code)["heard"]]

    def reads(self, body: bytes, codec: str, *paths: str, strict: bool = True) -> Found:
        """HAPI's parser at these places; `strict`: by all of its rules. Raises `HapiRefused`."""
        body64 = base64.b64encode(body).decode()
        return Found(**self._asked("read", body=body64, codec=codec, paths=paths, strict=strict))

    def sends(self, port: int, body: bytes, codec: str, *paths: str) -> Found:
        """HAPI's client sends it over MLLP, and reads the answer at these places."""
        body64 = base64.b64encode(body).decode()
        return Found(**self._asked("send", port=port, body=body64, codec=codec, paths=paths))

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._folder.cleanup()

    def _asked(self, do: str, **what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self._process.stdin.flush()
        told = self._told()
        if "error" in told:
            raise HapiRefused(told["error"])
        return told

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"HAPI's process ended with {self._process.wait(10)}")
        told: dict[str, Any] = json.loads(line)
        return told
