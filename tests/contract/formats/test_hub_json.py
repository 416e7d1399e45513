"""A partner's JSON is taken as it was written, and a refusal tells every path and what to write there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest

from connectors.base import Draft, Parcel, Says, Unreadable
from connectors.formats import make_format
from connectors.formats.mistakes import unreadable
from schemas.envelope import AckLevel, Deadline, Envelope, Priority, Sender
from schemas.handover import EdtHandover
from schemas.labels import Restriction
from schemas.register import REGISTER
from tests.kit import people

FOLDER = Path(__file__).parents[2] / "golden" / "hub-json"
PUBLISHED = Path(__file__).parents[3] / "schemas" / "published"
AT = datetime(2026, 11, 23, 20, tzinfo=UTC)
JSON = make_format({"kind": "hub-json"})
BODIES: dict[str, Callable[..., Any]] = {
    "contact.recorded": people.a_contact,
    "referral.received": people.a_referral,
    "referral.passed_to_team": people.a_passing,
    "referral.decision": people.a_decision,
    "strategy.requested": people.a_strategy_request,
    "strategy.record": people.a_strategy_record,
    "police.notification": people.a_police_notification,
    "health.attendance": people.an_attendance,
    "edt.handover": people.a_handover,
}


def read(body: bytes, reference: str | None = None) -> list[Draft]:
    return JSON.read(Parcel("p", "http", body, JSON.media_type, AT, reference))


def golden(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def test_the_golden_response_names_what_it_answers() -> None:
    (draft,) = read((FOLDER / "handover_response.json").read_bytes())
    assert draft.type == "handover.response"
    assert draft.answers == "0f2f7a1e-6a3a-5d5c-9a58-0c5a5d0c7e11"
    assert draft.body.accepts  # type: ignore[attr-defined]
    assert draft.sender == Sender(
        agency="383", team="East area", system="case-system", person_role="Team manager"
    )
    assert draft.occurred_at == datetime(2026, 11, 24, 8, 52, tzinfo=UTC)


def test_the_body_says_what_it_answers_where_nothing_stands_outside() -> None:
    message = golden("handover_response")
    del message["answers"]
    (draft,) = read(json.dumps(message).encode())
    assert draft.answers == message["body"]["answers"]


def test_two_answers_that_differ_are_refused_with_both_places() -> None:
    message = golden("handover_response") | {"answers": "OIC-3"}
    with pytest.raises(Unreadable) as caught:
        read(json.dumps([message]).encode())
    assert caught.value.place == "$[0].answers"
    assert "$[0].body.answers" in caught.value.reason
    assert "OIC-3" not in caught.value.reason


def test_the_golden_contact_about_three_children_is_three_messages() -> None:
    first, second, third = read((FOLDER / "three_children.json").read_bytes())
    assert {draft.reference for draft in (first, second, third)} == {"WEB-5501"}
    assert [draft.part for draft in (first, second, third)] == ["child-a", "child-b", "child-c"]
    assert first.subject.nhs_number == "9994628194"
    assert (first.priority, second.priority) == (Priority.URGENT, Priority.IMMEDIATE)
    assert first.labels == (Restriction.SAFE_ADDRESS,)
    assert [draft.test for draft in (first, second, third)] == [False, False, True]
    child = first.body.model_dump(mode="json")["child"]
    assert child["ethnicity"]["value"]["source"]["code"] == "Somali"
    assert child["first_language"] == {"value": "Somali"}
    assert child["interpreter_needed"] == {"value": True}
    assert [item["code"] for item in child["disabilities"]["value"]] == ["HEAR", "COMM"]


def test_the_golden_edt_handover_says_the_same_as_its_letter_and_goes_out_as_it_came() -> None:
    (draft,) = read((FOLDER / "edt_handover.json").read_bytes())
    letter = json.loads((FOLDER.parent / "edt-email" / "police_protection.json").read_text())
    assert (draft.type, draft.reference) == ("edt.handover", "EDT-2026-0417")
    assert draft.body == EdtHandover.model_validate(letter)
    assert draft.subject.nhs_number == "9994862057"
    assert draft.occurred_at == datetime(2026, 11, 24, 6, 15, tzinfo=UTC)
    assert draft.labels == (Restriction.SAFE_ADDRESS,)
    assert [(one.agency, one.team) for one in draft.recipients] == [("383", "East area")]
    assert draft.sender is not None
    envelope = Envelope(
        message_id=UUID(int=1), type=draft.type, schema_version=1, occurred_at=draft.occurred_at,
        recorded_at=AT, correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=draft.sender, recipients=draft.recipients, priority=draft.priority,
        labels=draft.labels,
    )  # fmt: skip
    told = json.loads(JSON.write(envelope, letter, draft.reference).body)
    typed = golden("edt_handover")
    assert {key: told[key] for key in typed if key not in ("occurred_at", "priority")} == {
        key: typed[key] for key in typed if key not in ("occurred_at", "priority")
    }


@pytest.mark.parametrize(
    ("path", "value", "place", "cure"),
    [
        (["risk"], "dire", "$.body.risk", "'low'"),
        (["contacted_at"], "2026-11-23T21:40:00", "$.body.contacted_at", "with its offset"),
        (["child", "nhs_number", "value", "number"], "9994862058", "$.body.child.nhs_number",
         "valid check digit"),
    ],
)  # fmt: skip
def test_a_wrong_edt_handover_is_told_by_its_path(
    path: list[str], value: str, place: str, cure: str
) -> None:
    message = golden("edt_handover")
    at = message["body"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(message).encode())
    assert caught.value.place.startswith(place)
    assert cure in caught.value.reason and str(value) not in caught.value.reason


def test_a_priority_may_be_raised_and_never_lowered() -> None:
    message = golden("three_children")[1] | {"priority": "routine"}
    assert read(json.dumps(message).encode())[0].priority is Priority.IMMEDIATE


def test_a_digest_knows_no_order_of_fields_and_no_spaces() -> None:
    message = golden("handover_response")
    turned = {key: message[key] for key in reversed(message)}
    (one,), (two,) = read(json.dumps(message).encode()), read(json.dumps(turned, indent=4).encode())
    assert one.content == two.content
    turned["occurred_at"] = "2026-11-24T08:53:00Z"
    assert read(json.dumps(turned).encode())[0].content != one.content


def test_a_message_with_a_reference_is_known_by_it_under_every_key() -> None:
    """Two keys make no second message of one, and one key makes no repeat of another."""
    message = golden("handover_response")
    (one,), (again,) = (read(json.dumps(message).encode(), key) for key in ("key-1", "key-2"))
    assert one == again
    (other,) = read(json.dumps(message | {"reference": "OTHER"}).encode(), "key-1")
    assert (other.reference, one.reference) == ("OTHER", message["reference"])


def test_without_a_reference_the_idempotency_key_serves() -> None:
    message = golden("handover_response")
    del message["reference"]
    assert read(json.dumps(message).encode(), "key-1")[0].reference == "key-1"
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(message).encode())
    assert caught.value.place == "$.reference"


@pytest.mark.parametrize(
    ("path", "value", "place", "cure"),
    [
        (["type"], "edt.handovr", "$.type", "no such message type"),
        (["version"], 2, "$.version", "this hub speaks version 1"),
        (["occurred_at"], "2026-11-24T08:52:00", "$.occurred_at", "with its offset"),
        (["occurred_at"], "yesterday", "$.occurred_at", "as in 2026-11-23T19:30:00Z"),
        (["colour"], "blue", "$.colour", "take this field out"),
        (["body", "query"], 7, "$.body.query", "valid string"),
        (["body", "response"], "queried", "$.body", "queried needs query"),
        (["body", "by", "phone"], "ring me", "$.body.by.phone", "not a telephone number"),
        (["body"], None, "$.body", ""),
        (["sender"], {}, "$.sender.agency", "write this field"),
        (["body", "reason"], "\0", "line 1", "U+0000"),
    ],
)
def test_a_mistake_is_told_by_its_path(path: list[str], value: Any, place: str, cure: str) -> None:
    message = golden("handover_response")
    inner = message
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(message).encode())
    assert caught.value.place.startswith(place)
    assert cure in caught.value.reason
    assert str(value) == "" or "ring me" not in str(caught.value)


@pytest.mark.parametrize(
    ("before", "twice", "place"),
    [
        ('"body": {', '"body": {}, "body": {', "$.body"),
        ('"response":', '"response": "refused", "response":', "$.body.response"),
        ('"response":', '"resp\\u006fnse": "refused", "response":', "$.body.response"),
        ('"name":', '"name": "Mavis Zanthorpe", "name":', "$.body.by.name"),
        ('"name":', '"Mavis": 1, "Mavis": 2, "name":', "$.body.by.(no field name)"),
    ],
)
def test_a_name_that_stands_twice_is_refused_by_its_path(
    before: str, twice: str, place: str
) -> None:
    text = (FOLDER / "handover_response.json").read_text()
    assert text.count(before) == 1
    with pytest.raises(Unreadable) as caught:
        read(text.replace(before, twice).encode())
    assert caught.value.place == place
    assert "twice" in caught.value.reason
    assert "Mavis" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "cure"),
    [
        (["occurred_at"], 1_700_000_000, "with its offset"),
        (["occurred_at"], "1700000000", "with its offset"),
        (["test"], "on", "true or false"),
        (["test"], 1, "true or false"),
        (["body", "contacted_at"], "1700000000", "with its offset"),
        (["body", "child", "born"], "0", "2026-11-23"),
        (["body", "child", "born"], 0, "2026-11-23"),
        (["body", "child", "born"], "2019-04-02T00:00:00Z", "2026-11-23"),
        (["body", "child", "interpreter_needed"], {"value": "Y"}, "true or false"),
    ],
)
def test_what_is_not_what_the_schema_says_is_not_guessed_at(
    path: list[str], value: Any, cure: str
) -> None:
    message = golden("edt_handover")
    inner = message
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(message).encode())
    assert caught.value.place.startswith("$." + ".".join(path))
    assert cure in caught.value.reason


def test_a_name_that_stands_twice_within_a_list_is_refused_by_its_path() -> None:
    text = (FOLDER / "three_children.json").read_text().replace('"part":', '"part": "x", "part":')
    with pytest.raises(Unreadable) as caught:
        read(text.encode())
    assert caught.value.place == "$[0].part"


def test_a_list_is_taken_whole_or_not_at_all_with_every_mistake() -> None:
    messages = golden("three_children")
    messages[0]["body"]["child"]["sex"] = "boy"
    messages[2]["body"]["concern"] = {}
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(messages).encode())
    assert caught.value.place == "$[0].body.child.sex"
    assert "not_known" in caught.value.reason
    assert "$[2].body.concern.what: write this field" in caught.value.reason
    assert "boy" not in str(caught.value)


def test_one_cure_for_many_places_is_told_once() -> None:
    found = [("$.a", "write it"), ("$.b", "write it"), ("$.c", "take it out"), ("$.d", "write it")]
    told = unreadable(found, "R-1")
    assert (told.reason, told.place) == (
        "write it; the same at $.b, $.d; $.c: take it out",
        "$.a",
    )


def test_two_of_a_list_under_one_reference_and_part_are_refused() -> None:
    messages = golden("three_children")
    messages[1]["part"] = "child-a"
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(messages).encode())
    assert caught.value.place == "$[1].reference"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("type", BODIES)
def test_what_is_written_is_read_back_and_fits_the_published_schema(type: str, seed: int) -> None:
    body = BODIES[type](seed)
    envelope = Envelope(
        message_id=UUID(int=1), type=type, schema_version=1, occurred_at=AT, recorded_at=AT,
        correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=Sender(agency="X26"), priority=Priority.IMMEDIATE, labels=(Restriction.WITNESS,),
        answers="OIC-3",
        purpose="section_47_enquiry", gateway="https://law.example.org/47", policy_version="P: permit",
        deadline=Deadline(clock_id="acceptance", due_at=AT, rule_edition="WT-2023"),
    )  # fmt: skip
    out = JSON.write(envelope, body.model_dump(mode="json"), "R-1")
    (draft,) = read(out.body)
    assert draft.body == body
    assert (draft.reference, draft.priority) == ("R-1", Priority.IMMEDIATE)
    assert (draft.authority, draft.labels) == ("383", (Restriction.WITNESS,))
    assert draft.answers == "OIC-3"
    assert REGISTER[draft.type].body is type_of(draft)
    said = json.loads(out.body)
    assert (said["purpose"], said["policy"]) == ("section_47_enquiry", "P: permit")
    assert said["gateway"] == "https://law.example.org/47"
    due = {"at": AT.isoformat().replace("+00:00", "Z"), "clock": "acceptance", "edition": "WT-2023"}
    assert said["due"] == due
    schema = json.loads((PUBLISHED / f"{type}.v1.json").read_text())
    jsonschema.validate(json.loads(out.body)["body"], schema)


def type_of(draft: Draft) -> type:
    return draft.body.__class__


@pytest.mark.parametrize(
    ("reply", "says", "names", "level"),
    [
        (b"", Says.TAKEN, None, AckLevel.TRANSPORT),
        (b'{"reference": "R-1"}', Says.TAKEN, "R-1", AckLevel.RECEIVED),
        (b'{"reference": "R-1", "status": "refused"}', Says.REFUSED, "R-1", AckLevel.RECEIVED),
        (b'{"status": "try_again"}', Says.TRY_AGAIN, None, AckLevel.TRANSPORT),
    ],
)
def test_a_reply_is_understood(
    reply: bytes, says: Says, names: str | None, level: AckLevel
) -> None:
    answer = JSON.understand(reply)
    assert (answer.says, answer.names, answer.level) == (says, names, level)


@pytest.mark.parametrize("reply", [b"<html>", b"[]", b'{"status": "fine"}', b"\xff"])
def test_babble_is_no_reply(reply: bytes) -> None:
    with pytest.raises(Unreadable):
        JSON.understand(reply)
