"""Our reader of ER7 finds what the `hl7` library and HAPI find, whatever the delimiters, escapes and repetitions."""

from collections.abc import Iterator
from datetime import UTC, datetime

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats import ack, er7
from connectors.formats.hl7v2 import VERSIONS
from tests.kit.hapi import Hapi

MARKS = st.permutations("|^~\\&*#!%+").map(lambda marks: er7.Delimiters(*marks[:5]))
TEXT = st.text(
    st.characters(codec="utf-8", min_codepoint=0x20, exclude_categories=("C", "Zl", "Zp")),
    max_size=12,
).map(str.strip)
AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
PLACES = [("PID", 5), ("PID", 9), ("PV1", 19)]
"""Names and a number: as strings under every reader, whatever stands in them."""


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, er7.Delimiters, dict[tuple[str, int, int, int], str]]:
    """A message, its delimiters, and what stands in it by segment, field, repetition, component."""
    marks = draw(MARKS)
    stands: dict[tuple[str, int, int, int], str] = {}
    fields: dict[str, dict[int, str]] = {"PID": {1: "1"}, "PV1": {1: "1"}}
    for name, number in PLACES:
        repeats = []
        for repeat in range(draw(st.integers(1, 3 if name == "PID" else 1))):
            parts = []
            for part in range(1, draw(st.integers(1, 3)) + 1):
                text, below = draw(TEXT), draw(st.lists(TEXT, max_size=1))
                stands[name, number, repeat, part] = text
                inner = [er7.escaped(word, marks) for word in (text, *below)]
                parts.append(marks.subcomponent.join(inner))
            repeats.append(marks.component.join(parts))
        fields[name][number] = marks.repetition.join(repeats)
    head = dict.fromkeys(range(2, 19), "") | {3: "A", 7: "20261123", 10: "1", 11: "P", 12: "2.4"}
    head |= {9: marks.component.join(["ADT", "A01", "ADT_A01"]), 18: "UNICODE UTF-8"}
    first = marks.field.join(
        [f"MSH{marks.field}{marks.encoding}", *(head[n] for n in range(3, 19))]
    )
    lines = [first, f"EVN{marks.field}{marks.field}20261123"]
    lines += [er7.line(name, found, marks) for name, found in fields.items()]
    return er7.encoded(lines, "utf-8"), marks, stands


@pytest.fixture(scope="module")
def hapi() -> Iterator[Hapi]:
    peer = Hapi()
    yield peer
    peer.close()


def ours(body: bytes, place: tuple[str, int, int, int]) -> str:
    name, number, repeat, part = place
    return er7.Message(body, er7.header(body)).text(name, number, part, repeat)


@settings(deadline=None)
@given(messages())
def test_the_library_hl7_finds_the_same(
    made: tuple[bytes, er7.Delimiters, dict[tuple[str, int, int, int], str]],
) -> None:
    body, _, stands = made
    message = hl7.parse(body, encoding="utf-8")
    for place, text in stands.items():
        name, number, repeat, part = place
        theirs = message.extract_field(name, 1, number, repeat + 1, part, 1)
        assert ours(body, place) == theirs == text


@settings(deadline=None)
@given(made=messages())
def test_hapi_finds_the_same(
    hapi: Hapi, made: tuple[bytes, er7.Delimiters, dict[tuple[str, int, int, int], str]]
) -> None:
    body, _, stands = made
    paths = [f"{name}-{number}({at})-{part}-1" for name, number, at, part in stands]
    found = hapi.reads(body, "utf-8", *paths, strict=False).values
    assert [ours(body, place) for place in stands] == found == list(stands.values())


@pytest.mark.parametrize(
    ("written", "meant", "hapis"),
    [
        (r"a\F\b", "a|b", "a|b"),
        (r"\S\\T\\R\\E\ .", "^&~\\ .", "^&~\\ ."),
        (r"\Zlocal\ ", r"\Zlocal\ ", r"\Zlocal\ "),
        # HAPI leaves what formats text to the application, and drops an escape that never ends.
        (r"x\X41\y", "xAy", r"x\X41\y"),
        (r"x\XC3AB\y", "xëy", r"x\XC3AB\y"),
        (r"one\.br\two", "one\ntwo", r"one\.br\two"),
        ("a\\b", "a\\b", "ab"),
        (r"\E", r"\E", "E"),
    ],
)
def test_escapes_typed_by_hand(hapi: Hapi, written: str, meant: str, hapis: str) -> None:
    body = (
        "MSH|^~\\&|A|B|C|D|20261123||ADT^A01^ADT_A01|1|P|2.4||||||UNICODE UTF-8\r"
        f"EVN||20261123\rPID|1||||{written}^Tam\rPV1|1\r"
    ).encode()
    assert [ours(body, ("PID", 5, 0, part)) for part in (1, 2)] == [meant, "Tam"]
    assert hapi.reads(body, "utf-8", "PID-5-1", "PID-5-2", strict=False).values == [hapis, "Tam"]


@settings(deadline=None)
@given(
    marks=MARKS,
    version=st.sampled_from(VERSIONS),
    words=st.lists(TEXT, min_size=5, max_size=5),
    place=st.sampled_from(["PID-5", "NK1[2]-4", "MSH-9.2", "PV1-3.4"]),
)
def test_both_find_in_our_acknowledgement_what_it_says(
    hapi: Hapi, marks: er7.Delimiters, version: str, words: list[str], place: str
) -> None:
    told = [er7.escaped(word, marks) for word in words]
    head = [f"MSH{marks.field}{marks.encoding}", *told[:4], "20261123", ""]
    head += [marks.component.join(("ADT", "A01")), f"X{told[4]}", "P", version]
    body = er7.encoded([marks.field.join([*head, "", "", "", "", "", "UNICODE UTF-8"])], "utf-8")
    fault = er7.Faulty(words[0] or "wrong", place, er7.BAD_TYPE)
    answer = ack.acknowledgement(er7.header(body), "AE", AT, fault)
    late = version >= "2.5"
    coded = "ERR-3-1" if late else "ERR-1-4-1"
    where = ["ERR-2-1", "ERR-2-3"] if late else ["ERR-1-1", "ERR-1-3"]
    segment, field = place[:3], place.split("-")[1].split(".")[0]
    expected = ["AE", f"X{words[4]}", words[2], words[3], words[0], words[1]]
    paths = ["MSA-1", "MSA-2", "MSH-3", "MSH-4", "MSH-5", "MSH-6", coded, *where]
    found = hapi.reads(answer, "utf-8", *paths, strict=False).values
    assert found == [*expected, "102", segment, field]
    message = hl7.parse(answer, encoding="utf-8")
    places = [("MSA", 1), ("MSA", 2), ("MSH", 3), ("MSH", 4), ("MSH", 5), ("MSH", 6)]
    assert [message.extract_field(name, 1, number) for name, number in places] == expected
