"""HAPI takes what we send and understands what we answer, over MLLP, as a hospital's own system would."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.base import Kind, Outgoing, Parcel, Says, Transport, Unreadable, Verdict
from connectors.formats import er7, make_format
from connectors.formats.adt import TRIGGERS
from connectors.formats.hl7v2 import VERSIONS
from connectors.transports import make_transport
from schemas.codes import AttendanceKind
from schemas.envelope import Envelope, Sender
from tests.contract.transports.bench import until
from tests.kit.hapi import Hapi, HapiRefused
from tests.kit.people import STORIES, a_child, an_attendance

FOLDER = Path(__file__).parents[2] / "golden" / "hl7v2"
FILES = sorted(FOLDER.glob("*.er7"))
AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
STRUCTURES = {"discharged": "ADT_A03", "admission_cancelled": "ADT_A09"}
HL7 = make_format({"kind": "hl7v2"})
WITHOUT_ODS = re.compile(rb"(PD1\|\|\|[^|^\r]*)\^\^[A-Z0-9]+")
"""ITK puts the practice's ODS code in PD1-3.3, which the standard gives to a number (XON.3, NM)."""


@pytest.fixture(scope="module")
def hapi() -> Iterator[Hapi]:
    peer = Hapi()
    yield peer
    peer.close()


def written(body: Any, **settings: Any) -> Outgoing:
    envelope = Envelope(
        message_id=UUID(int=1), type="health.attendance", schema_version=1, occurred_at=AT,
        recorded_at=AT, correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=Sender(agency="X26H1"),
    )  # fmt: skip
    form = make_format({"kind": "hl7v2", **settings})
    return form.write(envelope, body.model_dump(mode="json"), body.reference)


async def pushed(hapi: Hapi, out: Outgoing) -> bytes:
    send = {"host": "127.0.0.1", "port": hapi.port}
    mllp = make_transport("st-elsewhere", {"kind": "mllp", "send": send})
    try:
        reply = (await mllp.push(out)).reply
    finally:
        await mllp.close()
    assert reply is not None
    return reply


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [kind for kind in AttendanceKind if kind != "cpis_access"])
async def test_what_we_send_is_taken_by_hapi_and_its_answer_read(
    hapi: Hapi, version: str, kind: AttendanceKind
) -> None:
    hapi.answers("AA")
    out = written(an_attendance(3, kind), version=version)
    answer = HL7.understand(await pushed(hapi, out))
    assert (answer.says, answer.names) == (Says.TAKEN, HL7.names(out.reference))
    # Version 2.3 has no structures yet: HAPI calls each message after its event.
    own = f"ADT_{TRIGGERS[kind]}"
    assert hapi.answers("AA") == [own if version == "2.3" else STRUCTURES.get(kind, "ADT_A01")]


@pytest.mark.parametrize("story", [story for story in STORIES if story != "unborn"])
def test_hapi_finds_each_child_where_we_wrote_it(hapi: Hapi, story: str) -> None:
    seed = STORIES.index(story)
    body = an_attendance(seed).model_copy(update={"child": a_child(seed)})
    out = written(body)
    paths = ("PID-3-1", "PID-5-1", "PID-5-2", "PID-7-1", "PV1-19-1", "MSH-10")
    found = hapi.reads(WITHOUT_ODS.sub(rb"\1", out.body), "utf-8", *paths).values
    name = body.child.name
    assert found[4:] == [body.visit, HL7.names(out.reference)]
    assert found[3] == (f"{body.child.born:%Y%m%d}" if body.child.born else "")
    if not isinstance(body.child.gp, str):
        code = hapi.reads(out.body, "utf-8", "PD1-3-3", strict=False).values
        assert code == [body.child.gp.value.ods]
    if not isinstance(name, str):
        assert (found[1] or None) == (name.value.family or name.value.whole)
        assert (found[2] or None) == name.value.given


@pytest.mark.parametrize(
    ("code", "says"), [("AE", Says.TRY_AGAIN), ("AR", Says.REFUSED), ("CE", Says.TRY_AGAIN)]
)
async def test_hapis_refusal_is_read_with_its_place(hapi: Hapi, code: str, says: Says) -> None:
    hapi.answers(code)
    for version in ("2.4", "2.5.1"):
        out = written(an_attendance(3), version=version)
        answer = HL7.understand(await pushed(hapi, out))
        assert (answer.says, answer.code, answer.names) == (says, code, HL7.names(out.reference))
        assert answer.text == "PID-3: Unknown key identifier"


async def test_what_hapi_cannot_parse_it_refuses_and_we_read_that(hapi: Hapi) -> None:
    out = written(an_attendance(3))
    broken = Outgoing("r", out.body.replace(b"|2.4|", b"|9.9|", 1), out.media_type)
    answer = HL7.understand(await pushed(hapi, broken))
    assert answer.says is not Says.TAKEN
    assert answer.names == HL7.names(out.reference)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_hapi_sends_and_reads_that_we_took_it(hapi: Hapi, file: Path) -> None:
    body = file.read_bytes()  # noqa: ASYNC240 a small file
    found = await sent(hapi, body, "MSA-1", "MSA-2", "MSH-9-1")
    (draft,) = HL7.read(Parcel("h", "mllp", body, HL7.media_type, AT))
    assert found == ["AA", draft.reference, "ACK"]


@pytest.mark.parametrize(
    ("name", "change", "paths", "expected"),
    [
        ("a01_itk24_admit", (b"9995908301", b"9995908302"), ("ERR-1-1", "ERR-1-3", "ERR-1-4-1"),
         ["PID", "3", "102"]),
        ("a08_251_update", (b"999 147 1049", b"999 147 1048"), ("ERR-2-1", "ERR-2-3", "ERR-3-1"),
         ["PID", "3", "102"]),
    ],
)  # fmt: skip
async def test_hapi_reads_what_we_refuse_and_where(
    hapi: Hapi, name: str, change: tuple[bytes, bytes], paths: tuple[str, ...], expected: list[str]
) -> None:
    body = (FOLDER / f"{name}.er7").read_bytes().replace(*change)
    assert await sent(hapi, body, "MSA-1", *paths) == ["AE", *expected]


def test_hapi_is_no_rubber_stamp(hapi: Hapi) -> None:
    body = written(an_attendance(3)).body
    with pytest.raises(HapiRefused):
        hapi.reads(body.replace(b"|P|2.4|", b"|P|9.9|", 1), "utf-8", "MSH-10")
    with pytest.raises(HapiRefused):
        hapi.reads(body.replace(b"PV1|1|", b"PV1|one|", 1), "utf-8", "MSH-10")


async def sent(hapi: Hapi, body: bytes, *paths: str) -> list[str]:
    """What HAPI's client finds in the answer of our own listener to this message."""

    async def accept(parcel: Parcel) -> Verdict:
        try:
            HL7.read(parcel)
        except Unreadable as error:
            verdict = Verdict(Kind.REFUSED, reason=error.reason, place=error.place)
        else:
            verdict = Verdict(Kind.OWNED)
        return Verdict(verdict.kind, HL7.reply(parcel, verdict))

    mllp: Transport = make_transport("h", {"kind": "mllp", "listen": {"port": 0}}, lambda: AT)
    stop = asyncio.Event()
    serving = asyncio.create_task(mllp.serve(accept, stop))
    await until(lambda: mllp.listening)  # type: ignore[attr-defined]
    port = mllp.listening[1]  # type: ignore[attr-defined]
    codec = er7.header(body).codec
    try:
        found = await asyncio.to_thread(hapi.sends, port, body, codec, *paths)
    finally:
        stop.set()
        await serving
        await mllp.close()
    return found.values
