"""A rule is data with an edition: its source, whether verified, and the dates it is in force.

One folder is one family of editions, one file an edition. Editions that leave a gap or overlap are
refused with file and line; a decision records the edition it used.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.directory.marked_yaml import Marked, read
from hub.wrong import SetUpWrong

_DAY = timedelta(days=1)


class RuleError(SetUpWrong):
    """An operator must mend a rule file: every mistake with file, line and what to write."""


class Data(BaseModel):
    """Part of a rule file: no unknown words, no changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Sourced(Data):
    """A rule that says where it comes from; unverified until somebody has read the source."""

    source: str
    source_ref: str = Field(default="", description="Where in the source, or its address")
    verified: bool = False


class Edition(Sourced):
    """What every edition of every rule says about itself."""

    edition: str
    title: str = ""
    effective_from: date
    effective_to: date | None = Field(
        default=None, description="Last day in force; none: still in force"
    )

    @model_validator(mode="after")
    def _forwards(self) -> "Edition":
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self


E = TypeVar("E", bound=Edition)


class Editions(Generic[E]):
    """All editions of one rule, in order, without a gap or an overlap between them."""

    def __init__(self, editions: Sequence[E]):
        self._editions = tuple(sorted(editions, key=lambda edition: edition.effective_from))

    def __iter__(self) -> Iterator[E]:
        return iter(self._editions)

    def __len__(self) -> int:
        return len(self._editions)

    @property
    def since(self) -> date:
        """The first day on which one is in force."""
        return self._editions[0].effective_from

    def edition_on(self, day: date) -> E:
        """The edition in force that day; raises `RuleError` before the first and after the last."""
        for edition in reversed(self._editions):
            if edition.effective_from <= day:
                if edition.effective_to is not None and edition.effective_to < day:
                    break
                return edition
        raise RuleError(f"no edition in force on {day:%-d %B %Y}")

    def named(self, name: str) -> E:
        """The edition of that name, to replay a decision."""
        for edition in self._editions:
            if edition.edition == name:
                return edition
        raise RuleError(f"no edition named {name}")


def load(folder: Path, model: type[E]) -> Editions[E]:
    """Every edition in a folder, checked; raises `RuleError` with each mistake on its own line."""
    mistakes: list[str] = []
    found: list[tuple[Path, Marked, E]] = []
    for path in sorted(folder.glob("*.yaml")):
        marked = read(path.read_text(encoding="utf-8"))
        if marked.complaints:
            mistakes += [f"{path}:{c.line}: {c.what}" for c in marked.complaints]
            continue
        try:
            found.append((path, marked, model.model_validate(marked.value or {})))
        except ValidationError as error:
            mistakes += [f"{path}:{marked.line(e['loc'])}: {_say(e)}" for e in error.errors()]
    if not found and not mistakes:
        mistakes.append(f"{folder}: no edition here; write one <edition>.yaml")
    if not mistakes:
        mistakes = _between(found)
    if mistakes:
        raise RuleError("\n".join(mistakes))
    return Editions([edition for _, _, edition in found])


def _between(found: list[tuple[Path, Marked, E]]) -> list[str]:
    mistakes = []
    ordered = sorted(found, key=lambda entry: entry[2].effective_from)
    for (_, _, before), (path, marked, after) in pairwise(ordered):
        place = f"{path}:{marked.line(('effective_from',))}"
        if before.effective_to is None:
            mistakes.append(
                f"{place}: {after.edition} begins while {before.edition} has no effective_to; "
                f"write effective_to: {after.effective_from - _DAY} in {before.edition}"
            )
        elif after.effective_from <= before.effective_to:
            mistakes.append(
                f"{place}: {after.edition} overlaps {before.edition} "
                f"(in force to {before.effective_to}); begin on {before.effective_to + _DAY}"
            )
        elif after.effective_from > before.effective_to + _DAY:
            mistakes.append(
                f"{place}: nothing is in force from {before.effective_to + _DAY} "
                f"to {after.effective_from - _DAY}; begin on {before.effective_to + _DAY}"
            )
    return mistakes


def _say(error: Any) -> str:
    place = ".".join(str(step) for step in error["loc"]) or "this edition"
    return f"{place}: {error['msg']}"
