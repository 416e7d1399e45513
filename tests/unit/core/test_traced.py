"""What core tells of its work is what stands in the ledger, in the trace that the message has everywhere."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.record import record_messages
from hub.core.settle import settle_leases, settle_receipts
from hub.core.traced import trail
from hub.core.whole import whole
from hub.core.work import Work
from hub.telemetry import traces
from hub.telemetry.traces import Span
from tests.kit.deeds import told
from tests.kit.people import a_referral, an_attendance
from tests.kit.site import Bench, an_arrival


class Kept:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def samples(self, trace: int) -> bool:
        return True

    def take(self, span: Span) -> None:
        self.spans.append(span)

    def lost(self) -> int:
        return 0

    def close(self) -> None:
        pass

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def kept() -> Iterator[Kept]:
    sink = Kept()
    before = traces.use(sink)
    yield sink
    traces.use(before)


def watched(bench: Bench, effect: Callable[[Work], Any], **at: Any) -> None:
    """One work as core does it, told once it is committed."""
    works: list[Work] = []

    def traced(work: Work) -> None:
        work.trail = trail()
        works.append(work)
        effect(work)

    bench.do(traced, **at)
    made = works[0].trail
    assert made is not None
    made.tell(traces.now(), confirmed=True)


def test_what_is_handed_out_hangs_below_what_was_recorded(bench: Bench, kept: Kept) -> None:
    one = an_arrival("health.attendance", an_attendance(1))
    watched(bench, lambda work: record_messages(work, [one]))
    (recorded,) = kept.named("derive")  # it was on no road: this test has no Kafka
    handed = kept.named("send deliveries.team")
    assert recorded.place == traces.place(one.message_id, "process", one.message_id)
    assert recorded.facts["hub.deliveries"] == len(handed) == 1
    assert handed[0].parent == recorded.place
    headers = [out.headers[traces.HEADER] for out in bench.out]
    assert headers == [handed[0].place.traceparent]


def test_what_the_hub_says_itself_hangs_below_what_it_follows_from(
    bench: Bench, kept: Kept
) -> None:
    one = an_arrival("referral.received", a_referral(1), "edt")
    watched(bench, lambda work: record_messages(work, [one]))
    first, second = kept.named("derive")
    assert second.facts["cloudevents.event_type"] == "referral.acknowledged"
    assert second.parent == first.place
    assert second.place.trace == traces.place(one.message_id).trace


def test_a_receipt_goes_on_from_where_edge_says_that_it_stands(bench: Bench, kept: Kept) -> None:
    one = an_arrival("health.attendance", an_attendance(1))
    watched(bench, lambda work: record_messages(work, [one]))
    [order] = bench.orders()
    edge = traces.place(one.message_id, "receipt")
    said = told(order) | {"traceparent": edge.traceparent}
    watched(bench, lambda work: settle_receipts(work, "team", "1", [said]))
    (settled,) = kept.named("process receipts")
    assert (settled.parent, settled.wrong) == (edge, "")
    assert settled.facts["hub.state"] == "delivered"


def test_an_attempt_that_nobody_answered_for_ends_in_its_trace_too(
    bench: Bench, kept: Kept
) -> None:
    one = an_arrival("health.attendance", an_attendance(1))
    watched(bench, lambda work: record_messages(work, [one]))
    watched(bench, settle_leases, at=now() + timedelta(minutes=5))
    (settled,) = kept.named("process receipts")
    assert settled.parent == kept.named("send deliveries.team")[0].place
    assert settled.wrong == "unknown"


def test_what_is_rolled_back_is_not_told(bench: Bench, kept: Kept) -> None:
    one = an_arrival("health.attendance", an_attendance(1))

    def fails(work: Work) -> None:
        def effect() -> None:
            record_messages(work, [one])
            assert work.trail is not None and work.trail.stood
            raise ValueError("after all")

        assert whole(work, effect) is not None

    watched(bench, fails)
    assert not kept.spans
    assert not bench.all("select 1 from message")


def test_a_message_that_comes_again_is_told_as_that(bench: Bench, kept: Kept) -> None:
    one = an_arrival("health.attendance", an_attendance(1))
    again = an_arrival("health.attendance", an_attendance(1))
    watched(bench, lambda work: record_messages(work, [one]))
    watched(bench, lambda work: record_messages(work, [again]))
    first, second = kept.named("derive")
    assert second.facts["hub.state"] == "repeat"
    assert (second.place.trace, second.place.span == first.place.span) == (first.place.trace, False)
