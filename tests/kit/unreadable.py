"""Parcels that nobody can read because of one slip, and how they read without it."""

from hub.core.parcels import record_parcels
from hub.ids import digest, fresh
from hub.wire import Record
from tests.kit.site import Bench

_HEADER = (
    "Call ID,Date,Time,Agent ID,Caller type,Caller name,Caller role,Caller organisation,ANI,Source,"
    "Child name,Date of birth,Gender,NHS number,Address,Ethnicity,First language,"
    "Interpreter required,Interpreter language,Disability,Note,Immediate danger,Parents aware,"
    "Open case"
)
_ROW = (
    "CC-1044{n},{day},16:42,A71,Prof,Briony Castellane,,Millrace Primary School,0113 496 0217,"
    "School,{child},12/03/2017,F,,,,English,No,,None,{note},No,No,No"
)


def csv(
    day: str = "31/11/2026", child: str = "Zoë Okafor-Lindqvist", codec: str = "cp1252"
) -> bytes:
    """Two calls of a contact centre, the second on a `day` that there is not."""
    rows = [
        _HEADER,
        _ROW.format(n=1, day="23/11/2026", child="Axel Marrowby", note='"Quiet, and cold"'),
        _ROW.format(n=2, day=day, child=child, note="Would not go home"),
    ]
    return ("\r\n".join(rows) + "\r\n").encode(codec)


def hl7(number: str, born: str = "20150631") -> bytes:
    """An attendance of a child who was born on a day that there is not."""
    lines = (
        r"MSH|^~\&|KIOSK|X26AA|PAS|X26AA|202611011512||ADT^A04^ADT_A01|14038913245354|P|2.4|||||GBR|8859/1",
        "EVN||202611011512",
        f"PID|1||{number}^^^NHS||ABDI-THORNE^SAMIRA||{born}|F",
        "PV1|1|E|West Wing^X26-AWRD^BED2^X26A1",
    )
    return ("\r".join(lines) + "\r").encode("latin-1")


def kept(bench: Bench, partner: str, body: bytes, place: str, **more: str) -> str:
    """It lies unread in the ledger: its id."""
    name = fresh()
    meta = {
        "partner": partner,
        "transport": "folder",
        "received_at": "2026-11-23T20:00:00+00:00",
        "reference": f"export-{name[-6:]}",
        "media_type": "text/csv",
        "digest": digest(body),
        "size": len(body),
        "messages": [],
        "state": "unreadable",
        "reason": "there is no such day: write dd/mm/yyyy",
        "place": place,
    }
    bench.do(lambda work: record_parcels(work, [Record("parcel", name, meta | more, body)]))
    return name
