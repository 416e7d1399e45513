"""Time, connections and memory of the door are bounded for everybody together and for each partner alone."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors import turns
from connectors.base import MAX_PARCEL, Kind, Parcel, Verdict
from hub.edge import door
from hub.edge.accept import Intake
from hub.serving import patient_http
from tests.hostile.live_door import LiveDoor, heard, live_door, request, status
from tests.kit.waiting import wait_until

GOOD = Path("tests/golden/hub-json/handover_response.json").read_bytes()


@pytest.fixture
def the_door(tmp_path: Path) -> Iterator[LiveDoor]:
    with live_door(tmp_path) as made:
        yield made


def begun(door: LiveDoor, raw: bytes) -> socket.socket:
    """A connection on which so much was said, and no more follows."""
    wire = door.connect(30)
    wire.sendall(raw)
    return wire


@pytest.mark.parametrize("said", [b"", b"POST /v1", b"POST / HTTP/1.1\r\nHost: d\r\nX: "])
def test_who_never_ends_a_head_is_hung_up_on(
    the_door: LiveDoor, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_http, "HEAD_WITHIN", 0.3)
    with begun(the_door, said) as wire:
        assert heard(wire) == b""


def test_nor_is_a_second_head_waited_for_without_end(
    the_door: LiveDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_http, "HEAD_WITHIN", 0.3)
    with begun(the_door, b"GET /health HTTP/1.1\r\nHost: d\r\n\r\n") as wire:
        said = b""
        while b"alive" not in said:
            said += wire.recv(65536)
        wire.sendall(b"GET /hea")
        assert heard(wire) == b""


def test_a_body_that_trickles_is_given_up(
    the_door: LiveDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_WITHIN", 0.3)
    with begun(the_door, request(GOOD)[:-1]) as wire:
        assert status(heard(wire)) == 408
    assert the_door.owned == []


def test_who_hangs_up_within_a_body_leaves_no_trace(the_door: LiveDoor) -> None:
    for size in (1, 200, len(GOOD) - 1):
        with begun(the_door, request(GOOD)[: size - len(GOOD)]):
            wait_until(the_door.in_hand)
        wait_until(lambda: not the_door.in_hand())
    assert the_door.alive()
    assert the_door.owned == [] and the_door.log.worst() == []


def test_one_connection_too_many_is_closed_and_the_others_go_on(
    the_door: LiveDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_http, "CONNECTIONS", 3)
    with ExitStack() as stack:
        for _ in range(3):
            wire = stack.enter_context(begun(the_door, b"GET /health HTTP/1.1\r\nHost: d\r\n"))
        wait_until(lambda: the_door.say(b"GET /health HTTP/1.1\r\nHost: d\r\n\r\n") == b"")
        wire.sendall(b"Connection: close\r\n\r\n")
        assert b"alive" in heard(wire)
    wait_until(the_door.alive)
    assert {line["event"] for line in the_door.log.lines()} == {"too many connections over HTTP"}


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Held]":
    """Every parcel of the door is held until the test lets go."""
    made = Held()
    monkeypatch.setattr(Intake, "of", lambda *_: made.accept)
    yield made
    made.go.set()


class Held:
    """Stands in for accept; `parcels` are in its hands."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.go = threading.Event()

    async def accept(self, parcel: Parcel) -> Verdict:
        import asyncio

        self.parcels.append(parcel)
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        return Verdict(Kind.OWNED, message_ids=("m",))


def test_a_partner_has_so_many_requests_in_hand_and_is_told_to_come_back(
    held: "Held", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "AT_ONCE", 3)
    with live_door(tmp_path) as the_door, ExitStack() as stack:
        waiting = [stack.enter_context(begun(the_door, request(GOOD))) for _ in range(3)]
        wait_until(lambda: len(held.parcels) == 3)
        answer = the_door.say(request(GOOD))
        assert status(answer) == 429 and b"retry-after:" in answer.lower()
        assert the_door.alive()
        held.go.set()
        assert [status(heard(wire)) for wire in waiting] == [202, 202, 202]
        assert status(the_door.say(request(GOOD))) == 202


def test_long_bodies_of_a_partner_wait_for_each_other(held: "Held", tmp_path: Path) -> None:
    """Nine times 16 MiB at once: four are in memory whole, the rest stay with who sends them."""
    body = json.dumps({"x": "y" * (MAX_PARCEL - 100)}).encode()
    with live_door(tmp_path) as the_door:
        answers: list[bytes] = []

        def send() -> None:
            with begun(the_door, request(body)) as wire:
                answers.append(heard(wire))

        senders = [threading.Thread(target=send) for _ in range(9)]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(held.parcels) == turns.LONG_AT_ONCE, 30)
        with begun(the_door, request(GOOD)) as short:
            wait_until(lambda: held.parcels[-1].body == GOOD)
            assert len(held.parcels) == turns.LONG_AT_ONCE + 1
            held.go.set()
            assert status(heard(short)) == 202
        for sender in senders:
            sender.join(60)
        assert [status(answer) for answer in answers] == [202] * 9
