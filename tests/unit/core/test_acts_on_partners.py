"""Who pauses, resumes or has a partner tested does so against what they saw, and hears what came of it."""

from datetime import timedelta
from typing import Any

from hub.clock import machine, now
from hub.core.acts.on_partners import record_probed
from hub.topics import deliveries_now
from hub.wire import PROBE, read
from tests.kit.deeds import act
from tests.kit.site import Bench


def state(bench: Bench, partner: str = "team") -> Any:
    return bench.all("select * from partner_state where partner = :p", p=partner)[0]


def asked(bench: Bench) -> list[Any]:
    """The tests that edges are asked for since the last look."""
    found = []
    for out in bench.out:
        headers = {name: value.encode() for name, value in out.headers.items()}
        record = read(bench.site.keys, out.topic, headers, out.value)
        if record.kind == PROBE:
            found.append((out.topic, record))
    bench.out = []
    return found


def found(bench: Bench, test: str, words: str, reached: bool = True) -> None:
    meta = {"partner": "team", "edge": "1", "test": test, "reached": reached, "found": words}
    bench.do(lambda work: record_probed(work, meta))


def test_of_two_who_pause_at_once_the_second_hears_who_was_first(bench: Bench) -> None:
    seen = state(bench).version
    first = act(bench, "partner.paused", "team", "Ada", "operations", version=seen, reason="works")
    second = act(bench, "partner.paused", "team", "Ben", "operations", version=seen, reason="move")
    again = act(bench, "partner.paused", "team", "Ben", "operations", reason="move")
    assert first[0] == "done"
    assert second == ("refused", "it was paused by Ada, operations since you looked")
    assert again == ("refused", "it is paused already, by Ada, operations: works")
    assert state(bench).paused_why == "works"


def test_who_resumes_what_was_resumed_hears_that(bench: Bench) -> None:
    act(bench, "partner.paused", "team", reason="works")
    seen = state(bench).version
    assert act(bench, "partner.resumed", "team", version=seen)[0] == "done"
    assert act(bench, "partner.resumed", "team", version=seen) == (
        "refused",
        "it was resumed since you looked",
    )
    assert act(bench, "partner.resumed", "team") == ("refused", "it is not paused")
    assert act(bench, "partner.resumed", "nobody")[0] == "refused"


def test_the_edge_of_a_partner_is_asked_to_test_it_and_what_it_found_is_kept(bench: Bench) -> None:
    assert act(bench, "partner.tested", "team", "Ada", "operations")[0] == "done"
    [(topic, record)] = asked(bench)
    assert topic == deliveries_now("team")
    assert record.meta["not_after"] > machine().isoformat()
    before = state(bench)
    assert (before.test_id, before.tested_by, before.found) == (record.id, "Ada, operations", None)
    found(bench, "another test", "of before")
    assert state(bench).found is None, "the answer to a test that another has followed"
    found(bench, record.id, "not now: refused", reached=False)
    after = state(bench)
    assert (after.found, bool(after.reached)) == ("not now: refused", False)
    assert after.found_at is not None


def test_a_partner_s_door_is_no_toy(bench: Bench) -> None:
    moment = now()
    assert act(bench, "partner.tested", "team", at=moment)[0] == "done"
    soon = act(bench, "partner.tested", "team", at=moment + timedelta(seconds=4))
    assert soon == ("refused", "it was tested a moment ago: look at what was found")
    assert len(asked(bench)) == 1
    assert act(bench, "partner.tested", "team", at=moment + timedelta(seconds=6))[0] == "done"


def test_who_collects_has_nothing_that_could_be_opened(bench: Bench) -> None:
    assert act(bench, "partner.tested", "edt")[0] == "refused"
    assert act(bench, "partner.tested", "nobody")[0] == "refused"
    assert asked(bench) == []
