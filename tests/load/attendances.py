"""Attendances of about one kilobyte are made before the measuring begins; a serial and a stamp go in last."""

import time
from collections.abc import Sequence

CHILDREN = 200
STAMP = b"^^^VISITID"
DIGITS = 20
"""Of the stamp: nanoseconds of the system's monotonic clock, the visit number of PV1-19."""

_SURNAMES = ("THISTLEWOOD", "MARROWBY", "QUILLFEATHER", "LARKHOLLOW", "STONEBRIDLE")
_MESSAGE = "\r".join(
    (
        (
            "MSH|^~\\&|PAS|{agency}|ROUTE|ROUTE|{at}||ADT^A01^ADT_A01|\0|P|2.4|1|{at}|||GBR|UNICODE|EN||"
            "iTKv1.0"
        ),
        "EVN||{at}|||111111111^Cortana^Emily^^^Miss^^{agency}|{at}",
        (
            "PID|1||{nhs}^^^NHS~P{own:07d}^^^{agency}^PI||{surname}^INVENTED^J^^MISS^^L|OKAFOR^ADAEZE^Y|"
            "201703121515|2|||29 WEST TERRACE^HARROWGATE ROW^LEEDS^WEST YORKSHIRE^LS99 5TT^GBR^H||"
            "0113 496 0123||EN|S|C22|||||F|Leeds|N||GBR||GBR"
        ),
        "PD1|||INVENTED LANE PRACTICE^^X26Y1|G5612908^Townley^Gregory^^^Dr^^^GMP",
        (
            "NK1|1|LINDQVIST^OVE^J^^MR^^L|2|29 WEST TERRACE^HARROWGATE ROW^LEEDS^WEST YORKSHIRE^"
            "LS99 5TT^GBR^H|07700 900123||||||||||1|198811111513||||EN"
        ),
        (
            "PV1|1|I|{agency}^ED^BAY2-6^{agency}|21|||C3456789^Darwin^Samuel^^^Dr^^^GMC|"
            "G5612908^Townley^Gregory^^^Dr^^^GMP||300||||19|||||\0^^^VISITID||||||||||||||||||||||||"
            "|{at}"
        ),
        "PV2||||||||||||||||||||||||||||||||||||||C",
        "",
    )
)


class Attendances:
    """Messages about these children, one after the other, each under a reference of its own."""

    def __init__(self, agency: str, numbers: Sequence[str], first: int):
        at = time.strftime("%Y%m%d%H%M%S")
        self._parts = []
        for own, nhs in enumerate(numbers):
            surname = _SURNAMES[own % len(_SURNAMES)]
            text = _MESSAGE.format(at=at, agency=agency, nhs=nhs, own=own, surname=surname)
            self._parts.append([part.encode() for part in text.split("\0")])
        self._serial = first

    def next(self, stamp: int) -> bytes:
        """The next message in its block, stamped."""
        self._serial += 1
        head, middle, tail = self._parts[self._serial % len(self._parts)]
        serial = str(self._serial).encode()
        visit = str(stamp).zfill(DIGITS).encode()
        return b"".join((b"\x0b", head, serial, middle, visit, tail, b"\x1c\r"))


def stamp_of(block: bytes) -> int:
    """When the message in a block was (to be) sent."""
    at = block.index(STAMP)
    return int(block[at - DIGITS : at])
