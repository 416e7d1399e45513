"""Whether police and social care should visit together is advice with its clause, never a block.

New information is a new evaluation, and one that asks for more than before sends the decision
back. Source: the hub's domain pages 3.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from hub.rules.editions import Edition, Sourced


class Advice(StrEnum):
    """What the protocol asks for, most pressing first."""

    JOINT_REQUIRED = "joint_required"
    DISCUSS = "discuss"
    SINGLE_POLICE = "single_police"
    SINGLE_CSC = "single_csc"


_PRESSING = {advice: rank for rank, advice in enumerate(Advice)}

Condition = Literal[
    "sexual_abuse",
    "by_household",
    "by_carer",
    "by_person_in_trust",
    "injury",
    "serious_injury",
    "minor_injury",
    "pre_mobile",
    "implausible_account",
    "intent",
    "history",
    "serious_neglect",
    "lower_neglect",
    "wilful_ill_treatment",
    "emotional_harm",
    "fabricated_illness",
    "suspicious_sibling_death",
    "organised_abuse",
    "allegation_against_professional",
    "assault_by_stranger",
    "family_protection_issue",
    "adult_reports_past_abuse",
    "child_at_risk_now",
    "communication_needs",
    "witness_vulnerable",
    "repeat_referrals",
    "domestic_abuse",
    "exploitation",
]
"""What is known of an allegation; what is not known is left out and never counts as absent harm."""


class Clause(Sourced):
    """One line of the protocol."""

    clause: str
    result: Advice
    text: str
    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()
    meeting: bool = Field(default=False, description="A face-to-face meeting must come first")

    @model_validator(mode="after")
    def _asks_something(self) -> "Clause":
        if not (self.all_of or self.any_of):
            raise ValueError("a clause needs all_of or any_of, or it would match everything")
        return self

    def matches(self, known: frozenset[Condition]) -> bool:
        """Whether the clause speaks of what is known."""
        return (
            known.issuperset(self.all_of)
            and (not self.any_of or not known.isdisjoint(self.any_of))
            and known.isdisjoint(self.none_of)
        )


class Protocol(Edition):
    """The joint-visit rules of one edition."""

    pre_mobile_days: int | None = Field(
        default=None, description="Younger than this, in days, a child cannot move about"
    )
    clauses: tuple[Clause, ...]


_OF_MEETING: dict[str, Condition] = {
    "staff_or_carer": "allegation_against_professional",
    "serious_physical": "serious_injury",
    "exploitation": "exploitation",
    "fabricated_illness": "fabricated_illness",
    "modern_slavery": "exploitation",
}
_RAISED: dict[str, frozenset[Condition]] = {
    "SAB": frozenset({"by_household", "by_carer", "by_person_in_trust"}),
    "PHY": frozenset({"injury", "serious_injury", "implausible_account"}),
    "NEG": frozenset({"serious_neglect", "wilful_ill_treatment"}),
}
"""What a harm makes one ask that no code of a strategy message answers: by whom, with which injury."""
_OF_DECISION = {"s47_joint": "joint", "s47_csc": "single_csc", "s47_police": "single_police"}


def known_of(body: Mapping[str, Any], day: date, protocol: Protocol) -> frozenset[Condition]:
    """What a strategy message says in codes on this day; what it tells in words stays not known.

    How serious neglect or physical abuse is has no code, so emotional harm counts as such only
    where nothing else is named: a single visit is never advised on half of what is known.
    """
    harm = _codes(body.get("harm"))
    causes = body.get("must_be_meeting") or ()
    known = {_OF_MEETING[cause] for cause in causes if cause in _OF_MEETING}
    if "SAB" in harm:
        known.add("sexual_abuse")
    if harm == {"EMO"}:
        known.add("emotional_harm")
    child = body.get("child") or {}
    if _told(child, "interpreter_needed") or "COMM" in _codes(_told(child, "disabilities")):
        known.add("communication_needs")
    limit, born = protocol.pre_mobile_days, child.get("born")
    if limit is not None and born and 0 <= (day - date.fromisoformat(born)).days < limit:
        known.add("pre_mobile")
    return frozenset(known)


def not_known_of(body: Mapping[str, Any]) -> frozenset[Condition]:
    """What the named harm raises and the message has no code for.

    Who lives in the household is told, and not which of them is suspected; an injury only in words.
    """
    harm = _codes(body.get("harm"))
    raised: set[Condition] = set()
    for one in _RAISED if "MUL" in harm else _RAISED.keys() & harm:
        raised |= _RAISED[one]
    if "MUL" in harm:  # which of them, it does not say
        raised.add("sexual_abuse")
    return frozenset(raised)


def _told(child: Mapping[str, Any], field: str) -> Any:
    said = child.get(field)
    return said.get("value") if isinstance(said, Mapping) else None


def _codes(items: Any) -> set[str]:
    return {str(one.get("code")) for one in items or ()}


def mode_of(decision: str) -> str | None:
    """How a strategy discussion decided to visit; None where it decided on no visit."""
    return _OF_DECISION.get(decision)


@dataclass(frozen=True, slots=True)
class Advised:
    """The advice and the clause it rests on; `clause` is empty where none matched.

    `open` are more pressing clauses that may apply, each with what is not known of it.
    """

    advice: Advice
    clause: str
    text: str
    meeting: bool
    edition: str
    open: tuple[tuple[str, tuple[Condition, ...]], ...] = ()


def evaluate(
    protocol: Protocol, known: frozenset[Condition], not_known: frozenset[Condition] = frozenset()
) -> Advised:
    """What the protocol advises for what is known. Pure; it advises and never blocks.

    `not_known` is what was raised and nobody has said: it counts neither for a clause nor against.
    """
    matching = [clause for clause in protocol.clauses if clause.matches(known)]
    if not matching:
        text = "no clause speaks of this: police and social care decide together"
        may = _open(protocol, Advice.DISCUSS, known, not_known)
        return Advised(Advice.DISCUSS, "", text, False, protocol.edition, may)
    first = min(matching, key=lambda clause: _PRESSING[clause.result])
    meeting = any(clause.meeting for clause in matching)
    may = _open(protocol, first.result, known, not_known)
    return Advised(first.result, first.clause, first.text, meeting, protocol.edition, may)


def _open(
    protocol: Protocol,
    advice: Advice,
    known: frozenset[Condition],
    not_known: frozenset[Condition],
) -> tuple[tuple[str, tuple[Condition, ...]], ...]:
    """More pressing clauses that would apply if what is not known were so."""
    may = [
        clause
        for clause in protocol.clauses
        if _PRESSING[clause.result] < _PRESSING[advice] and clause.matches(known | not_known)
    ]
    return tuple(
        (one.clause, tuple(c for c in (*one.all_of, *one.any_of) if c in not_known - known))
        for one in may
    )


def deviates(advised: Advised, mode: str) -> bool:
    """Whether a planned or actual mode (joint, single_csc, single_police) differs from the advice."""
    wanted = "joint" if advised.advice is Advice.JOINT_REQUIRED else advised.advice.value
    return advised.advice is not Advice.DISCUSS and mode != wanted


def revisit(before: Advised, after: Advised) -> bool:
    """Whether new information asks for more than the earlier advice, so that it must go back."""
    return _PRESSING[after.advice] < _PRESSING[before.advice]
