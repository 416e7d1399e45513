"""A discussion that was held is held, whoever declined it, and an answer moves the one that it is about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.arrival import Arrival
from hub.ledger.read.handovers import handovers_of
from hub.ledger.read.sentences import Deadline
from hub.ledger.read.stands import stands
from hub.ledger.read.waits import Narrowed, late, number_late
from hub.partners import Partner, Receives, Role
from schemas.codes import Refusal, Response
from schemas.strategy import Quorum
from tests.kit.deeds import act
from tests.kit.people import a_response, a_strategy_record, a_strategy_request
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """Police who ask, a team and a hospital who are asked."""
    takes = (Receives(type="strategy.requested"), Receives(type="strategy.record"))
    return a_bench(
        [
            a_partner("police", Role.POLICE, receives=takes[1:], sends=("strategy.requested",)),
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, sends=("strategy.record",)),
            a_partner("health", Role.HEALTH, receives=takes),
        ]
    )


def asked(bench: Bench, reference: str, minutes: int = 0) -> Arrival:
    """A request for a discussion about the same child."""
    body = a_strategy_request(1).model_copy(update={"reference": reference})
    arrival = an_arrival("strategy.requested", body, "police", reference=reference)
    bench.record(arrival, at=now() + timedelta(minutes=minutes))
    return arrival


def answers(bench: Bench, to: Arrival, partner: str, response: Response) -> None:
    """An agency says whether it comes."""
    more = {"refusal": Refusal.OTHER, "reason": "nobody on call"}
    body = a_response(to.message_id, response, **(more if response is Response.REFUSED else {}))
    said = an_arrival("handover.response", body, partner, f"r-{partner}", answers=to.message_id)
    bench.record(said, at=now() + timedelta(hours=1))


def state(bench: Bench, of: Arrival) -> str:
    sql = "select state from journey where machine = 'strategy' and subject = :id"
    [row] = bench.all(sql, id=of.message_id)
    return str(row.state)


def test_what_one_agency_declined_the_others_held(bench: Bench) -> None:
    request = asked(bench, "SR-000001")
    answers(bench, request, "health", Response.REFUSED)
    assert state(bench, request) == "declined"
    bench.record(an_arrival("strategy.record", a_strategy_record(1), "team", "SD-000001"))
    assert state(bench, request) == "s47_joint"


@pytest.mark.parametrize(
    ("response", "becomes"), [(Response.REFUSED, "declined"), (Response.ACCEPTED, "convening")]
)
def test_an_answer_to_one_request_moves_no_other(
    bench: Bench, response: Response, becomes: str
) -> None:
    first, second = asked(bench, "SR-1"), asked(bench, "SR-2", 10)
    answers(bench, first, "team", response)
    assert (state(bench, first), state(bench, second)) == (becomes, "requested")


def test_the_confirmation_of_one_record_confirms_no_other(bench: Bench) -> None:
    first, second = asked(bench, "SR-1"), asked(bench, "SR-2", 10)
    body = a_strategy_record(1).model_copy(update={"request_reference": "SR-1"})
    record = an_arrival("strategy.record", body, "team", "SD-1")
    bench.record(record)
    answers(bench, record, "police", Response.ACCEPTED)
    confirmed = "select journey_id from move where event = 'confirmed'"
    assert [row.journey_id for row in bench.all(confirmed)] == [f"strategy:{first.message_id}"]
    assert state(bench, second) == "requested"


def test_whoever_says_yes_on_the_telephone_comes(bench: Bench) -> None:
    request = asked(bench, "SR-1")
    answers(bench, request, "health", Response.REFUSED)
    sql = "select delivery_id from delivery where partner = 'team' and message_id = :id"
    [row] = bench.all(sql, id=request.message_id)
    said: dict[str, Any] = {"taken_by": "Mary Example", "taken_role": "Team manager"}
    taken = act(
        bench, "delivery.taken_by_phone", row.delivery_id, "Olwen Example", "operations",
        accepts=True, **said,
    )  # fmt: skip
    assert taken[0] == "done"
    assert state(bench, request) == "convening"


def a_held_one(reference: str, number: int, **more: Any) -> Arrival:
    """The record of one discussion about the child; nobody agreed on another but where it says so."""
    changed = {"reference": reference, "number": number, "next_discussion_at": None} | more
    changed = {"request_reference": None} | changed
    body = a_strategy_record(1).model_copy(update=changed)
    return an_arrival("strategy.record", body, "team", reference)


def inquorate(by: datetime) -> dict[str, Any]:
    """Health did not come, and it went on without them."""
    because = "the child was at risk now"
    return {"quorum": Quorum(met=False, went_on_because=because, reconvene_by=by)}


def earlier(record: Arrival) -> Arrival:
    """It was held two days before, and its record comes late."""
    before = record.envelope.occurred_at - timedelta(days=2)
    record.envelope = record.envelope.model_copy(update={"occurred_at": before})
    return record


def late_ones(bench: Bench, at: datetime) -> list[str]:
    """Discussions that were to be held again and were not, as the desk reads them."""
    everything = Narrowed(handovers=False)
    with bench.engine.connect() as conn:
        found = [one for one in late(conn, at, everything, 50) if one.machine == "reconvening"]
        assert number_late(conn, at, everything) >= len(found)
    return [one.message_id for one in found]


@pytest.mark.parametrize("with_request", [True, False])
def test_a_discussion_that_was_not_held_again_by_its_day_is_late_until_it_is(
    bench: Bench, with_request: bool
) -> None:
    by = now().replace(microsecond=0) + timedelta(days=1)
    begun = asked(bench, "SR-1") if with_request else None
    first = a_held_one("SD-1", 1, **inquorate(by))
    bench.record(first)
    subject = (begun or first).message_id
    assert late_ones(bench, by - timedelta(minutes=1)) == []
    assert late_ones(bench, by + timedelta(minutes=1)) == [subject]
    with bench.engine.connect() as conn:
        [own] = [one for one in handovers_of(conn, subject) if one.machine == "reconvening"]
    assert stands(own, str) == ("The discussion is to be held again by ", Deadline(by))

    bench.record(a_held_one("SD-2", 2), at=by + timedelta(hours=1))
    assert late_ones(bench, by + timedelta(days=9)) == []
    assert bench.all("select 1 from move where refused is not null") == []


def test_held_again_without_all_who_were_needed_it_is_owed_by_the_new_day(bench: Bench) -> None:
    asked(bench, "SR-1")
    by = now().replace(microsecond=0) + timedelta(days=1)
    bench.record(a_held_one("SD-1", 1, **inquorate(by)))
    bench.record(a_held_one("SD-2", 2, **inquorate(by + timedelta(days=2))))
    assert late_ones(bench, by + timedelta(days=1)) == []
    assert len(late_ones(bench, by + timedelta(days=3))) == 1


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_the_late_record_of_an_earlier_discussion_says_nothing_of_the_next(
    bench: Bench, in_one_batch: bool
) -> None:
    asked(bench, "SR-1")
    by = now().replace(microsecond=0) + timedelta(days=1)
    new = a_held_one("SD-2", 2, **inquorate(by))
    old = earlier(a_held_one("SD-1", 1))
    for batch in [[new, old]] if in_one_batch else [[new], [old]]:
        bench.record(*batch)
    assert len(late_ones(bench, by + timedelta(minutes=1))) == 1, "nobody has held it again"


def test_the_late_record_of_an_earlier_discussion_does_not_ask_for_one_that_was_held(
    bench: Bench,
) -> None:
    asked(bench, "SR-1")
    by = now().replace(microsecond=0) + timedelta(days=1)
    bench.record(a_held_one("SD-2", 2))
    bench.record(earlier(a_held_one("SD-1", 1, **inquorate(by))))
    assert late_ones(bench, by + timedelta(days=9)) == []


def test_a_record_without_a_further_day_owes_none(bench: Bench) -> None:
    bench.record(a_held_one("SD-1", 1))
    assert bench.all("select 1 from journey where machine = 'reconvening'") == []


def test_the_day_of_the_next_discussion_is_kept_as_well(bench: Bench) -> None:
    by = now().replace(microsecond=0) + timedelta(days=2)
    bench.record(a_held_one("SD-1", 1, next_discussion_at=by))
    assert len(late_ones(bench, by + timedelta(minutes=1))) == 1
