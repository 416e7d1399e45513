"""What a dead core had handed out and edge never saw goes again; what it may have sent all the same is on record."""

from hub.core.start.recover import again
from tests.kit.deeds import settle, states, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival


def test_what_is_not_on_the_road_goes_again_and_its_attempt_is_unknown(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    [first] = bench.orders()
    instance = bench.site.settings.instance
    bench.do(lambda work: again(work, instance, {f"{first['delivery_id']}:1"}))
    assert bench.orders() == []
    bench.do(lambda work: again(work, instance, set()))
    [second] = bench.orders()
    assert (second["delivery_id"], second["attempt"]) == (first["delivery_id"], 2)
    settle(bench, told(second), told(first))
    assert states(bench) == ["delivered"]
    found = bench.all("select attempt, outcome from attempt order by attempt")
    assert [(row.attempt, row.outcome) for row in found] == [(1, "unknown"), (2, "delivered")]
