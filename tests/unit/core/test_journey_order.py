"""A journey shows nothing before what caused it, says when it happened by who told it, and to which message."""

from datetime import timedelta

from hub.clock import now
from hub.desk.shown.told import Happened
from hub.ledger.read.journey import case_way
from hub.ledger.read.timeline import Event, Kind, timeline
from schemas.codes import StrategyDecision
from tests.kit.people import a_strategy_record, a_strategy_request
from tests.kit.site import Bench, an_arrival


def a_discussion(bench: Bench) -> list[Event]:
    """It was held an hour before the record of it came; whole seconds, as partners write them."""
    stated = now().replace(microsecond=0) - timedelta(hours=1)
    bench.record(an_arrival("strategy.requested", a_strategy_request(1), "police", "S-1"))
    record = an_arrival(
        "strategy.record", a_strategy_record(1, StrategyDecision.S47_JOINT), "team", "SR-1"
    )
    record.envelope = record.envelope.model_copy(update={"occurred_at": stated})
    bench.record(record)
    [row] = bench.all("select distinct case_ref from message")
    with bench.engine.connect() as conn:
        way = case_way(conn, row.case_ref)
    assert way is not None
    return timeline(way, str, words=None)


def test_a_move_stands_behind_the_message_that_caused_it(bench: Bench) -> None:
    events = a_discussion(bench)
    at = {one.message.reference: place for place, one in enumerate(events) if one.message}
    moves = [(place, one) for place, one in enumerate(events) if one.kind is Kind.MOVE]
    held = [(place, one) for place, one in moves if one.cause and one.cause.reference == "SR-1"]
    assert held and moves
    assert all(place > at["SR-1"] for place, _ in held)
    assert all(place > at["S-1"] for place, _ in moves)
    assert all(one.stated is not None and one.stated < one.at for _, one in held)
    assert [one.at for one in events] == sorted(one.at for one in events)


def test_every_row_says_to_which_message_it_happened(bench: Bench) -> None:
    rows = [row for one in a_discussion(bench) for row in Happened.of(one)]
    assert {row.kind for row in rows} >= {"message", "move", "delivery"}
    assert all(row.reference for row in rows)
    assert any(row.stated.endswith((" GMT", " BST")) and row.stated_at for row in rows)
