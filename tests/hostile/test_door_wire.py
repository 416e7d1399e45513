"""Whatever comes through the door's socket is answered or hung up on, and nobody's words are logged."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import MAX_PARCEL
from connectors.formats.hub_json import DEPTH
from tests.flow.marked import ALL, marks_in
from tests.hostile.live_door import OURS, PATH, TOKEN, LiveDoor, live_door, request, status
from tests.kit.effort import tries

GOOD = json.loads(Path("tests/golden/hub-json/handover_response.json").read_text())
ANSWERED = {202, 400, 401, 404, 405, 408, 413, 415, 422, 429}
"""What a stranger to HTTP, JSON or the hub may be told; 0 is a connection closed without a word."""


@pytest.fixture(scope="module")
def the_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDoor]:
    with live_door(tmp_path_factory.mktemp("door")) as door:
        yield door
        assert door.alive()
        assert door.log.worst() == []
        assert marks_in(door.log.getvalue()) == []


def judged(door: LiveDoor, answer: bytes) -> int:
    """The status, where it is one that may be."""
    found = status(answer)
    assert found in ANSWERED | {0}, answer[:300]
    assert (found == 0) == (answer == b""), answer[:300]
    return found


def changed(**fields: Any) -> bytes:
    """The good message with other fields; hostile text travels with the marks of a child."""
    return json.dumps(GOOD | fields).encode()


LINES = st.sampled_from(
    [
        b"POST " + PATH.encode() + b" HTTP/1.1\r\n",
        b"GET /\x00 HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://elsewhere.example.org/ HTTP/1.1\r\n",
        b"Host: d\r\n",
        b"Host: a\r\nHost: b\r\n",
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n",
        b"Content-Type: " + OURS.encode() + b"\r\n",
        b"Content-Type: application/json; charset*=utf-8''%ff%00; charset*0=a\r\n",
        b" folded: line\r\n",
        b"No-Colon\r\n",
        b"\x00: \xff\r\n",
        b"X: " + b"x" * 70_000 + b"\r\n",
        b"\r\n",
        b"\n",
        b"5\r\nhello\r\n",
        b"ffffffffffffffff1\r\nx",
        b"0\r\n\r\n",
        b"hello",
        ALL.encode(),
    ]
)


@tries(60)
@given(pieces=st.lists(st.one_of(LINES, st.binary(max_size=40)), min_size=1, max_size=12))
def test_anything_at_all_on_the_socket(the_door: LiveDoor, pieces: list[bytes]) -> None:
    judged(the_door, the_door.say(b"".join(pieces)))


@tries(60)
@given(
    value=st.one_of(
        st.binary(max_size=60).filter(lambda b: not set(b) & set(b"\r\n\0")),
        st.sampled_from(
            [
                b"application/json; charset*=utf-8''%ff%00",
                b"application/json; charset*0=a; charset*1=b",
                b"application/json; charset=\xff",
                b"application/json; a; =; ;;; charset",
                b'application/json; charset="' + b"\\" * 200,
            ]
        ),
    )
)
def test_any_content_type(the_door: LiveDoor, value: bytes) -> None:
    raw = request(changed()).replace(OURS.encode(), value)
    assert judged(the_door, the_door.say(raw)) in (202, 400, 415)


@tries(60)
@given(key=st.binary(max_size=300))
@example(key=b"=cmd|' /C calc'!A0")
@example(key="\u202eZanthorpe".encode())
def test_any_idempotency_key(the_door: LiveDoor, key: bytes) -> None:
    """It is the reference where the message names none; the answer repeats it, or says why not."""
    body = {name: value for name, value in GOOD.items() if name != "reference"}
    raw = request(json.dumps(body).encode(), Idempotency_Key="KEY").replace(b"KEY", key, 1)
    assert judged(the_door, the_door.say(raw)) in (202, 400, 415, 422)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "JSON"),
        (changed(body={"x": json.loads("[" * DEPTH + "]" * DEPTH)}), "deeper"),
        (b"\xff\xfe{\x00}\x00", "JSON"),
        (json.dumps(GOOD).encode("utf-16"), "JSON"),
        (b"\xef\xbb\xbf" + changed(), "JSON"),
        (changed(reference="\ud800"), "JSON"),
        (changed(reference="a\0b"), "U+0000"),
        (b"1" * 100_000, "JSON"),
        (changed(version=10**30), "version"),
        (changed(version=2**62), "version"),
        (b'{"version": 1e999}', "JSON"),
        (changed(occurred_at="9999-12-31T23:59:59-23:59"), "occurred_at"),
        (changed(occurred_at=10**300), "occurred_at"),
        (changed(reference="R" * 100_000), "reference"),
        (changed(**{"x" * 100_000: 1}), "no field name"),
        (b"", "JSON"),
        (b"\0" * 100_000, "JSON"),
    ],
)
def test_hostile_json_is_refused_in_words(the_door: LiveDoor, body: bytes, words: str) -> None:
    answer = the_door.say(request(body))
    assert judged(the_door, answer) == 422, answer[:400]
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert words in told["detail"] + told.get("place", ""), told
    assert len(answer) < 4000


def test_of_two_keys_of_one_name_neither_is_taken(the_door: LiveDoor) -> None:
    """One of them would be lost unseen, and readers differ in which."""
    twice = b'{"reference": "ELSE", ' + changed()[1:]
    answer = the_door.say(request(twice))
    assert judged(the_door, answer) == 422
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "twice" in told["detail"]
    assert "reference" in told["place"]


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(st.none(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=3),
    st.sampled_from(
        ["\u202e" + ALL, "\u200b", "\ufeff", "=1+1", "<script>", "'; drop table message;--"]
    ),
)


@tries(80)
@given(data=st.data())
def test_a_good_message_with_anything_in_one_place(the_door: LiveDoor, data: st.DataObject) -> None:
    """Every leaf and every branch in turn becomes something else."""
    message = json.loads(json.dumps(GOOD))
    here: Any = message
    while True:
        name = data.draw(st.sampled_from(sorted(here)))
        if isinstance(here[name], dict) and data.draw(st.booleans()):
            here = here[name]
            continue
        here[name] = data.draw(HOSTILE)
        break
    body = json.dumps(message).encode("utf-8", "surrogatepass")
    assert judged(the_door, the_door.say(request(body))) in (202, 422)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity", "x"])
def test_what_is_said_to_be_compressed_is_never_unpacked(the_door: LiveDoor, coding: str) -> None:
    """A small body that would unpack to much cannot fill the memory: it is read as it came."""
    import zlib

    bomb = zlib.compress(b"\0" * MAX_PARCEL, 9)
    assert judged(the_door, the_door.say(request(bomb, Content_Encoding=coding))) == 422


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large_is_refused_however_it_is_announced(
    the_door: LiveDoor, chunked: bool
) -> None:
    if chunked:
        piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        body, facts = piece * 17 + b"0\r\n\r\n", {"Transfer_Encoding": "chunked"}
        raw = request(body, **facts)
        raw = b"\r\n".join(
            line for line in raw.split(b"\r\n") if not line.startswith(b"Content-Length")
        )
    else:
        raw = request(b"x" * (MAX_PARCEL + 1))
    assert judged(the_door, the_door.say(raw, 30)) in (0, 413)


@pytest.mark.parametrize("size", [16_000, 31_000])
def test_long_headers_are_read_up_to_a_bound(the_door: LiveDoor, size: int) -> None:
    assert judged(the_door, the_door.say(request(changed(), X_Long="x" * size))) == 202


@pytest.mark.parametrize("size", [40_000, 400_000])
def test_longer_ones_are_refused(the_door: LiveDoor, size: int) -> None:
    assert judged(the_door, the_door.say(request(changed(), X_Long="x" * size))) in (0, 400)
