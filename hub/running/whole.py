"""`hub run` answers for all of its roles: it lives while none of them hangs, and is ready when all are."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from hub.running import ports
from hub.running.supervise import NAMES, Record
from hub.serving.probe import Probe
from hub.serving.probe_app import families
from hub.settings import Settings

WITHIN = 4.0
"""Seconds for a role's answer: one that takes longer hangs."""


class Whole:
    """Asks each role at the port that it told."""

    def __init__(self, settings: Settings, record: Record):
        self._settings = settings
        self._record = record

    def probe(self) -> Probe:
        """The probe of all."""
        probe = Probe(self._settings, "run")
        probe.alive, probe.ready, probe.families = self.hangs, self.unready, self.counted
        return probe

    async def hangs(self) -> str | None:
        """Which roles do; one that has not come up yet, or is started again, does not."""
        answers = await self._all("/health")
        return _sentence({name: why for name, why in answers.items() if why != _NOT_UP})

    async def unready(self) -> str | None:
        """Which roles are not, and why."""
        return _sentence(await self._all("/ready"))

    async def counted(self) -> Iterable[Metric]:
        """What all of them count, each under its own role."""
        found = {one.name: one for one in families("run")}
        async with _client() as client:
            asked = [self._get(client, name, "/metrics") for name in NAMES if name != "desk"]
            for answer in await asyncio.gather(*asked):
                if not isinstance(answer, httpx.Response):
                    continue
                for family in text_string_to_metric_families(answer.text):
                    if family.name in found:
                        found[family.name].samples += family.samples
        return found.values()

    async def _all(self, path: str) -> dict[str, str]:
        async with _client() as client:
            answers = await asyncio.gather(*(self._get(client, name, path) for name in NAMES))
        return {
            name: answer if isinstance(answer, str) else _why(answer)
            for name, answer in zip(NAMES, answers, strict=True)
            if isinstance(answer, str) or answer.status_code != 200
        }

    async def _get(self, client: httpx.AsyncClient, name: str, path: str) -> httpx.Response | str:
        place = ports.find(self._settings.data, name if name == "desk" else f"probe-{name}")
        if place is None or not place.port or place.pid != self._record.roles.get(name):
            return _NOT_UP
        host = self._settings.desk_host if name == "desk" else "127.0.0.1"
        host = _HERE.get(host, host)
        locked = name == "desk" and self._settings.desk_tls_cert is not None
        address = f"http{'s' * locked}://{f'[{host}]' if ':' in host else host}:{place.port}{path}"
        try:
            if locked and self._settings.desk_tls_client_ca is not None:
                return await _connects(host, place.port)
            return await client.get(address)
        except (TimeoutError, httpx.TimeoutException):
            return "it does not answer"
        except (OSError, httpx.HTTPError):
            return _NOT_UP  # nobody listens there any more: it has ended, and is started again


_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_NOT_UP = "it has not begun yet"


async def _connects(host: str, port: int) -> httpx.Response:
    """All that can be asked of a desk that wants a certificate of everybody."""
    async with asyncio.timeout(WITHIN):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return httpx.Response(200)


def _client() -> httpx.AsyncClient:
    # The desk of this machine, by the process that we started: whose name it shows proves nothing more.
    return httpx.AsyncClient(timeout=WITHIN, trust_env=False, verify=False)  # noqa: S501


def _why(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
    except ValueError:
        return f"it answers {answer.status_code}"
    return str(told.get("why") or told.get("detail") or f"it answers {answer.status_code}")


def _sentence(wrong: dict[str, str]) -> str | None:
    return "; ".join(f"{name}: {why}" for name, why in wrong.items()) or None
