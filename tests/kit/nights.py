"""What happens in the evening and at night, by number, as valid bodies of synthetic data."""

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from schemas.acts import HandoverAnswered
from schemas.case import CaseLinked
from schemas.census import (
    Abuse,
)
from schemas.codes import (
    Attendance,
    AttendanceKind,
    CareSetting,
    InvolvedAs,
    LegalBasis,
    Linking,
    MeetingKind,
    Perceived,
    Reason,
    ReceiptResult,
    ReferrerKind,
    Relation,
    Response,
    RiskGrade,
    RiskLevel,
    StrategyDecision,
    Urgency,
    VisitMode,
)
from schemas.contact import OpenCase
from schemas.delivery import DeliveryReceipt
from schemas.handover import (
    Decided,
    EdtHandover,
    HandoverResponse,
    LegalStatus,
    Shift,
    ToldTo,
    Visit,
)
from schemas.health import HealthAttendance
from schemas.incident import IncidentOpened, IncidentRecovered
from schemas.people import (
    Action,
    Attributed,
    ChildIdentity,
    Handling,
    PersonName,
    PoliceInformation,
    Seeing,
    Worker,
)
from schemas.police import InvolvedAdult, PoliceNotification, PoliceProtection
from schemas.strategy import (
    Decision,
    Investigation,
    Medical,
    Participant,
    Quorum,
    StrategyRecord,
    StrategyRequested,
    Telling,
)
from schemas.values import NOT_ASKED, Coded, Period, known
from tests.kit.persons import (
    NIGHT,
    a_child,
    a_household,
    a_referrer,
    a_worker,
    an_address,
    story,
)


def a_strategy_request(seed: int = 0, urgency: Urgency = Urgency.URGENT) -> StrategyRequested:
    """The police ask for a strategy discussion."""
    return StrategyRequested(
        reference=f"SR-{seed:06d}",
        requested_by=a_worker(seed, "West Yorkshire Police", "Detective sergeant"),
        requested_at=NIGHT,
        child=a_child(seed),
        household=a_household(seed),
        concern="Bruise on the upper arm with two accounts of how it came.",
        harm=(Coded(code=Abuse.PHY),),
        urgency=urgency,
        why="Two accounts that do not fit each other",
        proposed_at=NIGHT + timedelta(hours=12),
        proposed_kind=MeetingKind.VIRTUAL,
        wanted=("police", "health", "education"),
    )


def a_strategy_record(
    seed: int = 0, decision: StrategyDecision = StrategyDecision.S47_JOINT
) -> StrategyRecord:
    """The record of that discussion for this child, with police information under its handling."""
    chair = a_worker(seed, role="Team manager")
    sergeant = a_worker(seed + 1, "West Yorkshire Police", "Detective sergeant")
    nurse = a_worker(seed + 2, "Leeds Teaching Hospitals", "Named nurse")
    start = NIGHT + timedelta(hours=12)
    return StrategyRecord(
        reference=f"SD-{seed:06d}",
        request_reference=f"SR-{seed:06d}",
        child=a_child(seed),
        sibling_records=(f"SD-{seed + 1:06d}",) if story(seed) == "twin" else (),
        household=a_household(seed),
        kind=MeetingKind.VIRTUAL,
        held=Period(start=start, end=start + timedelta(minutes=40)),
        chair=chair,
        chair_grade="Team manager",
        participants=(
            *(
                Participant(worker=w, attendance=Attendance.ATTENDED, may_decide=known(True))
                for w in (chair, sergeant, nurse)
            ),
            Participant(
                worker=a_worker(seed + 3, "Millrace Primary School", "Head teacher"),
                attendance=Attendance.ABSENT,
                absent_because="On a school journey",
            ),
        ),
        quorum=Quorum(met=True),
        concern="Bruise on the upper arm with two accounts of how it came.",
        harm=(Coded(code=Abuse.PHY),),
        information=(
            Attributed(
                agency="Leeds Teaching Hospitals",
                text="Seen in the emergency department in May; no injury then.",
                handling=Handling(may_share_with=("assessment_team", "police")),
            ),
        ),
        police_information=(
            PoliceInformation(
                agency="West Yorkshire Police",
                text="A visitor to the home is under investigation.",
                handling=Handling(review_date=date(2026, 12, 23), code="P1"),
            ),
        ),
        child_view=known("“He squeezed too hard.”"),
        child_view_obtained="Told the class teacher on Monday",
        analysis="Injury without a plausible account; the visitor still comes.",
        decision=Decision(
            threshold_met=decision.starts_s47,
            decision=decision,
            reason="Injury with an implausible account",
            clause="JV-3 (EN-JV2023): injury with implausible account is joint",
            rule_result="JOINT_REQUIRED",
        ),
        medical=Medical(needed=known(True), who="Dr Wilmot", at=start + timedelta(hours=4)),
        investigation=Investigation(order_of_visits="School first, then home, together"),
        telling=(
            Telling(
                whom="mother",
                may="That a social worker visits",
                by=chair,
                must_not="That the visitor is under investigation",
                must_not_because="Would prejudice the investigation",
            ),
        ),
        actions=(Action(what="See the child at school", who=chair, by=start + timedelta(hours=3)),),
        next_discussion_at=start + timedelta(days=2),
        icpc_target=date(2026, 12, 15),
        procedure_edition="WY-2026-07",
        written_by=chair,
        circulated_to=("police", "health"),
        circulated_at=start + timedelta(hours=2),
    )


def a_police_notification(
    seed: int = 0, risk: RiskGrade = RiskGrade.MEDIUM, protection: bool = False
) -> PoliceNotification:
    """A notice after a domestic abuse incident; with `protection`, of police protection too."""
    officer = Worker(name="PC Juniper Holt", role="Constable", agency="WYP", number="PC 9042")
    unborn = story(seed) == "unborn"
    return PoliceNotification(
        incident=f"WYP-20261123-{seed:04d}",
        force="13",
        officer=officer,
        attended_at=NIGHT,
        submitted_at=NIGHT + timedelta(hours=2),
        location=known(an_address(seed)),
        incident_type="Domestic abuse",
        domestic_abuse=known(True),
        risk=risk,
        risk_because="Second incident in a month",
        child=a_child(seed),
        child_relation=known("Child of the victim"),
        perceived=() if unborn else (Perceived.PRESENT, Perceived.HEARD),
        seeing=Seeing(
            seen=not unborn,
            seen_alone=False,
            reason=Reason.UNBORN if unborn else Reason.ASLEEP,
            plan="Mother is seen by the midwife" if unborn else "School is asked to see the child",
        ),
        voice=NOT_ASKED,
        household=a_household(seed),
        adults=(
            InvolvedAdult(
                name=known(PersonName(given="Corin", family="Vexley")),
                role=InvolvedAs.SUSPECT,
                relation=known(Relation.PARENTS_PARTNER),
                warning_markers=("Violent towards officers",),
            ),
        ),
        what_happened="Shouting and a broken door; victim had a cut hand.",
        weapons=known("None seen"),
        alcohol_or_drugs=known("Alcohol"),
        family_told=known("That children's services are told"),
        consent=known(seed % 2 == 0),
        actions_taken=known("Suspect arrested"),
        protection=PoliceProtection(started_at=NIGHT, officer=officer) if protection else None,
        previous_incidents=known(1),
        intelligence=(
            PoliceInformation(
                agency="West Yorkshire Police",
                text="A relative reported an earlier incident and fears reprisal.",
            ),
        ),
        handling=Handling(may_share_with=("assessment_team", "edt", "health")),
    )


def an_attendance(
    seed: int = 0, kind: AttendanceKind = AttendanceKind.REGISTERED
) -> HealthAttendance:
    """A child at the emergency department."""
    child = a_child(seed)
    return HealthAttendance(
        reference=f"X26{seed:09d}",
        kind=kind,
        at=NIGHT - timedelta(minutes=20),
        site="X26H1",
        site_name="Weir Street Infirmary",
        setting=CareSetting.EMERGENCY,
        visit=f"V{seed:07d}",
        unscheduled=known(True),
        child=ChildIdentity(
            name=child.name,
            born=child.born,
            expected=child.expected,
            sex=child.sex,
            nhs_number=child.nhs_number,
            own_number=f"P{seed:07d}",
        ),
        who="Reception, emergency department",
    )


def a_handover(seed: int = 0, risk: RiskLevel = RiskLevel.HIGH, **changes: Any) -> EdtHandover:
    """A job of the night, handed to the daytime team."""
    worker = a_worker(seed, "Emergency Duty Team", "EDT social worker")
    manager = a_worker(seed + 1, "Emergency Duty Team", "EDT on-call manager")
    unborn = story(seed) == "unborn"
    protected = seed % 4 == 3
    return partial(
        EdtHandover,
        handover=f"EDT-{seed:06d}",
        shift=Shift(
            period=Period(start=NIGHT - timedelta(hours=5), end=NIGHT + timedelta(hours=10)),
            worker=worker,
            on_call_manager=manager,
        ),
        child=a_child(seed),
        household=a_household(seed),
        already_open=known(seed % 2 == 0),
        open_case=OpenCase(team="East area", worker=a_worker(9)) if seed % 2 == 0 else None,
        referrer=a_referrer(seed, tuple(ReferrerKind)[seed % len(ReferrerKind)]),
        referrer_told=NOT_ASKED,
        contacted_at=NIGHT,
        concern="Found outside after dark; said there was nobody at home.",
        risk=risk,
        done="Visited with police, child taken to aunt by agreement.",
        visits=(
            Visit(
                at=NIGHT + timedelta(minutes=50),
                by=(worker,),
                mode=VisitMode.JOINT,
                seeing=Seeing(
                    seen=not unborn,
                    seen_alone=False,
                    reason=Reason.UNBORN if unborn else Reason.ASLEEP,
                    plan="The daytime team sees the child alone at school",
                ),
                child_slept=known("At the aunt's"),
            ),
        ),
        told=(ToldTo(whom=manager, at=NIGHT + timedelta(hours=2), what="Placement with aunt"),),
        decisions=(
            Decided(
                what="Stays with aunt tonight",
                at=NIGHT + timedelta(hours=2),
                authorised_by=manager,
            ),
        ),
        legal=LegalStatus(
            basis=LegalBasis.POLICE_PROTECTION if protected else LegalBasis.S20,
            started_at=NIGHT if protected else None,
            expires_at=NIGHT + timedelta(hours=72) if protected else None,
        ),
        medical=known("None needed"),
        outstanding=(
            Action(
                what="See the child alone and check the home",
                who=Worker(role="Duty social worker", team="East area"),
                by=NIGHT + timedelta(hours=16),
                if_it_fails="Ring the on-call manager",
            ),
        ),
        family_told=known("That somebody visits in the morning"),
        must_not_be_told="Where the aunt lives" if story(seed) == "refuge" else None,
        police_reference="WYP-20261123-0042",
        hazards=known("Dog in the yard"),
        not_checked=("School attendance", "GP record"),
        recommended="Strategy discussion in the morning",
        accept_by=NIGHT + timedelta(hours=11, minutes=15),
    )(**changes)


def a_response(
    answers: UUID | str, response: Response = Response.ACCEPTED, **changes: Any
) -> HandoverResponse:
    """A named team manager answers; acceptance unless asked otherwise."""
    return partial(
        HandoverResponse,
        answers=answers,
        response=response,
        at=NIGHT + timedelta(hours=11),
        by=a_worker(4, role="Duty manager"),
    )(**changes)


def a_receipt(answers: str, result: ReceiptResult = ReceiptResult.RECEIVED) -> DeliveryReceipt:
    """A partner's later word."""
    code = "14" if result is ReceiptResult.NOT_COLLECTED else None
    return DeliveryReceipt(answers=answers, result=result, at=NIGHT, code=code)


def a_linking(case: str, survivor: str) -> CaseLinked:
    """Two cases joined on a traced number."""
    return CaseLinked(case=case, survivor=survivor, ground=Linking.SAME_NHS_NUMBER, linked_at=NIGHT)


def an_incident(seed: int = 0) -> IncidentOpened:
    """A partner stopped answering, and whoever keeps the hub running is told."""
    return IncidentOpened(
        incident=str(UUID(int=seed)),
        kind="partner_down",
        title="Exemplar Hospitals does not answer",
        subject="exemplar-hospital",
        first_seen=NIGHT,
        count=3,
        desk="https://desk.council.example.org/incidents",
        cause="cannot connect to 127.0.0.1:2575 (ConnectionRefusedError)",
        what_to_do="Ring the interface desk.",
        runbook="deploy/runbook/incidents/partner_down.md",
    )


def a_recovery(seed: int = 0) -> IncidentRecovered:
    """And is told that it is over."""
    told = an_incident(seed).model_dump(exclude={"cause", "what_to_do", "runbook", "more"})
    return IncidentRecovered(**told, over_at=NIGHT + timedelta(hours=2, minutes=5))


def a_query_answer(message: UUID, seed: int = 0) -> HandoverAnswered:
    """The night worker answers a query."""
    return HandoverAnswered(
        person=f"person-{seed}",
        name="Delphie Quillfeather",
        role="edt",
        agency="leeds-edt",
        at=NIGHT + timedelta(hours=11),
        message=message,
        answer="The aunt's number is on the case record.",
    )
