"""An assessment team's case system collects what waits for it, under case numbers of its own, and answers by name.

`python -m deploy.demo.peers.team BOOKS DESK DOOR NAME TOKEN_FILE`
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.peers.door import Door
from deploy.demo.peers.peer import Books, obey
from deploy.demo.peers.words import decision, response, strategy_record

_EVERY = 0.4


class CaseSystem:
    """Cases by our own number, and what was collected into them."""

    def __init__(self, books: Books):
        self.books = books
        self.numbers: dict[str, str] = {}

    def file(self, reference: str, kind: str, body: bytes) -> None:
        """Files what was collected under the child's case, opening one for a child not known."""
        child = json.loads(body)["body"].get("child") or {}
        known = (child.get("nhs_number") or {}, child.get("name"))
        child_key = json.dumps(known, sort_keys=True)
        number = self.numbers.setdefault(child_key, f"AN-26-{len(self.numbers) + 1:04d}")
        self.books.received(reference, kind, body, number)


async def collect(cases: CaseSystem, address: str, token: str) -> None:
    """Looks for what waits, again and again; the hub being away is no reason to stop."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=10, headers=headers, trust_env=False) as client:
        while True:
            try:
                waiting = await client.get(address)
                for entry in waiting.raise_for_status().json()["deliveries"]:
                    one = await client.get(f"{address}/{entry['delivery_id']}")
                    if one.status_code == 200:
                        cases.file(one.headers["Hub-Reference"], entry["type"], one.content)
                        await client.put(f"{address}/{entry['delivery_id']}/received")
                    elif one.status_code != 409:
                        break
            except httpx.HTTPError:
                await asyncio.sleep(_EVERY)
            await asyncio.sleep(_EVERY)


async def main(books: Books, desk: str, door: Door, name: str, token: str) -> None:
    """Serves the story, and collects meanwhile."""
    cases = CaseSystem(books)

    async def given(order: dict[str, Any]) -> list[dict[str, str]]:
        """What we hold of a kind: reference, own number, the child's given name."""
        return [
            {"reference": ref, "kind": kind, "number": number, "given": _given(body)}
            for ref, kind, number, body in books.given(order.get("kind", "%"))
        ]

    async def answer(order: dict[str, Any]) -> dict[str, Any]:
        """A named person of the team answers what was collected."""
        reference = order["reference"]
        number = next(row[2] for row in books.given() if row[0] == reference)
        body = response(reference, order["at"], order["who"], order["role"], number)
        own = f"{number}/R{len(books.given('%'))}-{reference[:8]}"
        return await door.post("handover.response", own, body, order["at"], answers=reference)

    async def decide(order: dict[str, Any]) -> dict[str, Any]:
        """The manager decides on a referral that was collected."""
        found = next(row for row in books.given("referral.received") if row[0] == order["of"])
        referral = json.loads(found[3])
        body = decision(order, referral["body"], f"{found[2]}/D")
        own = body["reference"]
        return await door.post("referral.decision", own, body, order["at"], answers=order["of"])

    async def record(order: dict[str, Any]) -> dict[str, Any]:
        """The manager writes the record of a strategy discussion and circulates it."""
        body = strategy_record(order)
        return await door.post("strategy.record", body["reference"], body, order["at"])

    address = f"{desk}/v1/outbox/{name}"
    collecting = asyncio.create_task(collect(cases, address, token))
    await obey({"given": given, "answer": answer, "decide": decide, "record": record}, {})
    collecting.cancel()


def _given(body: str) -> str:
    name = (json.loads(body)["body"].get("child") or {}).get("name")
    told = name.get("value", {}) if isinstance(name, dict) else {}
    return str(told.get("given") or str(told.get("whole") or "").partition(" ")[0])


if __name__ == "__main__":
    _books = Books(Path(sys.argv[1]))
    _token = Path(sys.argv[5]).read_text().strip()
    _door = Door(sys.argv[3], sys.argv[4], _token, _books)
    asyncio.run(main(_books, sys.argv[2], _door, sys.argv[4], _token))
