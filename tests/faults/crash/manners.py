"""A team's system answers well, or in one of the ways in which such systems are known to fail."""

from collections.abc import Iterator

from tests.faults.crash.wards import END, START

PATIENCE = 5.0
"""Seconds for which the hub waits for an answer of a campaign's teams."""

RIGHT = ("well", "slow", "twice")
"""Manners after which the sender knows that its message was taken."""

_ACK = "MSH|^~\\&|TEAM|X|HUB|X|20260101||ACK|A{number}|T|2.4\rMSA|AA|{reference}\r"


def answer(
    manner: str, reference: str, number: int, chance: float
) -> Iterator[tuple[float, bytes | None]]:
    """Pauses and words; None: hang up. `chance` is between 0 and 1, and makes it vary."""
    right = _block(number, reference)
    if manner == "slow":
        yield 0.2 + chance, right
    elif manner == "silent":
        # Nothing is said, and the line is held: the sender hangs up.
        yield 2 * PATIENCE, b""
        yield 0, None
    elif manner == "late":
        yield PATIENCE + 0.2 + chance, right
    elif manner == "babble":
        yield 0, b"220 mail.example ESMTP ready\r\n" * 3
        yield 0, None
    elif manner == "truncate":
        yield 0, right[: 1 + int(chance * (len(right) - 2))]
        yield 0, None
    elif manner == "wrong":
        yield 0, _block(number, reference[1:] + reference[:1])
    elif manner == "twice":
        yield 0, right
        yield chance * 0.01, right
    elif manner == "hang-up":
        yield 0, None
    else:
        yield 0, right


def _block(number: int, reference: str) -> bytes:
    return START + _ACK.format(number=number, reference=reference).encode() + END
