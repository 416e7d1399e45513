"""Each cell of an export is read by what its column holds; one that cannot be is told what to write instead."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from connectors.formats.civil import instant
from connectors.formats.csv_rows import Row
from schemas.census import ContactAction, Disability, Ethnicity, ReferralSource, Sex
from schemas.codes import Channel, Code, ReferrerKind
from schemas.envelope import Doubt

Columns = Literal[
    "call", "received", "received_time", "channel", "agent", "agent_name", "household",
    "caller_kind", "caller_name", "caller_role", "caller_agency", "caller_phone", "caller_email",
    "source", "child", "child_given", "child_family", "born", "age", "sex", "nhs_number",
    "own_number", "address", "phone", "school", "gp", "ethnicity", "religion", "first_language",
    "interpreter_needed", "interpreter_language", "disabilities", "communication_needs", "concern",
    "immediate_danger", "significant_harm", "parents_aware", "not_aware_because", "consent",
    "already_open", "action",
]  # fmt: skip
"""Our names of what a column may hold."""

SYSTEM = "contact-csv"
_CODES: dict[str, type[Code]] = {
    "sex": Sex,
    "ethnicity": Ethnicity,
    "disabilities": Disability,
    "caller_kind": ReferrerKind,
    "channel": Channel,
    "source": ReferralSource,
    "action": ContactAction,
}
_YES, _NO = {"y", "yes", "true", "1"}, {"n", "no", "false", "0"}
_NOT_KNOWN = {"not known", "not_known", "unknown", "nk", "n/k"}
_NOT_ASKED = {"", "not asked", "not_asked"}
_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A field of ours, and what its column may hold."""

    field: str
    cure: str


@dataclass(slots=True)
class Reader:
    """One row under the partner's columns; what is wrong gathers in `mistakes`, what is unsure in `doubts`."""

    row: Row
    columns: Mapping[str, str]
    codes: Mapping[Any, Mapping[str, str]]
    separator: str
    mistakes: list[Mistake] = field(default_factory=list)
    doubts: tuple[Doubt, ...] = ()

    def raw(self, name: str) -> str:
        """The cell, empty where the partner has no such column."""
        column = self.columns.get(name)
        return self.row.values[column] if column else ""

    def text(self, name: str) -> str | None:
        """The cell, or None where it says nothing."""
        text = self.raw(name)
        return None if text.lower() in _NOT_KNOWN | _NOT_ASKED else text

    def needed(self, name: str) -> str:
        """The cell; a mistake where it is empty."""
        text = self.raw(name)
        if not text:
            self._wrong(name, "this must not be empty")
        return text

    def known(self, name: str) -> Any:
        """Three-valued text: an empty cell was not asked."""
        return self._valued(name, self.text(name))

    def wrapped(self, name: str, key: str) -> Any:
        """Three-valued text in an object of one field."""
        text = self.text(name)
        return self._valued(name, {key: text} if text else None)

    def yes(self, name: str) -> Any:
        """Three-valued yes or no."""
        text = self.raw(name).lower()
        if text in _YES | _NO:
            return {"value": text in _YES}
        if text not in _NOT_KNOWN | _NOT_ASKED:
            self._wrong(name, "write Yes, No or Not known, or leave it empty where nobody asked")
        return self._valued(name, None)

    def name(self, whole: str, given: str, family: str) -> Any:
        """A name in parts or whole."""
        parts = {
            key: text
            for key, text in (
                ("given", self.text(given)),
                ("family", self.text(family)),
                ("whole", self.text(whole)),
            )
            if text
        }
        return self._valued(whole, parts or None)

    def day(self, name: str) -> date | None:
        """dd/mm/yyyy."""
        text = self.text(name)
        try:
            return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=UTC).date() if text else None
        except ValueError:
            self._wrong(name, "write the date as dd/mm/yyyy, or Not known")
            return None

    def moment(self, name: str, time: str) -> datetime | None:
        """dd/mm/yyyy hh:mm in London, in one column or two."""
        text = f"{self.raw(name)} {self.raw(time)}".strip()
        for pattern in ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"):
            try:
                at, doubts = instant(datetime.strptime(text, pattern))  # noqa: DTZ007 London's
            except (ValueError, OverflowError):
                continue
            self.doubts += doubts
            return at
        self._wrong(name, "write date and time as dd/mm/yyyy hh:mm")
        return None

    def address(self) -> Any:
        """A merged address line with its postcode found at the end."""
        text = self.text("address")
        if not text:
            return self._valued("address", None)
        found = _POSTCODE.search(text)
        kind = "no_fixed" if re.search(r"\bno fixed (abode|address)\b", text, re.I) else "home"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        postcode = f"{found[1]} {found[2]}".upper() if found else None
        return {"value": {"lines": lines, "postcode": postcode, "kind": kind}}

    def code(self, name: str) -> str | None:
        """One of our codes, by its code, its label, or the partner's word for it."""
        text = self.text(name)
        return self._code(name, text) if text else None

    def coded(self, name: str) -> Any:
        """Three-valued code with the partner's own word beside it where it differs."""
        return self._valued(name, self.code_and_source(name))

    def code_and_source(self, name: str) -> dict[str, Any] | None:
        """A code with the partner's own word beside it where it differs."""
        text = self.text(name)
        return self._with_source(name, text) if text else None

    def disabilities(self) -> Any:
        """Several codes in one cell."""
        text = self.text("disabilities")
        words = [word.strip() for word in (text or "").split(self.separator) if word.strip()]
        found = [self._with_source("disabilities", word) for word in words]
        return self._valued("disabilities", found or None)

    def _with_source(self, name: str, text: str) -> dict[str, Any]:
        code = self._code(name, text)
        if code == text:
            return {"code": code}
        return {"code": code, "source": {"code": text, "system": SYSTEM}}

    def _code(self, name: str, text: str) -> str:
        ours, wanted = _CODES[name], text.casefold()
        for theirs, code in self.codes.get(name, {}).items():
            if theirs.casefold() == wanted:
                return code
        for member in ours:
            if wanted in (member.value.casefold(), member.label.casefold()):
                return str(member.value)
        allowed = ", ".join(member.value for member in ours)
        self._wrong(name, f"write one of {allowed}, or map the word in the partner's file")
        return text

    def _valued(self, name: str, found: Any) -> Any:
        if found is not None:
            return {"value": found}
        return "not_known" if self.raw(name).lower() in _NOT_KNOWN else "not_asked"

    def _wrong(self, name: str, cure: str) -> None:
        self.mistakes.append(Mistake(name, cure))
