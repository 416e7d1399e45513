"""Every code of the hub's own words has a name for machines and a label for people.

Census and dataset codes of the Department for Education stand in `schemas.census`.
"""

from enum import StrEnum
from typing import Any, Self

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Code(StrEnum):
    """A code with a label that pages and letters show; the label defaults to the value's words."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label or value.replace("_", " ").capitalize()
        return member

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        schema["x-labels"] = {member.value: member.label for member in cls}
        return schema


class Unknown(Code):
    """Why a three-valued field has no value: a fact about the world, or about the form."""

    NOT_KNOWN = "not_known", "Not known"
    NOT_ASKED = "not_asked", "Not asked"


class Verification(Code):
    """How far an NHS number may be trusted; claimed until traced."""

    CLAIMED = "claimed"
    TRACED = "traced", "Traced against PDS"
    TRACE_FAILED = "trace_failed", "Traced, no match"
    SUPERSEDED = "superseded", "Superseded by another number"
    INVALIDATED = "invalidated"


class AddressKind(Code):
    """What an address is to the person."""

    HOME = "home"
    TEMPORARY = "temporary"
    PLACEMENT = "placement"
    REFUGE = "refuge", "Refuge or other protected address"
    NO_FIXED = "no_fixed", "No fixed address"


class Relation(Code):
    """What somebody is to the child."""

    MOTHER = "mother"
    FATHER = "father"
    STEP_PARENT = "step_parent"
    PARENTS_PARTNER = "parents_partner", "Parent's partner"
    SIBLING = "sibling"
    HALF_SIBLING = "half_sibling"
    STEP_SIBLING = "step_sibling"
    GRANDPARENT = "grandparent"
    OTHER_RELATIVE = "other_relative"
    CARER = "carer", "Carer"
    FRIEND_OR_NEIGHBOUR = "friend_or_neighbour", "Friend or neighbour"
    UNRELATED = "unrelated"


class InvolvedAs(Code):
    """What part somebody had in an incident."""

    VICTIM = "victim"
    SUSPECT = "suspect"
    WITNESS = "witness"
    OTHER = "other"


class ReferrerKind(Code):
    """How a referrer's identity is treated (members of the public may ask to be anonymous)."""

    PROFESSIONAL = "professional"
    PUBLIC_NAMED = "public_named", "Member of the public, named"
    PUBLIC_CONFIDENTIAL = "public_confidential", "Member of the public, in confidence"
    ANONYMOUS = "anonymous"


class Channel(Code):
    """How a contact came in."""

    PHONE = "phone", "Telephone"
    EMAIL = "email", "E-mail"
    WEB_FORM = "web_form"
    LETTER = "letter"
    IN_PERSON = "in_person"
    SYSTEM = "system", "From another system"
    POLICE = "police", "Police notification"
    CPIS = "cpis", "CP-IS notification"
    EDT = "edt", "Emergency Duty Team"


class MatchState(Code):
    """Whether the front door knows who the child is."""

    MATCHED = "matched"
    POSSIBLE = "possible", "Possible match, a person decides"
    UNMATCHED = "unmatched"
    NOT_TRIED = "not_tried"


class Urgency(Code):
    """How soon a person must act."""

    IMMEDIATE = "immediate"
    URGENT = "urgent"
    ROUTINE = "routine"


class Reason(Code):
    """Why a child was not seen, or not seen alone."""

    NOT_PRESENT = "not_present", "Child was not there"
    REFUSED_BY_CHILD = "refused_by_child"
    REFUSED_BY_PARENT = "refused_by_parent", "Refused by parent or carer"
    TOO_YOUNG = "too_young", "Too young to be seen alone"
    UNBORN = "unborn"
    ASLEEP = "asleep"
    INTERPRETER_MISSING = "interpreter_missing", "No interpreter"
    EVIDENCE = "evidence", "Would prejudice an investigation"
    UNSAFE = "unsafe", "Not safe to do so"
    MEDICAL = "medical", "Medical reason"
    NOT_NEEDED = "not_needed", "Not appropriate at this contact"
    OTHER = "other"


class RiskGrade(Code):
    """Police grading of a notification."""

    HIGH = "high", "High (red)"
    MEDIUM = "medium", "Medium (amber)"
    LOW = "low", "Low (green)"


class RiskLevel(Code):
    """How a handing-over worker judges the immediate risk."""

    IMMEDIATE = "immediate", "Immediate danger"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOT_ASSESSED = "not_assessed"


class ThresholdLevel(Code):
    """Level of need in the safeguarding partnership's threshold document."""

    UNIVERSAL = "1", "1 Universal"
    EARLY_HELP = "2", "2 Early help"
    TARGETED = "3", "3 Targeted early help"
    STATUTORY = "4", "4 Statutory: child in need or in need of protection"


class ReceivedAs(Code):
    """Whether a referral is in writing yet (a phone referral is confirmed in writing)."""

    WRITTEN = "written", "In writing"
    PHONE = "phone", "By telephone, written confirmation owed"
    PHONE_CONFIRMED = "phone_confirmed", "By telephone, confirmed in writing"


class Stage(Code):
    """At which look a referral was decided."""

    CONTACT = "contact"
    INITIAL = "initial"
    SCREENING = "screening"
    FINAL = "final"


class LegalBasis(Code):
    """Provision under which a child is kept, moved or enquired about."""

    POLICE_PROTECTION = "police_protection", "Police protection (s46 Children Act 1989)"
    EPO = "epo", "Emergency protection order (s44)"
    INTERIM_CARE_ORDER = "interim_care_order", "Interim care order (s38)"
    CARE_ORDER = "care_order", "Care order (s31)"
    S20 = "s20", "Accommodated by agreement (s20)"
    NONE = "none", "No order or agreement"


class MeetingKind(Code):
    """How a strategy discussion is held."""

    PHONE = "phone", "Telephone discussion"
    MEETING = "meeting", "Face-to-face meeting"
    VIRTUAL = "virtual", "Virtual meeting"


class MeetingCause(Code):
    """Why a strategy discussion must be a face-to-face meeting."""

    STAFF_OR_CARER = "staff_or_carer", "Allegation against staff or carer"
    SERIOUS_PHYSICAL = "serious_physical", "Serious physical abuse"
    EXPLOITATION = "exploitation", "Exploitation, FGM or radicalisation"
    FABRICATED_ILLNESS = "fabricated_illness", "Fabricated or induced illness"
    CHILD_ON_CHILD = "child_on_child", "Child-on-child abuse"
    CUMULATIVE_NEGLECT = "cumulative_neglect"
    UNBORN = "unborn", "Unborn child"
    MANY_AGENCIES = "many_agencies", "More than two agencies"
    MODERN_SLAVERY = "modern_slavery", "Modern slavery referral"
    UNEXPLAINED_DEATH = "unexplained_death"


class Attendance(Code):
    """What became of an invitation."""

    ATTENDED = "attended"
    DEPUTY_ATTENDED = "deputy_attended"
    ABSENT = "absent"
    DECLINED = "declined"
    REPORT_ONLY = "report_only", "Sent a report"


class StrategyDecision(Code):
    """What a strategy discussion decided."""

    S47_JOINT = "s47_joint", "Section 47 enquiry, police and children's social care jointly"
    S47_CSC = "s47_csc", "Section 47 enquiry by children's social care alone"
    S47_POLICE = "s47_police", "Investigation by police alone"
    NO_S47 = "no_s47", "No section 47 enquiry"
    RECONVENE = "reconvene"

    @property
    def starts_s47(self) -> bool:
        """True where the fifteen working days to a conference begin."""
        return self in (self.S47_JOINT, self.S47_CSC, self.S47_POLICE)


class DeviationReason(Code):
    """Why a visit was not made by the agencies that the protocol wants."""

    POLICE_UNAVAILABLE_IN_TIME = "police_unavailable_in_time"
    CHILD_SAFETY_IMMEDIATE = "child_safety_immediate", "Child's safety could not wait"
    POLICE_DECLINED = "police_declined"
    CSC_UNAVAILABLE = "csc_unavailable", "Children's social care unavailable"
    PLAN_CHANGED_NEW_INFO = "plan_changed_new_info", "New information changed the plan"
    OTHER = "other"


class VisitMode(Code):
    """Which agencies visited."""

    JOINT = "joint", "Police and social care together"
    SINGLE_CSC = "single_csc", "Children's social care alone"
    SINGLE_POLICE = "single_police", "Police alone"


class Perceived(Code):
    """What a child had of an incident."""

    PRESENT = "present"
    SAW = "saw"
    HEARD = "heard"
    INVOLVED = "involved", "Physically involved"
    AWARE_AFTER = "aware_after", "Came to know afterwards"


class AttendanceKind(Code):
    """What a hospital says happened; the HL7 v2 trigger event in brackets."""

    ADMITTED = "admitted", "Admitted (A01)"
    DISCHARGED = "discharged", "Discharged (A03)"
    REGISTERED = "registered", "Attended (A04)"
    UPDATED = "updated", "Details changed (A08)"
    ADMISSION_CANCELLED = "admission_cancelled", "Admission cancelled (A11)"
    DISCHARGE_CANCELLED = "discharge_cancelled", "Discharge cancelled (A13)"
    CPIS_ACCESS = "cpis_access", "Child's record opened in unscheduled care (CP-IS)"

    @property
    def cancels(self) -> bool:
        """True where an earlier message is undone."""
        return self in (self.ADMISSION_CANCELLED, self.DISCHARGE_CANCELLED)


class CareSetting(Code):
    """Where in the hospital."""

    EMERGENCY = "emergency", "Emergency department"
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    MATERNITY = "maternity"
    WALK_IN = "walk_in", "Walk-in or urgent treatment centre"
    OTHER = "other"


class Response(Code):
    """What a receiver says to a message that a named person must accept."""

    ACCEPTED = "accepted"
    QUERIED = "queried"
    REFUSED = "refused"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"


class Refusal(Code):
    """Why a receiver will not take it."""

    CAPACITY = "capacity", "No capacity"
    WRONG_TEAM = "wrong_team"
    WRONG_AUTHORITY = "wrong_authority", "Another authority answers for the child"
    ALREADY_ALLOCATED = "already_allocated", "Case already has a worker"
    BELOW_THRESHOLD = "below_threshold"
    DUPLICATE = "duplicate", "Already received"
    NOT_OUT_OF_HOURS_WORK = "not_out_of_hours_work", "Not work for out of hours"
    OTHER = "other"


class Linking(Code):
    """On what ground two cases became one."""

    SAME_NHS_NUMBER = "same_nhs_number", "Same NHS number, traced"
    SAME_OWN_NUMBER = "same_own_number", "Same number in one agency's system"
    DECIDED_BY_PERSON = "decided_by_person", "A person decided"


class Matching(Code):
    """What a person decided about a contact whose child was uncertain."""

    SAME_CHILD = "same_child"
    NEW_CHILD = "new_child", "A child not known before"
    CANNOT_TELL = "cannot_tell", "Cannot tell; stays on its own"


class ReceiptResult(Code):
    """What a partner says later of a delivery."""

    RECEIVED = "received", "Received by their system"
    COLLECTED = "collected"
    READ = "read", "Opened by a person"
    ACTIONED = "actioned", "Outcome returned"
    NOT_COLLECTED = "not_collected", "Not collected in time"
    BOUNCED = "bounced", "Returned undeliverable"
    REJECTED = "rejected"
    DELAYED = "delayed"


class Fault(Code):
    """Whose fault a failure is, so that the right side mends it."""

    SENDER = "sender", "Ours"
    RECEIVER = "receiver", "Theirs"
    TRANSPORT = "transport", "The way between"


class PartnerRejection(Code):
    """Why a partner's system rejected a message."""

    INVALID = "invalid"
    UNKNOWN_CHILD = "unknown_child"
    SENSITIVE = "sensitive", "Restricted record"
    DUPLICATE = "duplicate"
    NOT_OURS = "not_ours"


class Review(Code):
    """What a second person says of a disclosure that was held."""

    RELEASED = "released"
    WITHHELD = "withheld"
