"""Every whole block is answered, or its connection closed with a reason in the log, whatever stands in it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import turns
from connectors.base import MAX_PARCEL
from connectors.transports import mllp
from tests.flow.marked import FAMILY, GIVEN, NUMBER, marks_in
from tests.hostile.live_door import heard
from tests.hostile.live_mllp import END, START, LiveMllp, live_mllp
from tests.kit.effort import tries
from tests.kit.waiting import wait_until

ADMIT = (
    Path("tests/golden/hl7v2/a01_itk24_admit.er7")
    .read_bytes()
    .replace(b"9995908301", NUMBER.encode())
    .replace("OKAFOR-LINDQVIST^ZOË^J".encode(), f"{FAMILY}^{GIVEN}^J".encode())
)
CODE = re.compile(rb"[\r\n]MSA(.)(A[AER])")


@pytest.fixture(scope="module", params=["refuse", "keep"])
def ward(request: pytest.FixtureRequest) -> Iterator[LiveMllp]:
    with live_mllp(request.param == "keep") as made:
        yield made
        assert codes(made.say(block(ADMIT))) == [b"AA"]
        assert made.log.worst() == []
        assert marks_in(made.log.getvalue()) == []


def block(body: bytes) -> bytes:
    return START + body + END


def codes(answers: list[bytes]) -> list[bytes]:
    """What each answer says; every answer is an acknowledgement."""
    found = [CODE.search(each) for each in answers]
    assert all(found), answers
    return [each[2] for each in found if each]


def answerable(raw: bytes) -> bool:
    """Whether there is an MSH with a separator that can be written, and a control id."""
    line, mark = re.split(rb"[\r\n]", raw[:1024])[0], raw[3:4]
    usual = mark.isascii() and mark in b"!\"#$%'()*+,-./:;<=>?@[]_`{|}"
    return line[:3] == b"MSH" and usual and line.count(mark) >= 9


def whys(ward: LiveMllp, since: int = 0) -> list[object]:
    """Why connections were closed."""
    lines = ward.log.lines()[since:]
    return [line["why"] for line in lines if line["event"] == "mllp.closed"]


ENDED_EARLY = b"MSH\r" + b"\0" * 9
PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [START, END, b"\x1c", b"\r", START + START, END + END, b"MSH|^~\\&|", b"MSH||||||", ADMIT]
        + [
            block(ADMIT),
            block(b""),
            block(b"MSH"),
            START + ADMIT,
            ADMIT + END,
            b"x" * 5000,
            block(ENDED_EARLY),
        ]
    ),
)


@tries(60)
@given(pieces=st.lists(PIECES, min_size=1, max_size=8))
def test_anything_at_all_on_the_socket(ward: LiveMllp, pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    assert len(codes(ward.say(raw))) <= raw.count(END)


NAMES = (b"ASCII", b"8859/1", b"UNICODE UTF-8", b"8859/7", b"UTF-7", b"KZ-1048", b"x" * 500, b"\0")


@tries(80)
@given(data=st.data())
def test_a_good_message_with_anything_in_one_place(ward: LiveMllp, data: st.DataObject) -> None:
    """A byte, a delimiter, a field or the name of the character set becomes something else."""
    body = bytearray(ADMIT)
    match data.draw(st.sampled_from(["bytes", "delimiters", "field", "charset"])):
        case "bytes":
            at = data.draw(st.integers(0, len(body)))
            body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        case "delimiters":
            body[3:8] = data.draw(st.binary(min_size=5, max_size=5))
        case "field":
            fields = bytes(body).split(b"|")
            at = data.draw(st.integers(0, len(fields) - 1))
            fields[at] = data.draw(st.one_of(st.binary(max_size=20), st.sampled_from(FIELDS)))
            body[:] = b"|".join(fields)
        case "charset":
            lines = bytes(body).split(b"\r", 1)
            head = (lines[0].split(b"|") + [b""] * 20)[:17]
            lines[0] = b"|".join([*head, data.draw(st.sampled_from(NAMES))])
            body[:] = b"\r".join(lines)
    raw = bytes(body)
    if START in raw or END in raw:
        return
    before = len(ward.log.lines())
    said = codes(ward.say(block(raw)))
    # Where no MSH is there to answer to, nothing is said, and the log says that.
    assert len(said) == 1 or not answerable(raw), raw[:80]
    if not said:
        wait_until(lambda: "nothing may be said" in whys(ward, before))


FIELDS = [
    b"^" * 5000,
    b"~" * 5000,
    b"&" * 5000,
    b"\\" * 5001,
    b"\\X" + b"4" * 4999 + b"\\",
    b"\\.br\\" * 999,
    b'""',
    b"=1+1",
    b"\xe2\x80\xae",
    b"99991231235959-2359",
    b"00010101000000+2359",
    b"9" * 5000,
]


@pytest.mark.parametrize(
    "body",
    [
        ADMIT + b"ZZZ" + b"|" * 100_000,
        ADMIT + b"ZZZ|1\r" * 50_000,
        ADMIT + b"OBX|1|" + b"~".join([b"a^b&c"] * 50_000),
        b"MSH|||||" + ADMIT[8:],
        b"MSH" + b"|" * 200_000,
        ADMIT + b"NTE|1||" + b"\\H\\" * 100_000,
    ],
    ids=["fields", "segments", "repeats", "all marks alike", "empty MSH", "escapes"],
)
def test_enormous_and_nonsensical_messages_are_answered(ward: LiveMllp, body: bytes) -> None:
    assert len(codes(ward.say(block(body)))) == 1


def test_one_byte_too_many_is_refused_by_name(ward: LiveMllp) -> None:
    body = ADMIT + b"NTE|1||" + b"x" * MAX_PARCEL
    assert codes(ward.say(block(body))) == [b"AR"]


def test_a_name_too_long_for_the_ledger_is_refused_and_not_owned(ward: LiveMllp) -> None:
    head = ADMIT.split(b"\r", 1)[0].split(b"|")
    for number in (2, 3, 9):
        fields = [*head[:number], b"N" * 600, *head[number + 1 :]]
        body = b"|".join(fields) + b"\r" + ADMIT.split(b"\r", 1)[1]
        before = len(ward.owned)
        said = codes(ward.say(block(body)))
        owned = [out.topic for out in ward.owned[before:]]
        assert (said, owned) in (([b"AA"], ["parcels"]), ([b"AR"], ["parcels"]), ([b"AR"], []))


def test_what_cannot_be_read_is_kept_or_refused_as_agreed() -> None:
    """Twenty blocks, twenty answers: kept ones are AA and in the quarantine, refused ones are not AA."""
    bad = ADMIT.replace(b"|P|2.4", b"|P|9.9")
    for keep in (True, False):
        with live_mllp(keep) as ward:
            said = codes(ward.say(block(bad) * 20))
            assert len(said) == 20 and (set(said) == {b"AA"}) == keep
            assert [out.topic for out in ward.owned] == ["parcels"] * 20


def test_a_peer_that_sends_a_byte_now_and_then_is_hung_up_on() -> None:
    with live_mllp(frame_timeout=0.5) as ward, ward.connect() as wire:
        wire.sendall(START + b"MSH")
        assert heard(wire) == b""
        wait_until(lambda: whys(ward) == ["too slow"])


def test_more_connections_than_agreed_are_closed_and_the_others_go_on() -> None:
    with live_mllp(connections=4) as ward, ExitStack() as stack:
        wires = [stack.enter_context(ward.connect()) for _ in range(40)]
        for wire in wires:
            try:
                wire.sendall(block(ADMIT))
            except OSError:
                continue
        wait_until(lambda: len(ward.owned) == 4)
        wait_until(lambda: len(ward.transport._callers) == 4)
        events = {line["event"] for line in ward.log.lines()}
        assert "mllp.too_many_connections" in events


def test_who_says_nothing_is_let_go_in_the_end() -> None:
    """Without a bound, as many silent connections as are allowed would keep the partner out."""
    usual = mllp.Listen(port=0).idle_timeout
    assert usual is not None and 600 <= usual <= 24 * 3600


def test_long_blocks_of_a_partner_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine times 16 MiB at once without an end: four are held, of the others little."""
    grown: list[int] = []
    read = turns.Turn.read

    async def noted(self: turns.Turn, size: int) -> None:
        await read(self, size)
        grown.append(size)

    monkeypatch.setattr(turns.Turn, "read", noted)
    large = START + ADMIT + b"NTE|1||" + b"x" * (MAX_PARCEL - 100_000)
    with live_mllp() as ward, ExitStack() as stack:
        wires = [stack.enter_context(ward.connect()) for _ in range(9)]
        for wire in wires:
            wire.setblocking(False)
        left = {wire: memoryview(large) for wire in wires}

        def flow() -> int:
            for wire, rest in left.items():
                try:
                    while rest:
                        rest = rest[wire.send(rest) :]
                except BlockingIOError:
                    pass
                left[wire] = rest
            return sum(not rest for rest in left.values())

        wait_until(lambda: flow() >= turns.LONG_AT_ONCE, 30)
        for _ in range(20):
            flow()
        assert (
            sum(size > MAX_PARCEL // 2 for size in grown)
            and len([rest for rest in left.values() if rest]) == 9 - turns.LONG_AT_ONCE
        )
