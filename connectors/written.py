"""What came as text can be mended as text, and goes back into the bytes that were agreed on."""

import re

from connectors.base import Format, Unreadable

_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters: no field of a form takes them in, and no text needs them."""


def as_text(speaks: Format, body: bytes) -> str:
    """A parcel's bytes as somebody may mend them: lines end with a line feed, no control characters.

    Where they are not in the character set that was agreed on, they are read as what they most
    likely are: only then can what is wrong with them be mended.
    """
    for codec in (speaks.charset(body), "utf-8", "windows-1252"):
        try:
            text = body.decode("utf-8-sig" if codec == "utf-8" else codec)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = body.decode("latin-1")
    return _ODD.sub("", re.sub("\r\n|\r", "\n", text))


def as_bytes(speaks: Format, text: str, like: bytes) -> bytes:
    """The mended text in the character set that was agreed on, its lines ended as they were.

    Raises `Unreadable` where it holds what that cannot write.
    """
    plain = _ODD.sub("", re.sub("\r\n|\r", "\n", text))
    codec = speaks.charset(plain.replace("\n", "\r").encode())
    ending = "\r\n" if b"\r\n" in like else "\r" if b"\r" in like else "\n"
    try:
        return plain.replace("\n", ending).encode(codec)
    except UnicodeEncodeError as error:
        line = error.object.count(ending, 0, error.start) + 1
        raise Unreadable(
            f"the character {error.object[error.start]} is not in {codec}, which was agreed on:"
            " write it otherwise",
            f"line {line}",
        ) from None
