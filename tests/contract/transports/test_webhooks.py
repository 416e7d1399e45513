"""A push is signed as Standard Webhooks has it, so that any receiver's library verifies it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from connectors.base import Outgoing, Refused, TryAgain
from connectors.secrets import SecretRef
from connectors.webhooks import signed
from tests.contract.transports.http_peer import Endpoint

BODY = '{"type":"handover.response","child":"Zoë"}'.encode()


def secret(fill: bytes) -> str:
    return "whsec_" + base64.b64encode(fill * 32).decode()


OLD, NEW = secret(b"o"), secret(b"n")


def write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "signing").write_text(OLD)
    return tmp_path / "signing"


@pytest.fixture
async def peer(file: Path) -> AsyncIterator[Endpoint]:
    made = Endpoint(signing_secret={"file": str(file)})
    await made.up()
    yield made
    await made.transport.close()
    await made.down()


async def push(peer: Endpoint, body: bytes = BODY, reference: str = "msg-7") -> dict[str, str]:
    await peer.transport.push(Outgoing(reference, body, "application/json"))
    return peer.asked[-1][1]


def test_the_vector_that_the_specification_publishes(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    headers = signed(
        [SecretRef(file=tmp_path / "s")],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_a_receiver_verifies_what_came_and_nothing_else(peer: Endpoint) -> None:
    headers = await push(peer)
    Webhook(OLD).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY.replace(b"Zo", b"Jo"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, headers)


async def test_a_repeat_is_known_by_its_id(peer: Endpoint) -> None:
    first, second = await push(peer), await push(peer)
    assert first["webhook-id"] == second["webhook-id"] == "msg-7" == first["idempotency-key"]


async def test_while_the_secret_changes_either_verifies(peer: Endpoint, file: Path) -> None:
    write(file, f"{NEW}\n{OLD}\n")
    headers = await push(peer)
    Webhook(OLD).verify(BODY, headers)
    Webhook(NEW).verify(BODY, headers)
    write(file, NEW)
    headers = await push(peer)
    Webhook(NEW).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers)


@pytest.mark.parametrize(
    "written", ["whsec_short", "whsec_" + "A" * 30, "MfKQ9r8GKYqrTwjUPD8I" * 2]
)
async def test_a_secret_that_is_none_sends_nothing(
    peer: Endpoint, file: Path, written: str
) -> None:
    write(file, written)
    with pytest.raises(TryAgain) as caught:
        await push(peer)
    assert caught.value.connection and str(file) in str(caught.value)
    assert written not in str(caught.value) and not peer.asked


async def test_what_no_receiver_could_verify_is_refused(peer: Endpoint) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await push(peer, b"Zo\xeb")
    assert not peer.asked


async def test_a_receiver_that_is_gone_needs_a_person(peer: Endpoint) -> None:
    peer.status = 410
    with pytest.raises(Refused, match="takes nothing more") as caught:
        await push(peer)
    assert caught.value.code == "410"


async def test_nothing_is_signed_where_no_secret_is_named() -> None:
    made = Endpoint()
    await made.up()
    assert not [name for name in await push(made) if name.startswith("webhook-")]
    await made.transport.close()
    await made.down()


async def test_the_few_lines_that_partners_are_shown_verify_it(peer: Endpoint) -> None:
    readme = await asyncio.to_thread(Path("deploy/partners/README.md").read_text)
    lines = next(each for each in readme.split("```python\n") if "def verified" in each)
    shown: dict[str, Any] = {}
    exec(lines.partition("```")[0], shown)
    headers = await push(peer)
    assert shown["verified"](OLD, headers, BODY)
    assert not shown["verified"](NEW, headers, BODY)
    assert not shown["verified"](OLD, headers, BODY + b" ")
    assert not shown["verified"](OLD, headers | {"webhook-timestamp": "1614265330"}, BODY)
