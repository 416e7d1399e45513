"""An order is sent at most once, in its order, and its receipt says what is known and no more."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from connectors.base import Pushed, Refused, TryAgain
from hub import clock, topics
from hub.broker import Unable
from schemas.envelope import AckLevel
from tests.flow.edge_kit import bench, takes
from tests.kit.waiting import eventually


async def test_what_is_handed_out_is_sent_in_order_and_answered_for(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        await b.hand_out(*(b.order(f"{n}") for n in range(40)))
        await eventually(lambda: len(b.receipts()) == 40)
        assert b.peer.sent == [f"{n}" for n in range(40)]
        told = b.receipts()[0]
        assert (told["outcome"], told["level"]) == ("delivered", "received")
        assert (told["delivery_id"], told["attempt"]) == ("d-0", 1)
        assert len(b.records("receipts")) < 40


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _fails(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "fails",
    [
        lambda: _fails(CommitFailedError("the group has rebalanced")),
        lambda: _fails(IllegalStateError("the partition is not assigned")),
        _for_ever,
    ],
    ids=["displaced", "not-assigned", "no-answer"],
)
async def test_when_the_commit_fails_nothing_is_sent(
    kafka: str, monkeypatch: pytest.MonkeyPatch, fails: Callable[[], Any]
) -> None:
    real = AIOKafkaConsumer.commit
    failures = [fails]

    async def commit(self: Any, offsets: Any = None) -> None:
        if failures:
            assert b.peer.sent == []
            await failures.pop()()
        await real(self, offsets)

    monkeypatch.setattr(AIOKafkaConsumer, "commit", commit)
    monkeypatch.setattr("hub.edge.connection.COMMIT_WITHIN", 0.3)
    async with bench(kafka) as b, b.delivering():
        await b.hand_out(b.order("a"), b.order("b"))
        await eventually(lambda: len(b.receipts()) == 2)
        assert b.peer.sent == ["a", "b"]
        # It was taken over again before anything was sent.
        assert len(b.records("takeover")) == 4


async def test_a_commit_that_lands_after_its_time_is_told_and_not_sent(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AIOKafkaConsumer.commit

    async def commit(self: Any, offsets: Any = None) -> None:
        await real(self, offsets)
        monkeypatch.setattr(AIOKafkaConsumer, "commit", real)
        await _for_ever()

    monkeypatch.setattr(AIOKafkaConsumer, "commit", commit)
    monkeypatch.setattr("hub.edge.connection.COMMIT_WITHIN", 0.3)
    async with bench(kafka) as b, b.delivering():
        await b.hand_out(b.order("a"), b.order("b"))
        await eventually(lambda: len(b.records("takeover")) == 4)
        await b.hand_out(b.order("c"))
        await eventually(b.receipts)
        assert b.peer.sent == ["c"]
        told = [attempt for takeover in b.records("takeover") for attempt in takeover["attempts"]]
        assert ["d-a", 1] in told
        assert ["d-b", 1] in told


async def test_what_was_committed_across_an_assignment_is_not_sent_but_told(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AIOKafkaConsumer.commit
    async with bench(kafka) as b, b.delivering() as deliverer:
        await eventually(lambda: deliverer.says.startswith("ready"))
        spots = set(deliverer._by_spot)

        async def commit(self: Any, offsets: Any = None) -> None:
            await real(self, offsets)
            monkeypatch.undo()
            deliverer.assigned(spots)

        monkeypatch.setattr(AIOKafkaConsumer, "commit", commit)
        await b.hand_out(b.order("a"), b.order("b"))
        await eventually(lambda: len(b.records("takeover")) == 4)
        assert b.peer.sent == []
        told = [attempt for takeover in b.records("takeover") for attempt in takeover["attempts"]]
        assert ["d-a", 1] in told
        await b.hand_out(b.order("c"))
        await eventually(lambda: "c" in b.peer.sent)
        assert "a" not in b.peer.sent


async def test_the_offset_is_committed_before_the_send(kafka: str) -> None:
    async with bench(kafka) as b:
        spot = TopicPartition(topics.deliveries(b.partner.partner), 0)
        seen: list[int | None] = []

        async def look(reference: str, text: str) -> Pushed:
            reader = AIOKafkaConsumer(
                bootstrap_servers=kafka,
                group_id=f"edge.{b.partner.partner}",
                enable_auto_commit=False,
            )
            await reader.start()
            seen.append(await reader.committed(spot))
            await reader.stop()
            return await takes(reference, text)

        b.peer.behave = look
        async with b.delivering():
            await b.hand_out(b.order("a"))
            await eventually(b.receipts)
        assert seen == [1]


async def test_a_takeover_lists_the_attempts_before_anything_else_is_sent(kafka: str) -> None:
    async with bench(kafka) as b:
        async with b.delivering():
            await b.hand_out(b.order("a"), b.order("b", attempt=3))
            await eventually(lambda: len(b.receipts()) == 2)
        b.said.clear()
        await b.hand_out(b.order("c"))
        async with b.delivering():
            await eventually(b.receipts)
        takeovers = {t["topic"]: t for t in b.records("takeover")}
        own = takeovers[topics.deliveries(b.partner.partner)]
        assert (own["position"], own["attempts"]) == (2, [["d-a", 1], ["d-b", 3]])
        assert takeovers[topics.deliveries_now(b.partner.partner)]["attempts"] == []
        assert b.peer.sent == ["a", "b", "c"]
        assert b.said[0].headers["ce_type"].endswith("takeover")


async def test_a_run_stops_at_the_first_that_was_not_delivered(kafka: str) -> None:
    async with bench(kafka) as b:

        async def behave(reference: str, text: str) -> Pushed:
            if text == "b":
                raise Refused("no such child", "E12")
            return await takes(reference, text)

        b.peer.behave = behave
        async with b.delivering():
            await b.hand_out(
                b.order("a"),
                b.order("b", predecessor="d-a"),
                b.order("c", predecessor="d-b"),
                b.order("e", predecessor="d-elsewhere"),
                b.order("f"),
            )
            await eventually(lambda: len(b.receipts()) == 5)
        assert b.peer.sent == ["a", "b", "f"]
        assert b.outcomes() == {
            "a": "delivered",
            "b": "refused",
            "c": "not_attempted",
            "e": "not_attempted",
            "f": "delivered",
        }


async def test_immediate_overtakes_within_a_batch(kafka: str) -> None:
    async with bench(kafka) as b:
        gate = asyncio.Event()

        async def behave(reference: str, text: str) -> Pushed:
            if text == "0":
                await gate.wait()
            return await takes(reference, text)

        b.peer.behave = behave
        async with b.delivering() as deliverer:
            await b.hand_out(*(b.order(f"{n}") for n in range(10)))
            await eventually(lambda: b.peer.sent)
            await b.hand_out(b.order("now", immediate=True))
            (connection,) = deliverer._running
            await eventually(lambda: connection._now and connection._now.records)
            gate.set()
            await eventually(lambda: len(b.receipts()) == 11)
        assert b.peer.sent[:3] == ["0", "now", "1"]


async def test_an_answer_that_names_another_message_is_unknown_and_drops_the_connection(
    kafka: str,
) -> None:
    async with bench(kafka) as b:
        replies = {"a": b"taken|ref-other", "b": b"\x00babble", "c": b"taken|"}

        async def behave(reference: str, text: str) -> Pushed:
            return Pushed(AckLevel.TRANSPORT, replies[text])

        b.peer.behave = behave
        async with b.delivering():
            await b.hand_out(*(b.order(text) for text in replies))
            await eventually(lambda: len(b.receipts()) == 3)
        told = b.receipts()
        assert [each["outcome"] for each in told] == ["unknown"] * 3
        assert [each["misdirected"] for each in told] == [True, False, False]
        assert b.peer.dropped == [0, 0, 0]


async def test_when_nobody_can_be_reached_the_rest_is_given_back_untried(kafka: str) -> None:
    async with bench(kafka) as b:
        await b.hand_out(*(b.order(f"{n}") for n in range(5)))

        async def behave(reference: str, text: str) -> Pushed:
            raise TryAgain("cannot connect", after=7, connection=True)

        b.peer.behave = behave
        async with b.delivering():
            await eventually(lambda: len(b.receipts()) == 5)
        first, *rest = b.receipts()
        assert (first["outcome"], first["connection"], first["retry_after"]) == (
            "try_again",
            True,
            7,
        )
        assert {each["outcome"] for each in rest} == {"not_attempted"}
        assert b.peer.sent == ["0"]


async def test_what_is_late_unwritable_or_broken_ends_in_a_receipt_too(kafka: str) -> None:
    async with bench(kafka) as b:

        async def behave(reference: str, text: str) -> Pushed:
            raise ZeroDivisionError(text)

        b.peer.behave = behave
        soon = (clock.now() + timedelta(seconds=0.5)).isoformat()
        async with b.delivering():
            await b.hand_out(
                b.order("late", not_after=soon), b.order("unwritable"), b.order("broken")
            )
            await eventually(lambda: len(b.receipts()) == 3)
        assert b.outcomes() == {"late": "expired", "unwritable": "refused", "broken": "unknown"}
        assert b.peer.sent == ["broken"]
        assert all("fault is ours" in each["detail"] for each in b.receipts()[1:])


async def test_no_more_than_sixteen_go_ahead_of_their_receipts(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering() as deliverer:
        await eventually(lambda: deliverer.says.startswith("ready"))
        b.unable = Unable("away")
        await b.hand_out(*(b.order(f"{n}") for n in range(40)))
        await eventually(lambda: len(b.peer.sent) == 16)
        await asyncio.sleep(0.3)
        assert len(b.peer.sent) == 16
        b.unable = None
        await eventually(lambda: len(b.receipts()) == 40)
        assert len(b.peer.sent) == 40


async def test_where_the_unknown_is_asked_about_one_goes_at_a_time(kafka: str) -> None:
    async with bench(kafka, outcome_unknown="ask") as b, b.delivering() as deliverer:
        await eventually(lambda: deliverer.says.startswith("ready"))
        b.unable = Unable("away")
        await b.hand_out(b.order("a"), b.order("b"))
        await eventually(lambda: b.peer.sent)
        await asyncio.sleep(0.3)
        assert b.peer.sent == ["a"]
        b.unable = None
        await eventually(lambda: len(b.receipts()) == 2)


async def test_an_attempt_handed_out_twice_is_sent_once(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        await b.hand_out(b.order("a"), b.order("a"), b.order("a", attempt=2))
        await eventually(lambda: len(b.receipts()) == 3)
        assert b.peer.sent == ["a", "a"]
        assert [each["attempt"] for each in b.receipts()] == [1, 1, 2]


async def test_a_stop_finishes_the_send_in_hand_and_gives_back_the_rest(kafka: str) -> None:
    async with bench(kafka) as b:

        async def slowly(reference: str, text: str) -> Pushed:
            await asyncio.sleep(0.5)
            return await takes(reference, text)

        b.peer.behave = slowly
        async with b.delivering():
            await b.hand_out(b.order("a"), b.order("b"))
            await eventually(lambda: b.peer.sent)
        assert b.outcomes() == {"a": "delivered", "b": "not_attempted"}


async def test_a_record_that_is_no_order_does_not_stop_what_follows(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        topic = topics.deliveries(b.partner.partner)
        foreign = b.order("x")
        await b.broker.publish(b"junk", topic, headers={"ce_id": "d-x:1"})
        await b.broker.publish((foreign.value or b"")[:-1] + b"?", topic, headers=foreign.headers)
        await b.hand_out(b.order("a"))
        await eventually(b.receipts)
        assert b.outcomes() == {"a": "delivered"}
