"""A partner's message goes through the hub's door as JSON, and the answer is written into the partner's books."""

from typing import Any

import httpx

from deploy.demo.peers.peer import JSON, Books


class Door:
    """The hub's door as one partner knows it: an address, a name, a token."""

    def __init__(self, address: str, partner: str, token: str, books: Books):
        self._address = f"{address}/v1/partners/{partner}/messages"
        self._token = token
        self._books = books

    async def post(
        self,
        kind: str,
        reference: str,
        body: dict[str, Any],
        at: str,
        answers: str | None = None,
    ) -> dict[str, Any]:
        """Hands one message over; what was said to it."""
        message = {"type": kind, "reference": reference, "occurred_at": at, "body": body}
        if answers:
            message["answers"] = answers
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": JSON,
            "Idempotency-Key": reference,
        }
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            answer = await client.post(self._address, json=message, headers=headers)
        taken = answer.status_code == 202
        self._books.sent(reference, kind, "taken" if taken else "refused", str(answer.status_code))
        return {"status": answer.status_code, "said": answer.text[:400], "reference": reference}
