"""A cause is one however its numbers run, and says what to do as its partner stands now."""

from datetime import UTC, datetime, timedelta

from hub.desk.shown.causes import groups, what_to_do
from hub.ledger.read.partners import State
from hub.ledger.read.stopped import Cause

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_cause(reason: str, kind: str = "spent", minutes: int = 0, **more: object) -> Cause:
    at = NOON - timedelta(minutes=minutes)
    facts = {"partner": "police", "count": 2, "first": at, "last": at, "sheets": 0, "alert": ""}
    return Cause(kind=kind, reason=reason, **(facts | more))  # type: ignore[arg-type]


def test_causes_that_differ_in_numbers_are_one_and_those_that_differ_in_anything_else_are_not() -> (
    None
):
    found = groups(
        [
            a_cause("tried 5 times; last: connection refused", minutes=1),
            a_cause("tried 12 times; last: connection refused", minutes=9, sheets=1),
            a_cause("connection refused", "refused", minutes=3),
            a_cause("tried 5 times; last: connection refused", minutes=2, partner="edt"),
            a_cause("no such ward", "refused", minutes=4),
        ]
    )
    assert [(one.partner, one.words, one.count) for one in found] == [
        ("police", "connection refused", 4),
        ("edt", "connection refused", 2),
        ("police", "connection refused", 2),
        ("police", "no such ward", 2),
    ]
    assert found[0].first == NOON - timedelta(minutes=9) and found[0].sheets == 1
    assert len({one.key for one in found}) == 4
    assert not any("refused" in one.key or "police" in one.key for one in found)


def test_what_to_do_follows_how_the_partner_stands() -> None:
    [spent] = groups([a_cause("tried 5 times; last: connection refused")])
    down = State("police", down_since=NOON)
    well = State("police", heard_at=NOON + timedelta(minutes=1))
    before = State("police", heard_at=NOON - timedelta(minutes=1))
    paused = State("police", paused_at=NOON, paused_by="O. Penhaligon")
    assert "still does not answer" in what_to_do(spent, "Police", down)
    assert "has answered since: try them all again" in what_to_do(spent, "Police", well)
    assert "Ask Police whether" in what_to_do(spent, "Police", before)
    assert "paused, by O. Penhaligon" in what_to_do(spent, "Police", paused)
    [refused] = groups([a_cause("no such ward", "refused")])
    assert "correct and send as new" in what_to_do(refused, "Police", None)
    [unknown] = groups([a_cause("the edge died", "unknown")])
    assert "whether they have it" in what_to_do(unknown, "Police", well)
    [held] = groups([a_cause("policy", "review")])
    assert "releases it, or withholds it" in what_to_do(held, "Police", down)
