"""A discussion that was held is held, whoever declined it, and an answer moves the one that it is about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.arrival import Arrival
from hub.partners import Partner, Receives, Role
from schemas.codes import Refusal, Response
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
