"""The register, the published schemas and the code say the same."""

import json
from collections.abc import Callable
from time import process_time
from timeit import repeat

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from hub import topics
from schemas.census import ReferralOutcome
from schemas.codes import AttendanceKind, ReceiptResult, RiskGrade, RiskLevel, Urgency
from schemas.envelope import AckLevel, Priority
from schemas.health import HealthAttendance
from schemas.publish import PUBLISHED, documents
from schemas.register import (
    HUB,
    OPERATIONS,
    PARTNERS,
    PERSON,
    REGISTER,
    UnknownType,
    UnknownVersion,
    child_of,
    model_of,
    parse,
    priority_of,
)
from schemas.values import Said
from tests.kit import people

SPOKEN: dict[str, Said] = {
    "contact.recorded": people.a_contact(1),
    "referral.received": people.a_referral(2),
    "referral.acknowledged": people.an_acknowledgement(3),
    "referral.passed_to_team": people.a_passing(4),
    "referral.decision": people.a_decision(5),
    "referrer.decision_feedback": people.a_feedback(6, ReferralOutcome.NFA),
    "strategy.requested": people.a_strategy_request(7),
    "strategy.record": people.a_strategy_record(1),
    "police.notification": people.a_police_notification(2, protection=True),
    "health.attendance": people.an_attendance(3),
    "edt.handover": people.a_handover(3),
    "handover.response": people.a_response("EDT-000003"),
    "delivery.receipt": people.a_receipt("EDT-000003"),
    "case.linked": people.a_linking("a", "b"),
    "incident.opened": people.an_incident(1),
    "incident.recovered": people.a_recovery(1),
}


@pytest.mark.parametrize("type", SPOKEN)
def test_what_is_said_survives_json_and_fits_its_published_schema(type: str) -> None:
    body = SPOKEN[type]
    for text in (body.model_dump_json(by_alias=True), body.model_dump_json(exclude_defaults=True)):
        assert parse(type, 1, text) == body
        schema = json.loads((PUBLISHED / f"{type}.v1.json").read_text())
        Draft202012Validator(schema).validate(json.loads(text))


def test_every_conversation_is_spoken_here() -> None:
    assert set(SPOKEN) == {entry.type for entry in REGISTER.values() if entry.flow != "acts"}


@pytest.mark.parametrize("seed", range(16))
def test_every_story_is_valid_in_every_message(seed: int) -> None:
    for make in (
        people.a_contact,
        people.a_referral,
        people.a_passing,
        people.a_decision,
        people.a_feedback,
        people.a_strategy_request,
        people.a_strategy_record,
        people.a_police_notification,
        people.an_attendance,
        people.a_handover,
    ):
        body = make(seed)
        assert type(body).model_validate_json(body.model_dump_json(by_alias=True)) == body


def test_what_is_published_is_what_the_code_says() -> None:
    published = {path.name: path.read_text("utf-8") for path in PUBLISHED.glob("*.json")}
    assert published == documents(), "run `python -m schemas.publish`"


def test_what_is_published_is_a_schema() -> None:
    for path in PUBLISHED.glob("*.json"):
        Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_a_published_field_shows_its_data_kind_and_a_code_its_label() -> None:
    schema = json.loads((PUBLISHED / "police.notification.v1.json").read_text("utf-8"))
    assert schema["properties"]["what_happened"]["x-data-kind"] == "concern_narrative"
    assert schema["$defs"]["RiskGrade"]["x-labels"]["high"] == "High (red)"
    religion = schema["$defs"]["ChildIdentity"]["properties"]["religion"]
    assert {"$ref": "#/$defs/ToldLine"} in religion["oneOf"]
    assert schema["$defs"]["PoliceProtection"]["properties"]["placed_at"]["x-restriction"]


def test_each_entry_names_a_flow_and_roles_that_exist() -> None:
    for entry in REGISTER.values():
        assert entry.flow in (*topics.FLOWS, topics.ACTS)
        assert set(entry.senders + entry.receivers) <= {*PARTNERS, OPERATIONS, HUB, PERSON}
        assert entry.title


def test_unknown_types_and_versions_are_told_apart() -> None:
    with pytest.raises(UnknownType, match=r"'referal\.received'"):
        model_of("referal.received")
    with pytest.raises(UnknownVersion, match="version 2: this hub speaks version 1"):
        parse("edt.handover", 2, b"{}")


def test_a_person_must_accept_what_moves_custody() -> None:
    assert REGISTER["edt.handover"].needs_a_person
    assert not REGISTER["handover.response"].needs_a_person
    assert REGISTER["handover.response"].ack is AckLevel.TRANSPORT
    assert REGISTER["police.notification"].ack is AckLevel.OUTCOME


@pytest.mark.parametrize(
    ("type", "body", "priority"),
    [
        ("contact.recorded", people.a_contact(0), Priority.ROUTINE),
        ("contact.recorded", people.a_contact(0, danger=True), Priority.IMMEDIATE),
        ("referral.received", people.a_referral(0, danger=True), Priority.IMMEDIATE),
        ("referral.passed_to_team", people.a_passing(0, Urgency.URGENT), Priority.URGENT),
        ("strategy.record", people.a_strategy_record(0), Priority.URGENT),
        ("police.notification", people.a_police_notification(0), Priority.URGENT),
        ("police.notification", people.a_police_notification(0, RiskGrade.LOW), Priority.ROUTINE),
        (
            "police.notification",
            people.a_police_notification(0, RiskGrade.LOW, protection=True),
            Priority.IMMEDIATE,
        ),
        ("health.attendance", people.an_attendance(0), Priority.URGENT),
        ("edt.handover", people.a_handover(0, RiskLevel.LOW), Priority.ROUTINE),
        ("edt.handover", people.a_handover(3, RiskLevel.LOW), Priority.URGENT),
        ("edt.handover", people.a_handover(0, RiskLevel.IMMEDIATE), Priority.IMMEDIATE),
        ("delivery.receipt", people.a_receipt("x"), Priority.ROUTINE),
    ],
)
def test_a_body_tells_how_urgent_it_is(type: str, body: Said, priority: Priority) -> None:
    assert priority_of(type, body) is priority


def test_a_receipt_proves_no_more_than_its_word() -> None:
    assert people.a_receipt("x", ReceiptResult.READ).proves is AckLevel.RECEIVED
    assert people.a_receipt("x", ReceiptResult.BOUNCED).proves is AckLevel.NONE
    assert people.a_receipt("x", ReceiptResult.NOT_COLLECTED).failed


def test_the_child_of_a_body_is_found_where_there_is_one() -> None:
    child = child_of(SPOKEN["health.attendance"])
    assert child is not None and child.subject.own_number == "P0000003"
    assert child.subject.nhs_number == people.nhs(3)
    assert child_of(SPOKEN["delivery.receipt"]) is None


def test_an_attendance_is_cheap_to_read() -> None:
    text = people.an_attendance(0, AttendanceKind.ADMITTED).model_dump_json(exclude_defaults=True)
    raw = text.encode()

    def spent(step: Callable[[bytes], object]) -> float:
        return min(repeat(lambda: step(raw), timer=process_time, number=1000, repeat=7))

    # Against the standard library's reader, at the same moment: three to four times on any machine.
    dear = min(spent(HealthAttendance.model_validate_json) / spent(json.loads) for _ in range(3))
    assert dear < 6, f"{dear:.1f} times what the standard library takes to read it; 3 to 4 it was"
