"""What came as bytes is the same bytes again when nobody changed the text, whatever a browser makes of line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Format, Unreadable
from connectors.formats import make_format
from connectors.written import as_bytes, as_text
from tests.kit.effort import tries

FORMATS = {
    "contact-csv": make_format(
        {
            "kind": "contact-csv",
            "columns": {
                "call": "c",
                "received": "r",
                "concern": "n",
                "caller_kind": "k",
                "child": "d",
            },
        }
    ),
    "hl7v2": make_format({"kind": "hl7v2", "character_set": "8859/1"}),
    "hub-json": make_format({"kind": "hub-json"}),
}
LINES = st.lists(
    st.text(st.characters(codec="latin-1", exclude_categories=["C"]), max_size=30), max_size=6
)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@tries(20)
@given(lines=LINES)
def test_bytes_become_text_and_the_same_bytes_again(
    name: str, ending: str, lines: list[str]
) -> None:
    speaks: Format = FORMATS[name]
    body = ending.join(lines).encode(speaks.charset(b""))
    text = as_text(speaks, body)
    browser = text.replace("\n", "\r\n")
    assert as_bytes(speaks, browser, body) == body


def test_what_is_no_text_is_left_out_and_another_character_set_is_mended() -> None:
    csv = FORMATS["contact-csv"]
    assert as_text(csv, b"a\x00b\x0b\r\nc") == "ab\nc"
    wrong = "Zoë".encode()
    assert as_bytes(FORMATS["hub-json"], as_text(FORMATS["hub-json"], b"Zo\xeb"), b"") == wrong
    with pytest.raises(Unreadable, match="line 2: the character ☃"):
        as_bytes(csv, "a\n☃", b"")


def test_hl7_is_written_as_its_own_header_says() -> None:
    text = "MSH|^~\\&|A|B|C|D|2026||ADT^A04|1|P|2.4||||||UNICODE UTF-8\nPID|Zoë"
    assert as_bytes(FORMATS["hl7v2"], text, b"x\ry") == text.replace("\n", "\r").encode()
