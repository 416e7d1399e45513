"""A contact centre's export becomes one `contact.recorded` for each child of each call, or none at all.

A row is one child. The reference is the call id; the part is a digest of what tells the children of
a call apart, so rows may move and be repeated freely. A bad row makes the file unreadable, and all
its mistakes are told at once by line and column. Source: the quirks of the hub's domain page 5.7.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, ValidationError, model_validator

from connectors.base import Draft, Parcel, Settings, Unreadable
from connectors.formats.csv_rows import Row, rows
from connectors.formats.csv_values import Columns, Mistake, Reader
from connectors.formats.mistakes import unreadable
from connectors.formats.quiet import Quiet
from schemas.contact import ContactRecorded
from schemas.envelope import Doubt
from schemas.register import priority_of

CHILDREN = 50
"""Of one call: every child's message names all its siblings."""

REQUIRED = ("call", "received", "concern", "caller_kind")
_PLACES = {
    ("child", "name"): "child",
    ("child", "nhs_number"): "nhs_number",
    ("child", "phones"): "phone",
    ("child", "disabilities"): "disabilities",
    ("caller", "phone"): "caller_phone",
    ("caller", "email"): "caller_email",
    ("caller",): "caller_name",
    ("concern",): "concern",
    ("received_at",): "received",
}


class ContactCsvSettings(Settings):
    """Which column holds what, and how this contact centre writes."""

    columns: dict[Columns, str] = Field(
        description="Our field: their column's header; call, received, concern and caller_kind"
        " are required, and child or child_family"
    )
    encoding: str = Field(default="windows-1252", pattern="^(windows-1252|utf-8)$")
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    codes: dict[Columns, dict[str, str]] = Field(
        default={}, description="Their word: our code, for each field where theirs differ"
    )
    disability_separator: str = ";"

    @model_validator(mode="after")
    def _enough_columns(self) -> "ContactCsvSettings":
        missing = [name for name in REQUIRED if name not in self.columns]
        if "child" not in self.columns and "child_family" not in self.columns:
            missing.append("child (or child_family)")
        if missing:
            raise ValueError(f"columns lacks {', '.join(missing)}: name their headers")
        return self


class ContactCsv(Quiet):
    """The contact centre's export, read only."""

    name: ClassVar[str] = "contact-csv"
    media_type: ClassVar[str] = "text/csv"
    Settings: ClassVar[type[Settings]] = ContactCsvSettings

    def __init__(self, settings: ContactCsvSettings) -> None:
        super().__init__(settings)
        self._columns = {str(field): column for field, column in settings.columns.items()}
        self._csv = settings

    def charset(self, body: bytes) -> str:
        """The one that was agreed on."""
        return self._csv.encoding

    def read(self, parcel: Parcel) -> list[Draft]:
        """A message for each child of each call; raises `Unreadable` with every mistake."""
        found = rows(
            parcel.body, self._csv.encoding, self._csv.delimiter, list(self._columns.values())
        )
        if not found:
            raise Unreadable("the file holds no rows: leave an empty export out", "line 2")
        wrong: list[tuple[str, str]] = []
        bodies: list[tuple[Row, dict[str, Any], tuple[Doubt, ...]]] = []
        for row in found:
            reader = Reader(row, self._columns, self._csv.codes, self._csv.disability_separator)
            body = _contact(reader)
            bodies.append((row, body, reader.doubts))
            wrong += [self._told(row, mistake) for mistake in reader.mistakes]
        calls: dict[str, dict[str, dict[str, Any]]] = {}
        for row, body, _ in bodies if not wrong else ():
            children = calls.setdefault(body["reference"], {})
            children[_key(body["child"])] = body["child"]
            if len(children) == CHILDREN + 1:
                text = f"more than {CHILDREN} children stand under one call: give each call its own"
                wrong.append(self._told(row, Mistake("call", text)))
        drafts: dict[tuple[str, str, bytes], Draft] = {}
        for row, body, doubts in bodies if not wrong else ():
            _siblings(body, calls[body["reference"]])
            try:
                contact = ContactRecorded.model_validate(body)
            except ValidationError as error:
                for item in error.errors(include_input=False, include_url=False):
                    text = item["msg"].removeprefix("Value error, ")
                    wrong.append(self._told(row, Mistake(_field(item["loc"]), text)))
                continue
            draft = _draft(contact, self._content(row), doubts)
            drafts[draft.reference, draft.part, draft.content] = draft
        if wrong:
            raise unreadable(wrong, None)
        return list(drafts.values())

    def _told(self, row: Row, mistake: Mistake) -> tuple[str, str]:
        column = self._columns.get(mistake.field, mistake.field)
        return f"line {row.line} column {column}", mistake.cure

    def _content(self, row: Row) -> bytes:
        said = {field: row.values[column] for field, column in self._columns.items()}
        return json.dumps(said, sort_keys=True, ensure_ascii=False).encode()


def _contact(read: Reader) -> dict[str, Any]:
    child = {
        "name": read.name("child", "child_given", "child_family"),
        "born": read.day("born"),
        "age_given": read.text("age"),
        "sex": read.coded("sex"),
        "nhs_number": read.wrapped("nhs_number", "number"),
        "own_number": read.text("own_number"),
        "address": read.address(),
        "phones": [phone] if (phone := read.text("phone")) else [],
        "school": read.wrapped("school", "name"),
        "gp": read.wrapped("gp", "name"),
        "ethnicity": read.coded("ethnicity"),
        "religion": read.known("religion"),
        "first_language": read.known("first_language"),
        "interpreter_needed": read.yes("interpreter_needed"),
        "interpreter_language": read.text("interpreter_language"),
        "disabilities": read.disabilities(),
        "communication_needs": read.known("communication_needs"),
    }
    received = read.moment("received", "received_time")
    if child["born"] and received and child["born"] > received.date():
        child["expected"], child["born"] = child["born"], None
    call, kind = read.needed("call"), read.code("caller_kind") or read.needed("caller_kind")
    caller: dict[str, Any] = {
        "kind": kind,
        "source": read.code_and_source("source"),
        "name": read.name("caller_name", "", ""),
        "role": read.text("caller_role"),
        "agency": read.text("caller_agency"),
        "email": read.text("caller_email"),
    }
    if kind != "anonymous":
        # The exchange notes every number; whoever asked to stay anonymous did not give theirs.
        caller["phone"] = read.text("caller_phone")
    agent = {"name": read.text("agent_name"), "number": read.text("agent")}
    return {
        "reference": call,
        "channel": read.code("channel") or "phone",
        "received_at": received,
        "taken_by": agent if any(agent.values()) else None,
        "caller": caller,
        "child": child,
        "household": {"group": read.text("household") or call or None},
        "concern": {
            "what": read.needed("concern"),
            "immediate_danger": read.yes("immediate_danger"),
            "significant_harm": read.yes("significant_harm"),
        },
        "knowledge": {
            "parents_aware": read.yes("parents_aware"),
            "not_aware_because": read.text("not_aware_because"),
            "consent_to_referral": read.yes("consent"),
        },
        "already_open": read.yes("already_open"),
        "action": read.code("action"),
    }


def _key(child: Mapping[str, Any]) -> str:
    number = child["own_number"] or child["nhs_number"]
    if not number or number in ("not_known", "not_asked"):
        number = [child["name"], str(child["born"]), child["age_given"], child["sex"]]
    text = re.sub(r"\s+", " ", json.dumps(number, sort_keys=True)).casefold()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _siblings(body: dict[str, Any], children: Mapping[str, dict[str, Any]]) -> None:
    own, names = _key(body["child"]), ("name", "born", "sex", "nhs_number", "own_number")
    found = [
        {name: child[name] for name in names} | {"message_of_own": True}
        for key, child in children.items()
        if key != own
    ]
    body["household"] = {**body["household"], "children": found}


def _draft(contact: ContactRecorded, content: bytes, doubts: tuple[Doubt, ...]) -> Draft:
    child = contact.child
    told = child.model_dump(mode="json", include={"name", "born", "age_given", "sex"})
    told |= child.model_dump(mode="json", include={"nhs_number", "own_number"})
    return Draft(
        type="contact.recorded",
        body=contact,
        reference=contact.reference,
        part=_key(told),
        content=content,
        occurred_at=contact.received_at,
        subject=child.subject,
        doubts=doubts,
        priority=priority_of("contact.recorded", contact),
    )


def _field(loc: tuple[int | str, ...]) -> str:
    steps = tuple(step for step in loc if isinstance(step, str))
    found = _PLACES.get(steps[:2]) or _PLACES.get(steps[:1])
    return found or (steps[1] if len(steps) > 1 else "".join(steps[:1]))
