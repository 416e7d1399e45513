"""MLLP keeps the contract in both directions, however its peer cuts, holds back or garbles its bytes."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from connectors import frames
from connectors.base import Kind, OutcomeUnknown, Outgoing, Refused, TryAgain
from connectors.transports import make_transport
from schemas.envelope import AckLevel
from tests.contract.transports.bench import Does, Features, Hub, until
from tests.contract.transports.mllp_peer import END, START, Caller, Hospital, block
from tests.contract.transports.suite import Receiving, Sending


@pytest.fixture
async def sends() -> AsyncIterator[Hospital]:
    peer = Hospital()
    await peer.up()
    yield peer
    await peer.transport.close()
    await peer.down()


@pytest.fixture
async def receives() -> AsyncIterator[Caller]:
    caller = Caller()
    yield caller
    await caller.close()


class TestMllp(Sending, Receiving):
    kind: ClassVar[str] = "mllp"
    features: ClassVar[Features] = Features(
        mode="sent",
        proves=AckLevel.RECEIVED,
        replies=True,
        outcomes={
            Does.HANGS: OutcomeUnknown,
            Does.BABBLES: OutcomeUnknown,
            Does.TRUNCATES: OutcomeUnknown,
            Does.CLOSES: OutcomeUnknown,
            Does.RESETS: OutcomeUnknown,
            Does.IS_DOWN: TryAgain,
        },
    )

    @pytest.mark.parametrize("piece", [1, 2, 7])
    async def test_a_block_in_pieces(self, receives: Caller, hub: Hub, piece: int) -> None:
        hub.serve(receives.transport)
        raw = block(b"one")
        for at in range(0, len(raw), piece):
            await receives.raw(raw[at : at + piece])
            await asyncio.sleep(0.002)
        assert (await receives.listen()).words == b"AA one"

    async def test_blocks_in_one_segment_are_answered_one_by_one(
        self, receives: Caller, hub: Hub
    ) -> None:
        hub.free.clear()
        hub.serve(receives.transport)
        await receives.raw(block(b"one") + block(b"two") + block(b"three"))
        await hub.reached.wait()
        await asyncio.sleep(0.05)
        assert [parcel.body for parcel in hub.parcels] == [b"one"]
        hub.free.set()
        said = [(await receives.listen()).words for _ in range(3)]
        assert said == [b"AA one", b"AA two", b"AA three"]

    async def test_stray_line_ends_between_blocks_cost_nothing(
        self, receives: Caller, hub: Hub
    ) -> None:
        hub.serve(receives.transport)
        await receives.raw(b"\r\n" + block(b"one") + b"\n\n" + block(b"two"))
        assert [(await receives.listen()).words for _ in range(2)] == [b"AA one", b"AA two"]

    async def test_endless_babble_is_hung_up_on(self, receives: Caller, hub: Hub) -> None:
        hub.serve(receives.transport)
        await receives.raw(b"x" * frames.STRAY)
        assert (await receives.listen()).kind is None
        assert not hub.parcels

    async def test_a_block_without_an_end_is_never_half_taken(
        self, receives: Caller, hub: Hub
    ) -> None:
        hub.serve(receives.transport)
        await receives.raw(START + b"MSH|half" + block(b"MSH|whole"))
        assert (await receives.listen()).kind is None
        await receives.raw(START + b"MSH|half")
        assert receives.writer is not None
        receives.writer.write_eof()
        assert (await receives.listen()).kind is None
        assert not hub.parcels

    async def test_a_slow_block_is_given_up_and_an_idle_peer_is_kept(self, hub: Hub) -> None:
        caller = Caller(frame_timeout=0.15)
        hub.serve(caller.transport)
        await caller.connect()
        await asyncio.sleep(0.3)
        await caller.give(b"one")
        assert (await caller.listen()).kind is Kind.OWNED
        await caller.raw(START + b"slow")
        assert (await caller.listen(patience=2)).kind is None
        assert caller.writer is not None and caller.writer.is_closing()
        await caller.close()

    async def test_an_idle_peer_is_let_go_where_the_file_says_so(self, hub: Hub) -> None:
        caller = Caller(idle_timeout=0.1)
        hub.serve(caller.transport)
        await caller.connect()
        assert caller.reader is not None
        async with asyncio.timeout(2):
            assert await caller.reader.read() == b""
        await caller.close()

    async def test_one_connection_too_many_is_closed_at_once(self, hub: Hub) -> None:
        caller = Caller(connections=1)
        hub.serve(caller.transport)
        await caller.give(b"one")
        assert (await caller.listen()).kind is Kind.OWNED
        first = caller.writer
        await caller.connect()
        assert caller.reader is not None
        async with asyncio.timeout(2):
            assert await caller.reader.read() == b""
        await caller.close()
        assert first is not None
        first.close()

    async def test_while_unable_the_connection_closes_without_a_word(
        self, receives: Caller, hub: Hub
    ) -> None:
        hub.says = Kind.UNABLE
        hub.serve(receives.transport)
        await receives.give(b"one")
        assert receives.reader is not None
        async with asyncio.timeout(2):
            assert await receives.reader.read() == b""

    async def test_an_unread_peer_holds_little_of_ours(self, receives: Caller, hub: Hub) -> None:
        hub.free.clear()
        hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        assert receives.writer is not None
        receives.writer.transport.set_write_buffer_limits(high=0)
        receives.writer.write(block(b"M" * 2**24))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await receives.writer.drain()
        hub.free.set()
        assert (await receives.listen()).words == b"AA one"
        assert (await receives.listen()).kind is Kind.OWNED

    async def test_words_nobody_asked_for_are_never_taken_for_an_answer(
        self, sends: Hospital
    ) -> None:
        await sends.transport.push(self.outgoing(b"one"))
        await sends.say(block(b"MSA|AA|another"))
        pushed = await sends.transport.push(self.outgoing(b"two"))
        assert pushed.reply is not None and b"another" not in pushed.reply
        assert sends.connections == 2

    async def test_a_second_answer_in_one_breath_is_not_kept_for_the_next(
        self, sends: Hospital
    ) -> None:
        sends.repeats = 2
        await sends.transport.push(self.outgoing(b"one"))
        await sends.transport.push(self.outgoing(b"two"))
        assert sends.connections == 2

    async def test_a_late_answer_is_never_taken_for_the_next(self, sends: Hospital) -> None:
        sends.does = Does.HANGS
        with pytest.raises(OutcomeUnknown):
            await sends.transport.push(self.outgoing(b"one"))
        await sends.say(block(b"MSA|AA|one"))
        sends.does = Does.TAKES
        pushed = await sends.transport.push(self.outgoing(b"two"))
        assert pushed.reply is not None and b"one" not in pushed.reply

    async def test_a_message_that_no_block_can_hold_is_refused(self, sends: Hospital) -> None:
        for body in (b"a" + START + b"b", b"a" + END + b"b"):
            with pytest.raises(Refused):
                await sends.transport.push(Outgoing("r", body, "x"))
        assert not sends.heard

    async def test_only_listening_means_nothing_to_push(self, receives: Caller) -> None:
        with pytest.raises(Refused):
            await receives.transport.push(self.outgoing(b"one"))

    async def test_a_peer_that_restarts_is_found_again_at_once(self, sends: Hospital) -> None:
        await sends.transport.push(self.outgoing(b"one"))
        await sends.down()
        with pytest.raises(TryAgain):
            await sends.transport.push(self.outgoing(b"two"))
        await sends.up()
        await sends.transport.push(self.outgoing(b"two"))
        await until(lambda: len(sends.heard) == 2)

    def test_neither_listening_nor_sending_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="write `listen`, `send` or both"):
            make_transport("p", {"kind": "mllp"})
