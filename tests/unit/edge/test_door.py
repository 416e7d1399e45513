"""The door answers in HTTP's own terms, and 202 only for what the hub owns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.base import MAX_PARCEL, Kind, Parcel, Verdict
from connectors.secrets import SecretRef
from hub.edge import door
from hub.edge.bound import Bytes

URL = "/v1/partners/st-elsewhere/messages"


@dataclass
class Hub:
    """Says a verdict and remembers the parcels."""

    verdict: Verdict = Verdict(Kind.OWNED, message_ids=("m-1",))
    parcels: list[Parcel] = field(default_factory=list)

    async def accept(self, parcel: Parcel) -> Verdict:
        self.parcels.append(parcel)
        return self.verdict


class Full(Bytes):
    """Intake that has been full for long."""

    full_for = 60.0


@dataclass
class Door:
    hub: Hub
    client: httpx.AsyncClient

    async def post(self, content: Any = b"{}", **headers: str) -> httpx.Response:
        usual = {"authorization": "Bearer s3cret", "content-type": "application/json"}
        return await self.client.post(
            URL,
            content=content,
            headers=usual | {k.replace("_", "-"): v for k, v in headers.items()},
        )


def opened(tmp_path: Path, room: Bytes | None = None, missing: str | None = None) -> Door:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    hub = Hub()
    caller = door.Caller(
        "st-elsewhere", "http", "application/json", (SecretRef(file=secret),), hub.accept
    )

    async def ready() -> str | None:
        return missing

    app = door.make_door({"st-elsewhere": caller}, room or Bytes(1 << 20), ready)
    transport = httpx.ASGITransport(app)
    return Door(hub, httpx.AsyncClient(transport=transport, base_url="http://door"))


@pytest.fixture
def d(tmp_path: Path) -> Iterator[Door]:
    yield opened(tmp_path)


async def test_what_is_owned_is_accepted_under_its_reference(d: Door) -> None:
    answer = await d.post(
        b'{"a":1}', idempotency_key="R-1", content_type="application/json; charset=utf-8"
    )
    assert (answer.status_code, answer.json()) == (202, {"reference": "R-1", "messages": ["m-1"]})
    (parcel,) = d.hub.parcels
    assert (parcel.body, parcel.reference, parcel.transport) == (b'{"a":1}', "R-1", "http")
    assert (parcel.media_type, parcel.facts) == ("application/json", {"charset": "utf-8"})


async def test_the_answer_names_the_reference_by_which_a_resend_is_known(d: Door) -> None:
    d.hub.verdict = Verdict(Kind.OWNED, message_ids=("m-1",), reference="G-1")
    for headers in ({"idempotency_key": "K-1"}, {}):
        answer = await d.post(b'{"reference": "G-1"}', **headers)
        assert answer.json() == {"reference": "G-1", "messages": ["m-1"]}


async def test_the_formats_own_words_are_passed_on(d: Door) -> None:
    d.hub.verdict = Verdict(Kind.OWNED, b'{"ok":true}')
    assert (await d.post()).json() == {"ok": True}
    d.hub.verdict = Verdict(Kind.REFUSED, b'{"ok":false}')
    answer = await d.post()
    assert (answer.status_code, answer.json()) == (422, {"ok": False})


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic s3cret", "Bearer ", "Bearer é"])
async def test_a_stranger_hands_over_nothing(d: Door, header: str) -> None:
    answer = await d.client.post(
        URL,
        content=b"{}",
        headers=[(b"authorization", header.encode()), (b"content-type", b"application/json")],
    )
    assert answer.status_code == 401 and d.hub.parcels == []
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_another_partner_is_as_unknown_as_a_wrong_token(d: Door) -> None:
    answer = await d.client.post(
        "/v1/partners/nobody/messages", content=b"{}", headers={"authorization": "Bearer s3cret"}
    )
    assert answer.status_code == 401


async def test_a_refusal_names_the_reason_and_the_place(d: Door) -> None:
    d.hub.verdict = Verdict(Kind.REFUSED, reason="not a date", place="child.born")
    answer = await d.post()
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["detail"], told["place"]) == (422, "not a date", "child.born")


async def test_a_request_that_is_malformed_is_a_problem_too(d: Door) -> None:
    answer = await d.post(idempotency_key="x" * 300)
    assert answer.status_code == 400 and "idempotency-key" in answer.json()["place"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_plain_json_is_understood_where_a_kind_of_json_is_spoken() -> None:
    ours = "application/vnd.front-door-hub+json"
    assert door.spoken("application/json", ours) and door.spoken(ours, ours)
    assert not door.spoken("application/json", "text/csv")
    assert not door.spoken("application/fhir+json", ours)


async def test_what_cannot_be_owned_now_is_asked_for_again(d: Door) -> None:
    d.hub.verdict = Verdict(Kind.UNABLE, reason="Kafka", retry_after=7)
    answer = await d.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


async def test_a_body_too_large_is_not_read_to_its_end(d: Door) -> None:
    sent = 0

    async def pieces() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 1 << 20
            yield b"x" * (1 << 20)

    assert (await d.post(pieces())).status_code == 413
    assert sent <= MAX_PARCEL + (2 << 20) and d.hub.parcels == []


async def test_another_media_type_is_refused_with_the_right_one(d: Door) -> None:
    answer = await d.post(content_type="text/csv")
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/json")


async def test_when_intake_stays_full_newcomers_come_back_later(tmp_path: Path) -> None:
    answer = await opened(tmp_path, Full(1)).post()
    assert answer.status_code == 429 and answer.headers["retry-after"]


async def test_ready_says_what_is_missing(tmp_path: Path) -> None:
    assert (await opened(tmp_path).client.get("/ready")).status_code == 200
    answer = await opened(tmp_path, missing="Kafka does not answer").client.get("/ready")
    assert (answer.status_code, answer.json()["why"]) == (503, "Kafka does not answer")
    assert (await opened(tmp_path, missing="x").client.get("/health")).status_code == 200


async def test_the_description_is_whole_and_no_page_fetches_scripts(d: Door) -> None:
    said = (await d.client.get("/openapi.json")).json()
    post = said["paths"]["/v1/partners/{partner}/messages"]["post"]
    assert post["security"] == [{"bearer": []}]
    assert said["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {"202", "400", "401", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert "Idempotency-Key" not in post["responses"]["202"]["description"]
    [key] = [one for one in post["parameters"] if one["in"] == "header"]
    assert "known by that" in key["description"]
    assert (await d.client.get("/docs")).status_code == 404
