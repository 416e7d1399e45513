"""What a field may hold is checked once, here: three values, numbers, addresses, codes.

A three-valued field says `{"value": …}`, `"not_known"` or `"not_asked"`; left out it was not asked.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from nhs_number.standardise import standardise_format
from nhs_number.validate import is_valid
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
)
from pydantic import model_validator as check

from schemas.codes import AddressKind, Code, Unknown, Verification
from schemas.envelope import Frozen
from schemas.instants import Day, Instant
from schemas.labels import DataKind, Depth, Restriction

T = TypeVar("T")


def _annotate(schema: dict[str, Any], model: type[BaseModel]) -> None:
    properties: dict[str, Any] = schema.get("properties", {})
    for name, info in model.model_fields.items():
        shown: dict[str, Any] = properties.get(info.alias or name, {})
        for fact in info.metadata:
            if isinstance(fact, DataKind):
                shown["x-data-kind"] = fact.value
            elif isinstance(fact, Restriction):
                shown["x-restriction"] = fact.value
            elif isinstance(fact, Depth):
                shown["x-depth"] = fact.value


class Said(Frozen):
    """Part of a message body; its JSON Schema shows each field's data kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_annotate)


class Told(Said, Generic[T]):
    """A three-valued field that has its value."""

    value: T

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """A name that reads well in the published schema."""
        held = params[0]
        return f"Told[{_NAMED.get(held) or getattr(held, '__name__', str(held))}]"


def _shape(field: Any) -> str | None:
    if isinstance(field, str):
        return "unknown" if field in ("not_known", "not_asked") else None
    return "told"


if TYPE_CHECKING:
    Known = Told[T] | Unknown
else:

    class Known:
        """`Known[T]` is a union; a plain alias would not stay generic under pydantic."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[
                Annotated[Told[item], Tag("told")] | Annotated[Unknown, Tag("unknown")],
                Discriminator(
                    _shape,
                    custom_error_type="three_valued",
                    custom_error_message='say {"value": …}, "not_known" or "not_asked"',
                ),
            ]


NOT_ASKED = Unknown.NOT_ASKED
NOT_KNOWN = Unknown.NOT_KNOWN


def known(value: T) -> Told[T]:
    """A value as a three-valued field takes it, for bodies built in Python."""
    return Told(value=value)


def told(field: "Told[T] | Unknown") -> T | None:
    """The value, or None where it is not known or was not asked."""
    return field.value if isinstance(field, Told) else None


def words(field: Any) -> str:
    """A field (typed or as JSON) as a page or a letter shows it: labels for codes, yes and no."""
    if isinstance(field, Told):
        return words(field.value)
    if isinstance(field, dict) and set(field) == {"value"}:
        return words(field["value"])
    if field in ("not_known", "not_asked"):
        return Unknown(field).label
    if isinstance(field, Code):
        return field.label
    if isinstance(field, bool):
        return "Yes" if field else "No"
    if isinstance(field, Coded):
        return words(field.code)
    if isinstance(field, (list, tuple)):
        return ", ".join(words(item) for item in field)
    return "" if field is None else str(field)


def is_nhs_number(text: str) -> bool:
    """Whether it is ten digits of which the last one proves the others (Modulus 11)."""
    return len(text) == 10 and text.isdigit() and bool(is_valid(text))


def _nhs(text: str) -> str:
    number = text if text.isdigit() else standardise_format(text)
    if not is_nhs_number(number):
        raise ValueError(
            "not an NHS number: ten digits with a valid check digit are needed;"
            " leave it out and send the number in own_number if it is your system's own"
        )
    return str(number)


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    if not 3 <= len(digits) <= 15 or re.search(r"[^\d\s()+./#x-]", text):
        raise ValueError("not a telephone number: digits, spaces and a leading + are needed")
    return text


def _upn(text: str) -> str:
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    values = [letters.index(c) if c in letters else int(c) for c in text[1:]]
    total = sum(weight * value for weight, value in zip(range(2, 14), values, strict=False))
    if letters[total % 23] != text[0]:
        raise ValueError(f"not a pupil number: its check letter should be {letters[total % 23]}")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
"""Words a person wrote."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
"""One line: a name, a reference, a role."""
NhsNumberText = Annotated[str, AfterValidator(_nhs)]
Uprn = Annotated[str, StringConstraints(pattern=r"^\d{1,12}$")]
"""Unique property reference number; a string, never a number."""
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone)]
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$", max_length=254),
]
Upn = Annotated[
    str, StringConstraints(pattern=r"^[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]$"), AfterValidator(_upn)
]
"""Unique pupil number, check letter verified."""
OdsCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,10}$")]
"""Organisation Data Service code of a site or organisation."""
Postcode = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=8)]
_NAMED: dict[Any, str] = {Text: "Text", Line: "Line", Upn: "Upn", StrictBool: "bool"}
Yes = Known[StrictBool]
"""Yes, no, not known, not asked."""


class NhsNumber(Said):
    """An NHS number and how far it may be trusted."""

    number: NhsNumberText
    status: Verification = Verification.CLAIMED


class SourceCode(Said):
    """A code as the sender wrote it, kept so that nothing is lost on the way back."""

    code: Line
    system: Line
    text: Line | None = None


C = TypeVar("C", bound=Code)


class Coded(Said, Generic[C]):
    """A code of ours and, where it was mapped, the sender's own beside it."""

    code: C
    source: SourceCode | None = None


class Address(Said):
    """An address as it is known: merged lines are enough, parts and UPRN where there are any."""

    lines: tuple[Line, ...] = Field(default=(), description="As written, one or many lines")
    house: Line | None = None
    street: Line | None = None
    town: Line | None = None
    postcode: Postcode | None = None
    uprn: Uprn | None = None
    kind: AddressKind = AddressKind.HOME
    since: Day | None = None

    @check(mode="after")
    def _says_something(self) -> "Address":
        said = (self.lines, self.house, self.street, self.town, self.postcode, self.uprn)
        if not any(said) and self.kind is not AddressKind.NO_FIXED:
            raise ValueError(
                "an address without lines, postcode or UPRN: say not_known, or kind no_fixed"
            )
        return self

    @property
    def one_line(self) -> str:
        """The address on one line."""
        parts = self.lines or tuple(p for p in (self.house, self.street, self.town) if p)
        tail = (self.postcode,) if self.postcode and self.postcode not in " ".join(parts) else ()
        return ", ".join((*parts, *tail)) or self.kind.label


class Period(Said):
    """From an instant to an instant; open where it has not ended."""

    start: Instant
    end: Instant | None = None

    @check(mode="after")
    def _in_order(self) -> "Period":
        if self.end is not None and self.end < self.start:
            raise ValueError("end lies before start: exchange them or mend the date")
        return self
