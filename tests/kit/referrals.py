"""A contact and the referral that grows from it, by number, as valid bodies of synthetic data."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from schemas.census import (
    Abuse,
    PrimaryNeed,
    ReferralOutcome,
)
from schemas.codes import (
    Channel,
    ReferrerKind,
    ThresholdLevel,
    Urgency,
)
from schemas.contact import Concern, ContactRecorded, Knowledge, OpenCase
from schemas.people import (
    Seeing,
    Threshold,
)
from schemas.referral import (
    DecisionFeedback,
    Involved,
    ReferralAcknowledged,
    ReferralDecision,
    ReferralPassedToTeam,
    ReferralReceived,
)
from schemas.values import NOT_ASKED, NOT_KNOWN, Coded, known
from tests.kit.persons import (
    NIGHT,
    a_child,
    a_household,
    a_referrer,
    a_worker,
)


def a_concern(seed: int = 0, danger: bool = False) -> Concern:
    """What the worry is."""
    return Concern(
        what="Came to school twice without coat or breakfast; said home was loud at night.",
        harm=(Coded(code=Abuse.NEG),),
        working_well=known("Attends every day; aunt helps"),
        immediate_danger=known(danger),
        significant_harm=NOT_KNOWN if seed % 2 else known(danger),
    )


def a_contact(seed: int = 0, danger: bool = False, **changes: Any) -> ContactRecorded:
    """A contact; the caller's kind follows the seed, so every fourth is anonymous."""
    return partial(
        ContactRecorded,
        reference=f"CALL-{seed:06d}",
        channel=Channel.PHONE,
        received_at=NIGHT - timedelta(hours=7),
        taken_by=a_worker(seed, role="Contact centre adviser"),
        caller=a_referrer(seed, tuple(ReferrerKind)[seed % len(ReferrerKind)]),
        child=a_child(seed),
        household=a_household(seed),
        concern=a_concern(seed, danger),
        knowledge=a_knowledge(seed),
        already_open=known(seed % 5 == 4),
        open_case=OpenCase(team="East area", worker=a_worker(9)) if seed % 5 == 4 else None,
    )(**changes)


def a_knowledge(seed: int = 0) -> Knowledge:
    """What parents know."""
    if seed % 3:
        return Knowledge(parents_aware=known(True), consent_to_referral=known(True))
    return Knowledge(
        parents_aware=known(False),
        not_aware_because="Telling them first could put the child at risk",
        consent_to_referral=NOT_ASKED,
    )


def a_threshold() -> Threshold:
    """The level for statutory work."""
    return Threshold(level=ThresholdLevel.STATUTORY, document="Right Conversations", version="2026")


def a_referral(seed: int = 0, danger: bool = False, **changes: Any) -> ReferralReceived:
    """A school's written referral."""
    return partial(
        ReferralReceived,
        reference=f"MARF-{seed:06d}",
        received_at=NIGHT - timedelta(hours=6),
        referrer=a_referrer(seed),
        child=a_child(seed),
        household=a_household(seed),
        involved=(Involved(worker=a_worker(5, "Leeds 0-19 service", "Health visitor")),),
        primary_need=Coded(code=PrimaryNeed.N1),
        urgency=Urgency.IMMEDIATE if danger else Urgency.ROUTINE,
        reason="Three weeks of neglect that support in school has not changed.",
        concern=a_concern(seed, danger),
        child_view=known("“I like school because it is warm.”"),
        parents_view=NOT_ASKED,
        knowledge=a_knowledge(seed),
        previous_early_help=known("Early help plan since June"),
        threshold=a_threshold(),
        seeing=Seeing(seen=True, seen_alone=True, where="School"),
    )(**changes)


def an_acknowledgement(seed: int = 0) -> ReferralAcknowledged:
    """The receipt for that referral."""
    return ReferralAcknowledged(
        reference=f"MARF-{seed:06d}",
        receipt=f"R-{seed:06d}",
        received_at=NIGHT - timedelta(hours=6),
        contact_team="Duty and advice",
        contact_phone="0113 496 0300",
        next_step="A manager decides by the end of the next working day and we tell you what.",
    )


def a_passing(seed: int = 0, urgency: Urgency = Urgency.ROUTINE) -> ReferralPassedToTeam:
    """That referral, passed to a team."""
    return ReferralPassedToTeam(
        reference=f"MARF-{seed:06d}",
        team="East assessment team",
        passed_at=NIGHT - timedelta(hours=5),
        passed_by=a_worker(seed, role="Contact centre supervisor"),
        reason="Lives in the east area",
        urgency=urgency,
        load=17,
        child=a_child(seed),
        referral=a_referral(seed),
    )


def a_decision(
    seed: int = 0, outcome: ReferralOutcome = ReferralOutcome.ASSESSMENT
) -> ReferralDecision:
    """A team manager's decision on that referral."""
    return ReferralDecision(
        reference=f"D-{seed:06d}",
        referral_reference=f"MARF-{seed:06d}",
        outcome=outcome,
        threshold=a_threshold(),
        reason="Neglect over months; early help has not changed it.",
        relied_on=("School referral", "Health visitor, by telephone"),
        decided_by=a_worker(seed, role="Team manager"),
        decided_at=NIGHT + timedelta(hours=13),
        procedure_edition="WY-2026-07",
        next_step="A social worker visits within four working days.",
        named_worker=a_worker(seed + 1),
        other_support="Family hub on Tannery Steps" if outcome.below_threshold else None,
        child=a_child(seed),
    )


def a_feedback(
    seed: int = 0, outcome: ReferralOutcome = ReferralOutcome.ASSESSMENT
) -> DecisionFeedback:
    """What the school is told of that decision."""
    decision = a_decision(seed, outcome)
    return DecisionFeedback(
        reference=f"F-{seed:06d}",
        referral_reference=decision.referral_reference,
        referred_on=date(2026, 11, 23),
        referrer=a_referrer(seed),
        child=decision.child,
        outcome=outcome,
        decided_at=decision.decided_at,
        reason="Below the threshold" if outcome.below_threshold else None,
        next_step=decision.next_step,
        named_worker=decision.named_worker,
        other_support=decision.other_support,
        escalation="If you disagree, ring the team manager on 0113 496 0300.",
    )
