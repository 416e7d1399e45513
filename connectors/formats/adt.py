"""An ADT event becomes a `health.attendance` and back, with nothing clinical taken from it.

Read are A01, A03, A04, A08, A11 and A13. What ADT has no field for travels in ZFD, a segment of
ours that other readers pass over: 1 interpreter needed, 2 in which language, 3 communication needs,
4 who registered, 5 arrived with, 6 need, 7 school, 8 UPN, 9 UPRN, 10 age where no date is known.
Source: HL7 v2.3 to v2.5.1 chapter 3; UK ITK HL7 v2 ADT specification; NHS Data Dictionary
(admission method).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pydantic import ValidationError

from connectors.base import Refused
from connectors.formats import patient
from connectors.formats.civil import instant, shown
from connectors.formats.er7 import BAD_TYPE, REQUIRED, Message, escaped
from connectors.formats.said import moment, value
from schemas.envelope import Doubt
from schemas.health import HealthAttendance

KINDS = {
    "A01": "admitted",
    "A03": "discharged",
    "A04": "registered",
    "A08": "updated",
    "A11": "admission_cancelled",
    "A13": "discharge_cancelled",
}
TRIGGERS = {kind: trigger for trigger, kind in KINDS.items()}
STRUCTURES = {"A03": "ADT_A03", "A11": "ADT_A09"}
"""ADT_A01 serves every other trigger that is read."""

_SETTINGS = {"E": "emergency", "I": "inpatient", "O": "outpatient", "R": "outpatient"}
_SETTINGS |= {"B": "maternity", "W": "walk_in", "P": "inpatient", "N": "other"}
_CLASSES = {"emergency": "E", "inpatient": "I", "outpatient": "O"}
_CLASSES |= {"maternity": "B", "walk_in": "W", "other": "N"}
_UNSCHEDULED = {
    "A": True,
    "E": True,
    "U": True,
    "2": True,
    "R": False,
    "C": False,
    "1": False,
}
_PLACES = {
    "visit": "PV1-19",
    "site": "PV1-3.4",
    "at": "EVN-2",
    "discharged_to": "PV1-37",
}
_PLACES |= {"who": "ZFD-4", "arrived_with": "ZFD-5", "need": "ZFD-6", "kind": "MSH-9.2"}


def attendance(
    message: Message, nhs: frozenset[str], interpreter: tuple[str, int] | None
) -> tuple[HealthAttendance, tuple[Doubt, ...]]:
    """The attendance that an ADT message tells of, and any doubt about when it was or where they live.

    Raises `Faulty` with the field to mend.
    """
    for name in ("EVN", "PID"):
        if not message.has(name):
            message.fault(f"an ADT message has a segment {name}", name, REQUIRED)
    trigger = message.header.part(9, 2)
    child = patient.identity(message, nhs)
    _extra(message, child, interpreter or ("ZFD", 1))
    at, doubts = _occurred(message, trigger)
    doubts += patient.other_addresses(message)
    told: dict[str, Any] = {
        "reference": message.header.get(10),
        "kind": KINDS[trigger],
        "at": at,
        "site": message.text("PV1", 3, 4) or message.header.part(4),
        "setting": _SETTINGS.get(message.text("PV1", 2), "other"),
        "unscheduled": _unscheduled(message),
        "child": child,
    }
    for key, name, field, component in (
        ("site_name", "PV1", 3, 9),
        ("visit", "PV1", 19, 1),
        ("discharged_to", "PV1", 37, 1),
        ("who", "ZFD", 4, 1),
        ("arrived_with", "ZFD", 5, 1),
        ("need", "ZFD", 6, 1),
    ):
        if found := message.text(name, field, component):
            told[key] = found
    try:
        return HealthAttendance.model_validate(told), doubts
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        reasons = dict.fromkeys(f"{_place(item['loc'])} {item['msg']}" for item in wrong[1:])
        reason = "; ".join([wrong[0]["msg"], *reasons])
        code = REQUIRED if wrong[0]["type"] == "missing" else BAD_TYPE
        message.fault(reason, _place(wrong[0]["loc"]), code)


def segments(body: Mapping[str, Any], recorded_at: datetime) -> dict[str, dict[int, str]]:
    """EVN, PID, PD1, PV1 and ZFD by field for an attendance; what was withheld is absent."""
    child, trigger = body.get("child"), TRIGGERS.get(body.get("kind") or "")
    if not child:
        raise Refused(
            "nothing of the child may be told to this recipient, so no ADT can be written"
        )
    if trigger is None:
        raise Refused("this kind of attendance is no ADT event: deliver it by another format")
    pid, pd1 = patient.segments(child, body.get("site") or "")
    at = moment(body.get("at"))
    stamp = shown(at, "%Y%m%d%H%M%S%z") if at else ""
    evn = {2: shown(recorded_at, "%Y%m%d%H%M%S%z"), 6: stamp}
    place = f"^^^{escaped(body.get('site') or '')}^^^^^{escaped(body.get('site_name') or '')}"
    pv1 = {
        1: "1",
        2: _CLASSES.get(body.get("setting") or "", "N"),
        3: place.rstrip("^"),
    }
    unscheduled = body.get("unscheduled")
    if isinstance(value(unscheduled), bool):
        pv1[4] = "E" if value(unscheduled) else "R"
    elif unscheduled == "not_known":
        pv1[4] = '""'
    pv1[19] = f"{escaped(body['visit'])}^^^VISITID" if body.get("visit") else ""
    pv1[37] = escaped(body.get("discharged_to") or "")
    if trigger in ("A01", "A04"):
        pv1[44] = stamp
    elif trigger == "A03":
        pv1[45] = stamp
    zfd = _written_extra(child)
    for field, key in ((4, "who"), (5, "arrived_with"), (6, "need")):
        zfd[field] = escaped(body.get(key) or "")
    found = {"EVN": evn, "PID": pid, "PD1": pd1, "PV1": pv1, "ZFD": zfd}
    present = {
        name: {n: text for n, text in fields.items() if text} for name, fields in found.items()
    }
    return {name: fields for name, fields in present.items() if fields}


def timestamp(message: Message, text: str, where: str) -> tuple[datetime, tuple[Doubt, ...]] | None:
    """An instant from HL7's TS; None where it is no finer than a day. London's, if without offset."""
    digits, sign, offset = text, "", ""
    for mark in "+-":
        if mark in text:
            digits, sign, offset = text.partition(mark)
    digits = digits.partition(".")[0]
    if not (digits + offset).isascii() or not (digits + (offset or "0")).isdigit():
        message.fault("a time is digits, YYYYMMDDHHMM[SS][+ZZZZ]", where)
    if len(digits) in (4, 6, 8):
        return None
    try:
        local = _local(digits)
        if not sign:
            return instant(local)
        ahead = timedelta(hours=int(offset[:2]), minutes=int(offset[2:4] or 0))
        zone = timezone(-ahead if sign == "-" else ahead)
        return local.replace(tzinfo=zone).astimezone(UTC), ()
    except (ValueError, OverflowError):
        message.fault(
            "this is no time, YYYYMMDDHHMM[SS][+ZZZZ]: a part of it is out of range",
            where,
        )


def _local(digits: str) -> datetime:
    if len(digits) not in (12, 14):
        raise ValueError(digits)
    parts = [int(digits[at : at + 2] or 0) for at in (4, 6, 8, 10, 12)]
    month, day, hour, minute, second = parts
    return datetime(int(digits[:4]), month, day, hour, minute, second)  # noqa: DTZ001 London's


def _occurred(message: Message, trigger: str) -> tuple[datetime, tuple[Doubt, ...]]:
    places = [("EVN", 6), ("EVN", 2)]
    if trigger in ("A01", "A04"):
        places.insert(1, ("PV1", 44))
    elif trigger == "A03":
        places.insert(1, ("PV1", 45))
    for name, field in places:
        text = message.text(name, field)
        found = timestamp(message, text, f"{name}-{field}") if text else None
        if found is not None:
            return found
    reason = "the time of the event is needed to the minute, YYYYMMDDHHMM"
    return message.fault(reason, "EVN-2", REQUIRED)


def _unscheduled(message: Message) -> Any:
    if message.null("PV1", 4):
        return "not_known"
    known = _UNSCHEDULED.get(message.text("PV1", 4)[:1])
    if known is None and message.text("PV1", 2) == "E":
        known = True
    return "not_asked" if known is None else {"value": known}


def _extra(message: Message, child: dict[str, Any], interpreter: tuple[str, int]) -> None:
    _said(child, "interpreter_needed", _yes(message, *interpreter))
    if not message.has("ZFD"):
        return
    for field, key in ((2, "interpreter_language"), (10, "age_given")):
        if text := message.text("ZFD", field):
            child[key] = text
    for field, key in ((3, "communication_needs"), (8, "upn")):
        text = message.text("ZFD", field)
        _said(child, key, {"value": text} if text else _gap(message, field))
    name = message.text("ZFD", 7)
    urn = message.text("ZFD", 7, 3)
    school = {"value": {"name": name, "urn": urn or None}} if name else _gap(message, 7)
    _said(child, "school", school)
    address = value(child.get("address"))
    if address and (uprn := message.text("ZFD", 9)):
        address["uprn"] = uprn


def _said(child: dict[str, Any], key: str, found: Any) -> None:
    """What nobody was asked is left out: that is what its absence means."""
    if found is not None:
        child[key] = found


def _gap(message: Message, field: int) -> str | None:
    return "not_known" if message.null("ZFD", field) else None


def _written_extra(child: Mapping[str, Any]) -> dict[int, str]:
    zfd: dict[int, str] = {}
    for field, key in (
        (1, "interpreter_needed"),
        (3, "communication_needs"),
        (7, "school"),
        (8, "upn"),
    ):
        said = value(child.get(key))
        if isinstance(said, bool):
            zfd[field] = "Y" if said else "N"
        elif isinstance(said, Mapping):
            zfd[field] = f"{escaped(said['name'])}^^{escaped(said.get('urn') or '')}".rstrip("^")
        elif said:
            zfd[field] = escaped(said)
        elif child.get(key) == "not_known":
            zfd[field] = '""'
    zfd[2] = escaped(child.get("interpreter_language") or "")
    zfd[9] = (value(child.get("address")) or {}).get("uprn") or ""
    zfd[10] = escaped(child.get("age_given") or "")
    return zfd


def _yes(message: Message, name: str, field: int) -> Any:
    if message.null(name, field):
        return "not_known"
    said = message.text(name, field)[:1].upper()
    return {"value": said in "Y1T"} if said and said in "Y1TN0F" else None


def _place(loc: tuple[int | str, ...]) -> str:
    if loc and loc[0] == "child":
        return patient.PLACES.get(str(loc[1]) if len(loc) > 1 else "", "PID")
    return _PLACES.get(str(loc[0]) if loc else "visit", "MSH")
