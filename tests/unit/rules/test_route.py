"""Whoever must get a message is planned for it; one with no delivery says why (promise 2)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub.partners import Partner, Role
from hub.rules.editions import load
from hub.rules.route import Routed, Routing, route, takes
from schemas.envelope import AckLevel, Envelope, For, Priority, Recipient, Sender
from schemas.register import REGISTER

EDITION = next(iter(load(Path("deploy/rules/routing"), Routing)))
T = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


def partner(name: str, role: Role, agency: str, *types: Any, **more: Any) -> Partner:
    receives = [t if isinstance(t, dict) else {"type": t} for t in types]
    facts = {"authorities": ["E08000035"], "transport": {}, "format": {}, "live": False}
    named = {"partner": name, "title": name, "role": role, "agency": agency, "receives": receives}
    return Partner.model_validate(facts | named | more)


TEAM = partner(
    "north-team", Role.ASSESSMENT_TEAM, "CSC", "edt.handover", "strategy.record", team="north"
)
EDT = partner("edt", Role.EDT, "CSC", "handover.response", "strategy.record", team="edt")
POLICE = partner("police", Role.POLICE, "WYP", "strategy.record")
SCHOOL = partner("school", Role.PROFESSIONAL_REFERRER, "SCH", "referrer.decision_feedback")
ALL = (TEAM, EDT, POLICE, SCHOOL)


def routed(
    type: str, *, by: Sender, partners: Any = ALL, asker: str | None = None, **more: Any
) -> Routed:
    envelope = Envelope(
        message_id=UUID(int=1),
        type=type,
        schema_version=1,
        occurred_at=T,
        recorded_at=T,
        correlation_id=UUID(int=1),
        idempotency_key="k",
        sender=by,
        **({"authority": "E08000035", "ack_expected": AckLevel.ACCEPTED} | more),
    )
    return route(type, envelope, partners, EDITION, asker)


EDT_SENDS = Sender(agency="CSC", team="edt")


def test_whatever_is_delivered_says_what_it_is_shared_for() -> None:
    assert set(EDITION.shared) == {name for name, way in EDITION.types.items() if not way.nowhere}


def test_a_handover_goes_to_the_daytime_team_to_be_accepted() -> None:
    (plan,) = routed("edt.handover", by=EDT_SENDS, priority=Priority.URGENT).planned
    assert (plan.partner, plan.recipient.team) == ("north-team", "north")
    assert (plan.ack, plan.priority, plan.purpose) == (
        AckLevel.ACCEPTED,
        Priority.URGENT,
        For.ACTION,
    )
    assert plan.why == "receives edt.handover as assessment_team"


def test_nobody_gets_their_own_words_back_but_the_strategy_record_reaches_all() -> None:
    chair = Sender(agency="CSC", team="north")
    everyone = {p.partner for p in routed("strategy.record", by=chair).planned}
    assert everyone == {"north-team", "edt", "police"}
    own = routed("edt.handover", by=chair)
    assert own.planned == ()
    assert own.none == "north-team: it sent the message itself"
    by_system = Sender(agency="CSC", system="north-team")
    assert routed("edt.handover", by=by_system).planned == ()


@pytest.mark.parametrize("role", [Role.PARENT, Role.PUBLIC_REFERRER])
@pytest.mark.parametrize("type", [name for name, one in REGISTER.items() if one.not_to_family])
def test_what_is_never_for_family_is_not_planned_for_them_though_named(
    type: str, role: Role
) -> None:
    mother = partner("mother", role, "family", type)
    named = routed(
        type,
        by=Sender(agency="X26OTHER"),
        partners=(mother,),
        recipients=(Recipient(agency="family"),),
    )
    assert named.planned == ()
    assert named.none == f"family: {type} never goes to family"
    assert not takes(mother, type, "E08000035"), "nobody sends it on to them either"


def test_a_named_team_comes_before_the_partners_that_would_receive_it() -> None:
    south = partner("south-team", Role.ASSESSMENT_TEAM, "CSC", "edt.handover", team="south")
    to = (Recipient(agency="CSC", team="south"),)
    plans = routed("edt.handover", by=EDT_SENDS, partners=(*ALL, south), recipients=to).planned
    assert [p.partner for p in plans] == ["south-team"]


def test_a_team_without_a_system_of_its_own_is_reached_through_its_agency() -> None:
    agency = partner("csc", Role.ASSESSMENT_TEAM, "CSC", "edt.handover")
    to = (Recipient(agency="CSC", team="west"),)
    plans = routed("edt.handover", by=EDT_SENDS, partners=(TEAM, agency), recipients=to).planned
    assert [(p.partner, p.recipient.team) for p in plans] == [("csc", "west")]


def test_a_row_that_names_a_team_takes_only_what_names_that_team() -> None:
    row = {"type": "edt.handover", "team": "duty"}
    duty = partner("duty", Role.ASSESSMENT_TEAM, "CSC", row)
    assert routed("edt.handover", by=EDT_SENDS, partners=(duty,)).planned == ()
    to = (Recipient(agency="CSC", team="duty"),)
    assert routed("edt.handover", by=EDT_SENDS, partners=(duty,), recipients=to).planned


def test_a_recipient_nobody_serves_is_named_with_the_reason() -> None:
    to = (Recipient(agency="NOWHERE"), Recipient(agency="WYP"))
    result = routed("edt.handover", by=EDT_SENDS, recipients=to)
    assert result.none == (
        "NOWHERE: no partner serves it for authority E08000035; "
        "WYP: police does not receive edt.handover"
    )


def test_another_authoritys_partner_gets_nothing() -> None:
    result = routed("edt.handover", by=EDT_SENDS, authority="E08000032")
    assert result.none == "north-team: does not serve E08000032"


def test_a_copy_for_information_asks_for_no_acceptance() -> None:
    reads = {"type": "edt.handover", "for": "information"}
    copy = partner("copy", Role.ASSESSMENT_TEAM, "CSC2", reads)
    (plan,) = routed("edt.handover", by=EDT_SENDS, partners=(copy,)).planned
    assert (plan.purpose, plan.ack) == (For.INFORMATION, AckLevel.RECEIVED)


def test_a_referrers_notice_goes_to_the_referrer_it_names_and_to_nobody_else() -> None:
    notice = "referrer.decision_feedback"
    assert routed(notice, by=EDT_SENDS).none is not None
    to = (Recipient(agency="SCH"),)
    assert [p.partner for p in routed(notice, by=EDT_SENDS, recipients=to).planned] == ["school"]


def test_a_live_partner_refuses_a_test_message() -> None:
    live = TEAM.model_copy(update={"live": True})
    assert routed("edt.handover", by=EDT_SENDS, partners=(live,), test=True).none == (
        "north-team: north-team is live and the message is a test"
    )


def test_a_message_that_is_never_delivered_says_why() -> None:
    assert "stays in the hub" in str(routed("delivery.receipt", by=EDT_SENDS).none)
    assert routed("unheard.of", by=EDT_SENDS).none == "nobody receives it"


def test_every_conversation_has_a_way_and_no_way_is_for_an_unknown_type() -> None:
    conversation = {name for name, entry in REGISTER.items() if entry.flow != "acts"}
    assert set(EDITION.types) == conversation


ANSWER = {"by": Sender(agency="hub", system="hub"), "recipients": (Recipient(agency="CSC"),)}


def test_an_answer_goes_to_the_system_that_asked_and_to_no_other_of_its_agency() -> None:
    twin = partner("edt-twin", Role.EDT, "CSC", "handover.response", team="edt")
    found = routed("handover.response", partners=(*ALL, twin), asker="edt", **ANSWER)  # type: ignore[arg-type]
    assert [(one.partner, one.why) for one in found.planned] == [
        ("edt", "it answers their message")
    ]


def test_whoever_asked_and_gets_no_answer_is_named_with_the_reason() -> None:
    deaf = routed("handover.response", asker="police", **ANSWER)  # type: ignore[arg-type]
    assert deaf.none == "police: police does not receive handover.response"
    gone = routed("handover.response", asker="no-more", **ANSWER)  # type: ignore[arg-type]
    assert gone.none == "no-more: no partner of that name is known any more"


def test_what_a_partner_answers_is_passed_on_by_the_hub() -> None:
    found = routed("handover.response", by=Sender(agency="WYP"))
    assert found.none == "handover.response: the hub passes it on to whom it answers"
