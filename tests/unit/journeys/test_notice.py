"""A notice that was made has told nobody; what it proves is what the way it went can prove."""

from datetime import UTC, datetime

import pytest

from hub.journeys.machine import Facts, Illegal, Moved, move
from hub.journeys.notice import NOTICE, TOLD, follows
from schemas.envelope import AckLevel

AT = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
SOMEBODY = Facts(name="Olwen Example", role="Office manager", at=AT, reason="she asked not to be")


@pytest.mark.parametrize("level", list(AckLevel))
def test_a_way_proves_what_it_can_and_no_more(level: AckLevel) -> None:
    moved = move(NOTICE, "made", follows("delivered", level), Facts())
    assert isinstance(moved, Moved)
    proved = level.rank >= AckLevel.RECEIVED.rank
    assert moved.state == ("received" if proved else "sent")
    assert moved.state in TOLD - NOTICE.owed


@pytest.mark.parametrize("state", ["needs_person", "outcome_unknown", "expired", "withheld"])
def test_what_did_not_get_through_is_owed(state: str) -> None:
    moved = move(NOTICE, "made", follows(state, AckLevel.NONE), Facts())
    assert isinstance(moved, Moved)
    assert moved.state in NOTICE.owed


@pytest.mark.parametrize("state", ["waiting", "under_way", "offered", "withdrawn"])
def test_what_is_on_its_way_says_nothing_yet(state: str) -> None:
    assert not follows(state, AckLevel.NONE)


def test_only_a_named_person_gives_a_notice_up_and_says_why() -> None:
    event = follows("abandoned", AckLevel.NONE)
    assert isinstance(move(NOTICE, "undeliverable", event, Facts()), Illegal)
    moved = move(NOTICE, "undeliverable", event, SOMEBODY)
    assert isinstance(moved, Moved) and moved.state == "exempt"
    assert "exempt" not in TOLD


def test_a_call_tells_once_somebody_with_a_name_took_it() -> None:
    assert isinstance(move(NOTICE, "undeliverable", "rung", Facts()), Illegal)
    moved = move(NOTICE, "undeliverable", "rung", SOMEBODY)
    assert isinstance(moved, Moved) and moved.state == "told"
