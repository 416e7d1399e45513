"""HTTP out keeps the contract, and a status means for the message what it says and no more."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from connectors.base import OutcomeUnknown, Refused, TryAgain
from connectors.transports import make_transport
from schemas.envelope import AckLevel
from tests.contract.transports.bench import Does, Features, Hub
from tests.contract.transports.http_peer import Endpoint
from tests.contract.transports.suite import Sending


@pytest.fixture
async def sends() -> AsyncIterator[Endpoint]:
    peer = Endpoint()
    await peer.up()
    yield peer
    await peer.transport.close()
    await peer.down()


class TestHttp(Sending):
    kind: ClassVar[str] = "http"
    features: ClassVar[Features] = Features(
        mode="sent",
        proves=AckLevel.RECEIVED,
        outcomes={
            Does.HANGS: OutcomeUnknown,
            Does.BABBLES: OutcomeUnknown,
            Does.TRUNCATES: OutcomeUnknown,
            Does.CLOSES: OutcomeUnknown,
            Does.RESETS: OutcomeUnknown,
            Does.IS_DOWN: TryAgain,
        },
        media_type="application/json",
    )

    @pytest.mark.parametrize("status", [200, 201, 202, 204, 409])
    async def test_taken(self, sends: Endpoint, status: int) -> None:
        sends.status = status
        pushed = await sends.transport.push(self.outgoing(b"{}"))
        assert pushed.level is AckLevel.RECEIVED and str(status) in pushed.detail

    @pytest.mark.parametrize(
        ("status", "known"),
        [
            (301, Refused),
            (307, Refused),
            (400, Refused),
            (403, Refused),
            (404, Refused),
            (413, Refused),
            (422, Refused),
            (401, TryAgain),
            (408, TryAgain),
            (425, TryAgain),
            (429, TryAgain),
            (500, TryAgain),
            (503, TryAgain),
            (502, OutcomeUnknown),
            (504, OutcomeUnknown),
        ],
    )
    async def test_not_taken(self, sends: Endpoint, status: int, known: type[Exception]) -> None:
        sends.status = status
        sends.headers = [(b"location", b"/elsewhere")]
        with pytest.raises(known, match=str(status)):
            await sends.transport.push(self.outgoing(b"{}"))
        assert len(sends.heard) == 1

    @pytest.mark.parametrize(
        ("said", "after"),
        [
            (b"120", 120.0),
            (b"Mon, 02 Nov 2026 17:31:00 GMT", 60.0),
            (b"Mon, 02 Nov 2026 17:29:00 GMT", 0.0),
            (b"soon", None),
            (b"-5", None),
        ],
    )
    async def test_waits_as_long_as_it_is_asked(
        self, sends: Endpoint, said: bytes, after: float | None
    ) -> None:
        sends.status = 503
        sends.headers = [(b"retry-after", said), (b"date", b"Mon, 02 Nov 2026 17:30:00 GMT")]
        with pytest.raises(TryAgain) as caught:
            await sends.transport.push(self.outgoing(b"{}"))
        assert caught.value.after == after

    async def test_an_answer_is_read_no_further_than_allowed(self, sends: Endpoint) -> None:
        sends.answer, sends.stalls = b"x" * 100_000, 0.4
        began = time.monotonic()
        await sends.transport.push(self.outgoing(b"{}"))
        assert time.monotonic() - began < 0.3
        await sends.transport.push(self.outgoing(b"{}"))
        assert len(sends.heard) == 2

    async def test_an_answer_that_stalls_does_not_undo_its_status(self, sends: Endpoint) -> None:
        sends.answer, sends.stalls = b"x", 0.8
        assert (await sends.transport.push(self.outgoing(b"{}"))).level is AckLevel.RECEIVED

    async def test_a_refusal_repeats_only_the_title_of_the_problem(self, sends: Endpoint) -> None:
        sends.status = 422
        sends.headers = [(b"content-type", b"application/problem+json")]
        sends.answer = b'{"title":"Unknown school","detail":"Invented Name, born 2 May"}'
        with pytest.raises(Refused, match="Unknown school") as caught:
            await sends.transport.push(self.outgoing(b"{}"))
        assert "Invented" not in str(caught.value) and caught.value.code == "422"

    async def test_shows_the_token_and_what_it_carries(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PEER_TOKEN", "first")
        peer = Endpoint(token={"env": "PEER_TOKEN"})
        await peer.up()
        await peer.transport.push(self.outgoing(b"{}"))
        monkeypatch.setenv("PEER_TOKEN", "second")
        await peer.transport.push(self.outgoing(b"{}"))
        shown = [headers["authorization"] for _, headers in peer.asked]
        assert shown == ["Bearer first", "Bearer second"]
        headers = peer.asked[0][1]
        assert headers["content-type"] == "application/json"
        assert headers["host"] == f"127.0.0.1:{peer.port}"
        await peer.transport.close()
        await peer.down()

    async def test_a_private_address_is_not_called_unless_the_file_says_so(
        self, sends: Endpoint
    ) -> None:
        push = {"url": f"https://localhost:{sends.port}/in"}
        transport = make_transport("p", {"kind": "http", "push": push})
        with pytest.raises(Refused, match="private"):
            await transport.push(self.outgoing(b"{}"))
        with pytest.raises(Refused, match="private"):
            await transport.probe()
        assert sends.connections == 0

    async def test_a_name_is_resolved_once_and_called_where_it_was_checked(
        self, sends: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        async def resolved(host: str, port: int, private: bool) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"]

        monkeypatch.setattr("connectors.transports.http.resolve", resolved)
        url = f"http://case-system.example.org:{sends.port}/in"
        push = {"url": url, "allow_private": True}
        transport = make_transport("p", {"kind": "http", "push": push})
        await transport.push(self.outgoing(b"{}"))
        await transport.push(self.outgoing(b"{}"))
        assert asked == ["case-system.example.org"]
        assert sends.asked[0][1]["host"] == f"case-system.example.org:{sends.port}"
        await transport.close()

    async def test_a_reference_that_no_header_can_hold_is_refused(self, sends: Endpoint) -> None:
        with pytest.raises(Refused):
            await sends.transport.push(self.outgoing(b"{}", "a\r\nX-Injected: 1"))
        assert not sends.heard

    async def test_inbound_only_serves_until_told_to_stop(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("T", "hospital-token")
        transport = make_transport("p", {"kind": "http", "token": {"env": "T"}})
        hub = Hub()
        stop = hub.serve(transport)
        await asyncio.sleep(0.01)
        stop.set()
        async with asyncio.timeout(1):
            await hub.ended()
        with pytest.raises(Refused):
            await transport.push(self.outgoing(b"{}"))
        assert "door" in await transport.probe()

    @pytest.mark.parametrize(
        ("settings", "cure"),
        [
            ({}, "write `token`"),
            ({"push": {"url": "http://example.org/in"}}, "https://"),
            ({"push": {"url": "https://me:word@example.org/in"}}, "no secret in an address"),
            ({"push": {"url": "https://example.org/in", "token": "literal"}}, "token"),
        ],
    )
    def test_mistakes_name_their_cure(self, settings: dict[str, object], cure: str) -> None:
        with pytest.raises(ValueError, match=cure):
            make_transport("p", {"kind": "http", **settings})
