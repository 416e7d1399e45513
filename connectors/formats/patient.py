"""A patient's identity in PID and PD1 becomes a child's in the hub's words and back, and no code is lost between.

An absent field was not asked; HL7's explicit null (`""`) is not known. Where a hospital's code has
no equal among ours it stays beside the nearest as its source. PID-32 carries the NHS number
status indicator. Source: HL7 v2.4 chapter 3; UK ITK
HL7 v2 ADT specification; NHS Data Dictionary (ethnic category; NHS number status; ZZ99 3VZ for no fixed abode).
"""

from collections.abc import Mapping
from typing import Any

from connectors.base import Refused
from connectors.formats.er7 import Message, escaped
from connectors.formats.said import value
from schemas.census import Disability
from schemas.envelope import Doubt

NHS_AUTHORITIES = ("NHS", "NH", "NHSNBR", "2.16.840.1.113883.2.1.4.1")

PLACES = {
    "name": "PID-5",
    "born": "PID-7",
    "age_given": "PID-7",
    "sex": "PID-8",
    "nhs_number": "PID-3",
    "own_number": "PID-3",
    "address": "PID-11",
    "phones": "PID-13",
    "gp": "PD1-3",
    "religion": "PID-17",
    "first_language": "PID-15",
    "ethnicity": "PID-22",
    "disabilities": "PD1-6",
    "died": "PID-29",
}
"""Where a mistake in each field of a child's identity is to be mended."""

_SEXES = {"M": "M", "F": "F", "U": "U", "1": "M", "2": "F"}
_ETHNICITIES = {
    "A": "WBRI",
    "B": "WIRI",
    "C": "WOTH",
    "D": "MWBC",
    "E": "MWBA",
    "F": "MWAS",
}
_ETHNICITIES |= {
    "G": "MOTH",
    "H": "AIND",
    "J": "APKN",
    "K": "ABAN",
    "L": "AOTH",
    "M": "BCRB",
}
_ETHNICITIES |= {"N": "BAFR", "P": "BOTH", "R": "CHNE", "S": "OOTH", "Z": "REFU"}
_STATUSES = {"01": "traced", "02": "claimed", "04": "trace_failed"}
_INDICATORS = {status: code for code, status in _STATUSES.items()}
_DISABILITIES = frozenset(Disability)
_ADDRESS_KINDS = {
    "H": "home",
    "C": "temporary",
    "PLACEMENT": "placement",
    "REFUGE": "refuge",
}
_KINDS_OF_ADDRESS = {ours: theirs for theirs, ours in _ADDRESS_KINDS.items()}
_NO_FIXED = "ZZ99 3VZ"
NHS_ETHNIC, DFE, HANDICAP, SEX = "nhs-ethnic-category", "DFE", "HL70295", "HL70001"


def numbers(
    repeats: list[str], marks: tuple[str, str], nhs: frozenset[str]
) -> tuple[list[str], str]:
    """The NHS numbers (more than one is a mistake) and the sender's own among the repetitions of PID-3."""
    component, subcomponent = marks
    found: list[str] = []
    own = ""
    for repeat in repeats:
        parts = repeat.split(component)
        authority = parts[3].split(subcomponent) if len(parts) > 3 else ()
        kind = parts[4] if len(parts) > 4 else ""
        if kind in nhs or not nhs.isdisjoint(authority):
            number = parts[0].replace(" ", "").replace("-", "")
            if number and number not in found:
                found.append(number)
        else:
            own = own or parts[0]
    return found, own


def identity(message: Message, nhs: frozenset[str]) -> dict[str, Any]:
    """PID and PD1 as the fields of a child's identity, for validation."""
    marks = message.delimiters
    found, own = numbers(message.repeats("PID", 3), (marks.component, marks.subcomponent), nhs)
    if len(found) > 1:
        message.fault("two NHS numbers of one patient: send the one that is theirs", "PID-3")
    child: dict[str, Any] = {"phones": [*_phones(message, 13), *_phones(message, 14)]}
    for key, name, field, tell in (
        ("name", "PID", 5, _name),
        ("sex", "PID", 8, _sex),
        ("address", "PID", 11, _address),
        ("gp", "PD1", 3, _practice),
        ("religion", "PID", 17, _religion),
        ("first_language", "PID", 15, _language),
        ("ethnicity", "PID", 22, _ethnicity),
        ("disabilities", "PD1", 6, _disabilities),
    ):
        if value := tell(message):
            child[key] = {"value": value}
        elif message.null(name, field):
            child[key] = "not_known"
    if found:
        status = _STATUSES.get(message.text("PID", 32), "claimed")
        child["nhs_number"] = {"value": {"number": found[0], "status": status}}
    if own:
        child["own_number"] = message.plain(own, "PID-3.1") if marks.escape in own else own
    if born := message.text("PID", 7):
        if len(born) >= 8:
            child["born"] = _day(message, born, "PID-7")
        else:
            child["age_given"] = f"born {born[:4]}" + (f"-{born[4:6]}" if len(born) > 4 else "")
    if died := message.text("PID", 29):
        child["died"] = _day(message, died, "PID-29")
    return child


def other_addresses(message: Message) -> tuple[Doubt, ...]:
    """Said where there are several: a child has one here, the first."""
    more = any(repeat.strip('^&"') for repeat in message.repeats("PID", 11)[1:])
    return (Doubt.ADDRESS_FIRST,) if more else ()


def segments(child: Mapping[str, Any], authority: str) -> tuple[dict[int, str], dict[int, str]]:
    """The fields of PID and PD1 for a child; what was withheld is absent."""
    if child.get("expected"):
        raise Refused("an unborn child has no place in HL7 v2 ADT: deliver this by another format")
    pid: dict[int, str] = {1: "1"}
    number = value(child.get("nhs_number"))
    ids = []
    if number:
        ids = [f"{number['number']}^^^NHS^NH"]
        pid[32] = _INDICATORS.get(number.get("status") or "claimed", "")
    if own := child.get("own_number"):
        ids.append(f"{escaped(own)}^^^{escaped(authority)}^PI")
    pid[3] = "~".join(ids)
    name = value(child.get("name"))
    pid[5], pid[9] = _written_name(name) if name else (_null(child.get("name")), "")
    for field, day in ((7, child.get("born")), (29, child.get("died"))):
        if day:
            pid[field] = str(day)[:10].replace("-", "")
    sex = value(child.get("sex"))
    pid[8] = (_source(sex, SEX) or sex["code"]) if sex else _null(child.get("sex"))
    address = value(child.get("address"))
    pid[11] = _written_address(address) if address else _null(child.get("address"))
    pid[13] = "~".join(escaped(phone) for phone in child.get("phones") or ())
    for field, key in ((15, "first_language"), (17, "religion")):
        word = value(child.get(key))
        coded = bool(word) and len(word) <= 3
        pid[field] = (("" if coded else "^") + escaped(word)) if word else _null(child.get(key))
    ethnicity = value(child.get("ethnicity"))
    pid[22] = _written_ethnicity(ethnicity) if ethnicity else _null(child.get("ethnicity"))
    practice = value(child.get("gp"))
    pd1 = {3: _null(child.get("gp"))}
    if practice:
        pd1[3] = f"{escaped(practice['name'])}^^{escaped(practice.get('ods') or '')}".rstrip("^")
    disabilities = value(child.get("disabilities"))
    pd1[6] = _null(child.get("disabilities"))
    if disabilities:
        pd1[6] = "~".join(escaped(_source(item, HANDICAP) or item["code"]) for item in disabilities)
    return (
        {n: text for n, text in pid.items() if text},
        {n: t for n, t in pd1.items() if t},
    )


def _null(field: Any) -> str:
    return '""' if field == "not_known" else ""


def _name(message: Message) -> dict[str, Any] | None:
    aliases = [*message.repeats("PID", 5)[1:], *message.repeats("PID", 9)]
    family, given, middle, kind = (message.text("PID", 5, n) for n in (1, 2, 3, 7))
    given = f"{given} {middle}" if middle else given
    also = []
    for alias in aliases:
        parts = [message.component(alias, part, "PID", 9) for part in (2, 3, 1)]
        also.append(" ".join(part for part in parts if part))
    name: dict[str, Any] = {"also": [alias for alias in also if alias]} if aliases else {}
    if kind == "U" and not given:
        return {**name, "whole": family} if family else None
    if family:
        name["family"] = family
    if given:
        name["given"] = given
    return name if family or given else None


def _written_name(name: Mapping[str, Any]) -> tuple[str, str]:
    family, given = name.get("family"), name.get("given")
    also = "~".join(f"{escaped(alias)}^^^^^^A" for alias in name.get("also") or ())
    if family or given:
        return f"{escaped(family or '')}^{escaped(given or '')}".rstrip("^"), also
    return f"{escaped(name.get('whole') or '')}^^^^^^U", also


def _sex(message: Message) -> dict[str, Any] | None:
    code = message.text("PID", 8)
    if not code:
        return None
    ours = _SEXES.get(code.upper(), "U")
    return {"code": ours} if ours == code else {"code": ours, "source": _from(code, SEX)}


def _address(message: Message) -> dict[str, Any] | None:
    if not message.raw("PID", 11):
        return None
    written = "\n".join(message.text("PID", 11, part) for part in (1, 2, 3, 4, 8))
    lines = [text for text in written.split("\n") if text]
    postcode, kind = message.text("PID", 11, 5), message.text("PID", 11, 7)
    if postcode == _NO_FIXED:
        return {"kind": "no_fixed", "lines": lines}
    address: dict[str, Any] = {"kind": _ADDRESS_KINDS.get(kind, "home")}
    address["lines"] = lines
    if postcode:
        address["postcode"] = postcode
    return address if address["lines"] or postcode else None


def _written_address(address: Mapping[str, Any]) -> str:
    lines = list(address.get("lines") or ())
    if not lines:
        street = " ".join(part for part in (address.get("house"), address.get("street")) if part)
        lines = [part for part in (street, address.get("town")) if part]
    lines = lines[:4] + ([", ".join(lines[4:])] if len(lines) > 4 else [])
    parts = [escaped(text) for text in lines[:4]] + [""] * (4 - len(lines[:4]))
    kind = address.get("kind") or "home"
    parts.append(_NO_FIXED if kind == "no_fixed" else escaped(address.get("postcode") or ""))
    parts += [
        "GBR",
        _KINDS_OF_ADDRESS.get(kind, ""),
        *(escaped(text) for text in lines[4:]),
    ]
    return "^".join(parts)


def _practice(message: Message) -> dict[str, Any] | None:
    name, ods = message.text("PD1", 3), message.text("PD1", 3, 3)
    if not name and not ods:
        return None
    return {"name": name or ods, "ods": ods or None}


def _religion(message: Message) -> str:
    return message.text("PID", 17, 2) or message.text("PID", 17)


def _language(message: Message) -> str:
    return message.text("PID", 15, 2) or message.text("PID", 15)


def _phones(message: Message, number: int) -> list[str]:
    found = []
    for repeat in message.repeats("PID", number):
        phone, whole, area, local = (
            message.component(repeat, part, "PID", number) for part in (1, 12, 6, 7)
        )
        phone = phone or whole or area + local
        if any(character.isdigit() for character in phone):
            found.append(phone)
    return found


def _ethnicity(message: Message) -> dict[str, Any] | None:
    code, system = message.text("PID", 22), message.text("PID", 22, 3)
    if not code:
        return None
    if system == DFE:
        return {"code": code}
    source = _from(code, system or NHS_ETHNIC, message.text("PID", 22, 2))
    # An unknown letter was obtained by them but not by us; the source says what they wrote.
    return {"code": _ETHNICITIES.get(code[:1].upper(), "NOBT"), "source": source}


def _written_ethnicity(ethnicity: Mapping[str, Any]) -> str:
    source = ethnicity.get("source")
    if source:
        system = "" if source["system"] == NHS_ETHNIC else source["system"]
        parts = [source["code"], source.get("text") or "", system]
        return "^".join(escaped(part) for part in parts).rstrip("^")
    return f"{ethnicity['code']}^^{DFE}"


def _disabilities(message: Message) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    for repeat in message.repeats("PD1", 6):
        if code := message.component(repeat, 1, "PD1", 6):
            own = code in _DISABILITIES
            found.append(
                {"code": code} if own else {"code": "DDA", "source": _from(code, HANDICAP)}
            )
    return found or None


def _from(code: str, system: str, text: str = "") -> dict[str, Any]:
    return {"code": code, "system": system, "text": text or None}


def _source(coded: Mapping[str, Any], system: str) -> str:
    source = coded.get("source")
    return source["code"] if source and source["system"] == system else ""


def _day(message: Message, text: str, where: str) -> str:
    if not text[:8].isdigit() or not text[:8].isascii():
        message.fault("a date is eight digits, YYYYMMDD, with or without a time after it", where)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"
