"""A real Prometheus reads a hub of this machine by the files that a site gets, and can be asked."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.embedded.processes import free_port
from tests.kit.waiting import eventually

FILES = Path(__file__).parents[2] / "deploy/grafana"
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(
    PROMETHEUS is None or PROMTOOL is None,
    reason="Prometheus is not here. As root: apt-get install -y --no-install-recommends prometheus",
)


def promtool(*words: str, told: str = "") -> str:
    """What promtool says; fails where it finds something wrong."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *words], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    client: httpx.AsyncClient

    async def ask(self, path: str, **query: str) -> Any:
        """An answer of its API; fails with its words where the question is none."""
        said = await self.client.get(f"/api/v1/{path}", params=query)
        if said.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            said.raise_for_status()  # it still begins, and says so in no JSON
        answer = said.json()
        assert answer["status"] == "success", (query, answer.get("error"))
        return answer["data"]

    async def value(self, expression: str) -> list[dict[str, Any]]:
        """What an expression is now."""
        found: list[dict[str, Any]] = (await self.ask("query", query=expression))["result"]
        return found

    async def fires(self, alert: str) -> list[dict[str, str]]:
        """The labels of this alert, as often as it fires."""
        every = (await self.ask("alerts"))["alerts"]
        return [
            one["labels"]
            for one in every
            if one["labels"]["alertname"] == alert and one["state"] == "firing"
        ]


@asynccontextmanager
async def reading(home: Path, desk: int, probe: int, token: str) -> AsyncIterator[Prometheus]:
    """From when it has read both of these ports, by the shipped files, once a second."""
    for each in FILES.glob("*.yaml"):
        shutil.copy(each, home)
    config = home / "prometheus.yaml"
    text = config.read_text()
    for said, here in (("8080", desk), ("8090", probe)):
        assert text.count(f'"127.0.0.1:{said}"') == 1
        text = text.replace(f'"127.0.0.1:{said}"', f'"127.0.0.1:{here}"')
    assert text.count("_interval: 15s") == 2
    config.write_text(text.replace("_interval: 15s", "_interval: 1s"))
    (home / "metrics-token").write_text(token)
    promtool("check", "config", str(config))
    assert PROMETHEUS is not None
    port = free_port()
    with (home / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS,
            f"--config.file={config}",
            f"--storage.tsdb.path={home / 'series'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
            prometheus = Prometheus(client)

            async def reads() -> bool:
                assert process.returncode is None, (home / "prometheus.log").read_text()
                try:
                    up = await prometheus.value("up")
                except httpx.HTTPError:
                    return False
                return [one["value"][1] for one in up] == ["1", "1"]

            await eventually(reads, 60, 0.2)
            yield prometheus
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
