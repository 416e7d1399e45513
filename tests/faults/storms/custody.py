"""A night service hands over, two people of the duty team accept, and each writes down what the hub told them."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.faults.storms.lists import whole

PACE = 1.2
"""Seconds between handovers."""

_WAITS = re.compile(r'action="(/message/[^"]+/answer)".*?aria-label="Accept ([^:"]+):', re.S)
_HELD = re.compile(r"You hold it</span><span class=\"what\"><a href=\"[^\"]+\"><strong>([^<]+)<")
_TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')


@dataclass
class Night:
    """Puts handovers through the door, each until the hub owns it."""

    door: httpx.AsyncClient
    body: Callable[[int], dict[str, Any]]
    owned: dict[str, float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    begun: int = 0

    async def run(self, enough: Callable[[], bool]) -> None:
        """Until `enough`."""
        while not enough():
            self.begun += 1
            await self._hand_over(f"EDT-{self.begun}", self.body(self.begun))
            await asyncio.sleep(PACE)

    async def _hand_over(self, reference: str, body: dict[str, Any]) -> None:
        said = {
            "type": "edt.handover",
            "reference": reference,
            "occurred_at": datetime.now(UTC).isoformat(),
            "body": body,
        }
        while reference not in self.owned:
            try:
                answer = await self.door.post("/v1/partners/night/messages", json=said)
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.is_success:
                self.owned[reference] = time.time()
            elif answer.status_code < 500:
                self.refused.append(f"{reference}: {answer.status_code} {answer.text[:200]}")
                return
            await asyncio.sleep(0.3)


@dataclass
class Worker:
    """Somebody of the duty team, who presses whatever can be accepted, as their colleague does."""

    name: str
    email: str
    password: str
    web: httpx.AsyncClient
    told: list[str] = field(default_factory=list)
    """References of which the hub said to them: done, you hold it."""

    async def run(self, stop: Callable[[], bool]) -> None:
        """Until told to stop; a desk that is away is tried again."""
        while not stop():
            try:
                for page in (await self._list("/inbox?only=waiting") or [])[:1]:
                    await asyncio.gather(
                        *(self._accept(page, *one) for one in _WAITS.findall(page)[:3])
                    )
            except httpx.TransportError:
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.3)

    async def holds(self) -> list[str] | None:
        """What their inbox says that they hold, page by page; none where it says nothing."""
        try:
            pages = await self._list("/inbox?only=held")
        except httpx.TransportError:
            return None
        return None if pages is None else [ref for page in pages for ref in _HELD.findall(page)]

    async def _list(self, where: str) -> list[str] | None:
        """The pages of a list; none where the desk shows nothing, and they sign in again."""
        page = await whole(self.web, where)
        if isinstance(page, list):
            return page
        if page.status_code == 303 or page.status_code == 401:
            form = await self.web.get("/sign-in")
            if (found := _TOKEN.search(form.text)) is not None:
                fields = {"email": self.email, "password": self.password, "token": found[1]}
                await self.web.post("/sign-in", data=fields)
        return None

    async def _accept(self, page: str, where: str, reference: str) -> None:
        form = page.partition(f'action="{where}"')[2]
        token, version = _TOKEN.search(form), _VERSION.search(form)
        if token is None or version is None:
            return
        fields = {"say": "accepted", "token": token[1], "version": version[1]}
        answer = await self.web.post(where, data=fields, follow_redirects=True)
        if answer.status_code == 200 and "✓ Done." in answer.text:
            self.told.append(reference)


@dataclass
class Custody:
    """All that the three wrote down, and what the desk says at the end."""

    owned: set[str]
    copies: int
    """Handovers that the records' system collected."""
    refused: list[str]
    told: dict[str, list[str]]
    """Person to references that they were told they hold."""
    holds: dict[str, list[str] | None]
    """Person to what their inbox says that they hold."""
