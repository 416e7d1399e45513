"""How complete a contact or a referral is can be computed, and never stops it from flowing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from schemas.codes import ReceivedAs, ReferrerKind
from schemas.contact import Concern, ContactRecorded, Knowledge
from schemas.people import ChildIdentity, Household, Referrer
from schemas.referral import ReferralReceived
from schemas.values import NOT_ASKED, Known, Said, Told, told


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there: its path in the body, and the words to ask for it with."""

    path: str
    words: str
    needed_to_act: bool = False


@dataclass(frozen=True, slots=True)
class Completeness:
    """Percent of what is wanted, and the list of what is missing.

    `safe_to_act` is True where nothing is missing that somebody needs to reach the child.
    """

    score: int
    missing: tuple[Missing, ...]

    @property
    def safe_to_act(self) -> bool:
        """True where the child can be found and the worry is known."""
        return not any(item.needed_to_act for item in self.missing)

    @property
    def told(self) -> dict[str, Any]:
        """Without the body: what it scored and what to ask for; no data of anybody."""
        first = sorted(self.missing, key=lambda item: not item.needed_to_act)
        return {
            "score": self.score,
            "safe_to_act": self.safe_to_act,
            "missing": [item.words for item in first],
        }


T = TypeVar("T")
Asked = list[tuple[Missing, bool]]


def is_scored(body: type[Said]) -> bool:
    """Whether bodies of this model have a completeness."""
    return body in _RULES


def completeness(body: Said) -> Completeness | None:
    """The completeness of a contact or a referral; None for any other type.

    `not_known` counts as answered where the question is one that a sender may honestly not be
    able to answer (ethnicity, a parent's view), and as missing where nobody can act without it.
    """
    rule = _RULES.get(type(body))
    if rule is None:
        return None
    asked = rule(body)
    missing = tuple(item for item, there in asked if not there)
    return Completeness(round(100 * (len(asked) - len(missing)) / len(asked)), missing)


def _contact(body: ContactRecorded) -> Asked:
    return [
        *_child(body.child),
        *_referrer(body.caller, "caller"),
        *_concern(body.concern),
        *_knowledge(body.knowledge),
        *_household(body.household),
        _ask("already_open", "Is there an open case?", body.already_open),
    ]


def _referral(body: ReferralReceived) -> Asked:
    written = body.received_as is not ReceivedAs.PHONE
    sourced = body.referrer.source is not None
    return [
        *_child(body.child),
        *_referrer(body.referrer, "referrer"),
        *_concern(body.concern),
        *_knowledge(body.knowledge),
        *_household(body.household),
        (Missing("referrer.source", "Source of the referral (census code)"), sourced),
        (Missing("received_as", "Written confirmation of the telephone referral"), written),
        (Missing("threshold", "Threshold level, document and version"), body.threshold is not None),
        (Missing("primary_need", "Primary need"), body.primary_need is not None),
        _ask("child_view", "The child's own view", body.child_view),
        _ask("parents_view", "The parents' view", body.parents_view),
        _ask("previous_early_help", "Earlier help and lead worker", body.previous_early_help),
    ]


def _child(child: ChildIdentity) -> Asked:
    dated = bool(child.born or child.expected or child.age_given)
    findable = _there(child.address) or _there(child.school)
    traced = told(child.nhs_number) is not None or child.own_number is not None
    named = told(child.name) is not None or child.unborn
    return [
        (Missing("child.name", "The child's name", needed_to_act=True), named),
        (Missing("child.born", "Date of birth, expected date or age"), dated),
        (Missing("child.address", "Where the child lives or goes to school", True), findable),
        (Missing("child.nhs_number", "NHS number or your own number for the child"), traced),
        _ask("child.sex", "Sex", child.sex),
        _ask("child.school", "School", child.school),
        _ask("child.gp", "GP practice", child.gp),
        _ask("child.ethnicity", "Ethnicity", child.ethnicity),
        _ask("child.religion", "Religion", child.religion),
        _ask("child.first_language", "First language", child.first_language),
        _ask("child.interpreter_needed", "Is an interpreter needed?", child.interpreter_needed),
        _ask("child.disabilities", "Disability", child.disabilities),
        _ask("child.communication_needs", "Communication needs", child.communication_needs),
    ]


def _referrer(referrer: Referrer, at: str) -> Asked:
    if referrer.kind is ReferrerKind.ANONYMOUS:
        return []
    named = told(referrer.name) is not None or bool(referrer.agency or referrer.token)
    reachable = bool(referrer.phone or referrer.email) or _there(referrer.address)
    asked = [
        (Missing(f"{at}.name", "Who made contact"), named),
        (Missing(f"{at}.phone", "How to reach them"), reachable),
    ]
    if referrer.kind is ReferrerKind.PROFESSIONAL:
        asked.append((Missing(f"{at}.agency", "Their agency"), bool(referrer.agency)))
    return asked


def _concern(concern: Concern) -> Asked:
    danger = told(concern.immediate_danger) is not None
    return [
        (Missing("concern.immediate_danger", "Is the child in immediate danger?", True), danger),
        _ask("concern.working_well", "What is working well", concern.working_well),
        _ask("concern.significant_harm", "Is it significant harm?", concern.significant_harm),
    ]


def _knowledge(knowledge: Knowledge) -> Asked:
    asked = [
        _ask("knowledge.parents_aware", "Are the parents aware?", knowledge.parents_aware),
        _ask("knowledge.consent_to_referral", "Do they agree?", knowledge.consent_to_referral),
    ]
    if told(knowledge.parents_aware) is False:
        why = Missing("knowledge.not_aware_because", "Why the parents are not aware")
        asked.append((why, bool(knowledge.not_aware_because)))
    if told(knowledge.consent_to_referral) is False:
        why = Missing("knowledge.no_consent_because", "Why there is no agreement")
        asked.append((why, bool(knowledge.no_consent_because)))
    return asked


def _household(household: Household) -> Asked:
    responsible = any(told(adult.parental_responsibility) is True for adult in household.adults)
    others = bool(household.adults) or household.others_known != NOT_ASKED
    return [
        (Missing("household.adults", "Who has parental responsibility"), responsible),
        (Missing("household.others_known", "Who else lives there"), others),
    ]


def _there(field: Known[T]) -> bool:
    return isinstance(field, Told)


def _ask(path: str, words: str, field: object) -> tuple[Missing, bool]:
    return Missing(path, words), field != NOT_ASKED


_RULES: Mapping[type[Said], Callable[[Any], Asked]] = {
    ContactRecorded: _contact,
    ReferralReceived: _referral,
}
