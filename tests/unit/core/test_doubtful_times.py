"""A time that could be two instants is marked from the partner's bytes to the page and the trace."""

from pathlib import Path

import pytest

from connectors.base import Parcel
from connectors.formats import make_format
from hub import clock, wire
from hub.commands import trace as printed
from hub.core.arrival import of_record
from hub.intake.compose import Composer
from hub.ledger.read.trace import Trace, trace
from hub.partners import Directory, Role
from hub.seal import Keyring
from schemas.register import REGISTER
from tests.kit.site import Bench, a_partner

GOLDEN = Path(__file__).parents[2] / "golden" / "hl7v2"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("a04_clock_change", "the hour that clocks showed twice"),
        ("a04_clock_skipped", "the hour that clocks left out"),
        ("a04_itk24_register", None),
    ],
)
def test_it_stands_in_the_journey(bench: Bench, file: str, told: str | None) -> None:
    hospital = a_partner(
        "hospital", Role.HEALTH, "mllp", sends=("health.attendance",), format={"kind": "hl7v2"}
    )
    speaks = make_format(hospital.format)
    body = (GOLDEN / f"{file}.er7").read_bytes()
    parcel = Parcel("hospital", "mllp", body, speaks.media_type, clock.now())
    drafts = speaks.read(parcel)
    keys = Keyring({name: bytes(32) for name in ("road", "order", "watch")})
    out = Composer(hospital, REGISTER, keys).accepted(parcel, drafts)[0]
    assert out.value is not None
    headers = {name: value.encode() for name, value in out.headers.items()}
    bench.record(of_record(wire.read(keys, out.topic, headers, out.value)))
    with bench.engine.connect() as conn:
        found = trace(conn, drafts[0].reference, printed.names(Directory([hospital])))
    assert isinstance(found, Trace)
    event = found.events[0]
    assert event.mood == ("soon" if told else "calm")
    assert told in event.said if told else "clocks" not in event.said
