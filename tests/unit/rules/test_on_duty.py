"""At 02:00 somebody who is there acts on what cannot wait; the daytime team has it in the morning."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.partners import Role
from hub.rules.book import Book
from hub.rules.on_duty import OnDuty
from hub.rules.route import Planned, route
from schemas.envelope import AckLevel, Envelope, For, Priority, Recipient, Sender
from tests.kit.site import LEEDS, a_partner

BOOK = Book.read(Path("deploy/rules"), Path("deploy/calendars"))
NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
TYPES = (
    "contact.recorded",
    "referral.received",
    "referral.passed_to_team",
    "strategy.requested",
    "police.notification",
    "health.attendance",
)
ACTS, KNOWS = For.ACTION, For.INFORMATION


def receives(purpose: For = ACTS) -> tuple[dict[str, str], ...]:
    return tuple({"type": type, "for": purpose.value} for type in (*TYPES, "edt.handover"))


def a_site(day: str = "leeds-daytime", night: str = "leeds-edt", purpose: For = ACTS) -> list[Any]:
    """A daytime team and EDT, each with its hours."""
    team, edt = Role.ASSESSMENT_TEAM, Role.EDT
    return [
        a_partner("north", team, receives=receives(), hours=day),
        a_partner("edt", edt, receives=receives(purpose), hours=night),
    ]


def planned(type: str, at: datetime, partners: Any, **more: Any) -> tuple[Planned, ...]:
    facts: dict[str, Any] = {"priority": Priority.IMMEDIATE, "sender": Sender(agency="X26POL")}
    envelope = Envelope(
        message_id="00000000-0000-0000-0000-000000000001",
        type=type,
        schema_version=1,
        occurred_at=at,
        recorded_at=at,
        correlation_id="00000000-0000-0000-0000-000000000001",
        idempotency_key="k",
        authority=LEEDS,
        ack_expected=AckLevel.ACCEPTED,
        **facts | more,
    )
    there = BOOK.there(at)
    return route(type, envelope, partners, BOOK.routing(at), there=there).planned


def goes(type: str, at: datetime, partners: Any, **more: Any) -> dict[str, For]:
    return {one.partner: one.purpose for one in planned(type, at, partners, **more)}


@pytest.mark.parametrize("type", TYPES)
def test_at_night_who_is_there_acts_and_the_daytime_team_knows(type: str) -> None:
    found = {one.partner: one for one in planned(type, NIGHT, a_site())}
    assert {name: one.purpose for name, one in found.items()} == {"edt": ACTS, "north": KNOWS}
    assert found["edt"].ack is AckLevel.ACCEPTED
    assert found["north"].ack is AckLevel.RECEIVED, "one owner"
    assert found["edt"].why == f"receives {type} as edt, who is on duty"


@pytest.mark.parametrize("type", TYPES)
def test_by_day_the_work_of_the_day_is_not_pushed_to_who_is_alone_at_night(type: str) -> None:
    found = goes(type, DAY, a_site())
    assert found.pop("edt", KNOWS) is KNOWS
    assert found == {"north": ACTS}


@pytest.mark.parametrize("type", TYPES)
def test_what_can_wait_waits_for_the_daytime(type: str) -> None:
    found = goes(type, NIGHT, a_site(), priority=Priority.ROUTINE)
    assert found.pop("edt", KNOWS) is KNOWS
    assert found == {"north": ACTS}


def test_what_is_accepted_in_service_hours_is_no_work_of_the_night() -> None:
    found = goes("referral.passed_to_team", NIGHT, a_site(), priority=Priority.URGENT)
    assert found == {"north": ACTS}


@pytest.mark.parametrize("at", [NIGHT, DAY])
@pytest.mark.parametrize("type", TYPES)
def test_without_hours_nothing_is_decided_by_them(type: str, at: datetime) -> None:
    to = BOOK.routing(at).types[type].to
    expected = {"north": ACTS} | ({"edt": ACTS} if Role.EDT in to else {})
    assert goes(type, at, a_site("always", "always")) == expected


def test_who_only_hears_of_a_type_is_not_made_to_act_on_it() -> None:
    found = goes("police.notification", NIGHT, a_site(purpose=KNOWS))
    assert found == {"north": ACTS, "edt": KNOWS}


@pytest.mark.parametrize("type", TYPES)
def test_who_acts_at_night_can_be_told_by_when(type: str) -> None:
    """Their hours are those of nobody else being there, and cannot be counted."""
    rule = BOOK.routing(NIGHT).types[type].on_duty
    assert rule is not None
    for priority in rule.at_once:
        assert BOOK.due_anew(type, NIGHT, priority, "leeds-edt") is not None


def test_where_nobody_is_there_nobody_is_left_out() -> None:
    found = goes("police.notification", NIGHT, a_site(night="leeds-daytime"))
    assert found == {"north": ACTS, "edt": ACTS}


def test_what_the_night_itself_says_goes_to_the_day() -> None:
    own = Sender(agency="X26EDT", system="edt")
    assert goes("contact.recorded", NIGHT, a_site(), sender=own) == {"north": ACTS}
    assert goes("edt.handover", NIGHT, a_site(), sender=own) == {"north": ACTS}


def test_whom_a_sender_names_is_theirs_to_say() -> None:
    to = (Recipient(agency="X26NOR"),)
    assert goes("referral.passed_to_team", NIGHT, a_site(), recipients=to) == {"north": ACTS}


def test_nobody_stands_in_for_themselves() -> None:
    with pytest.raises(ValidationError, match="edt cannot stand in for itself"):
        OnDuty(by_day=(Role.EDT,), out_of_hours=(Role.EDT,))
