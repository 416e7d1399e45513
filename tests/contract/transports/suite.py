"""One suite for every transport: what `connectors.base` promises, against a real peer.

A test class inherits what its transport does (`Sending`, `Receiving`, or only `Declared`),
declares `features`, and gives the fixtures `sends` and `receives`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from connectors.base import MAX_PARCEL, Kind, OutcomeUnknown, Outgoing, Refused, TryAgain
from connectors.transports import TRANSPORTS
from tests.contract.transports.bench import (
    MOMENT,
    Does,
    Features,
    Heard,
    Hub,
    Receives,
    Sends,
    until,
)


class Declared:
    """What the transport declares is what its class says."""

    kind: ClassVar[str]
    features: ClassVar[Features]

    def test_declares_its_features(self) -> None:
        made = TRANSPORTS[self.kind]
        assert (made.name, made.mode, made.proves, made.pulls, made.replies) == (
            self.kind,
            self.features.mode,
            self.features.proves,
            self.features.pulls,
            self.features.replies,
        )

    def test_every_setting_is_documented(self) -> None:
        for name, setting in TRANSPORTS[self.kind].Settings.model_fields.items():
            assert setting.description, name


class Sending(Declared):
    """The promises of `push`, `drop`, `probe` and `close`."""

    def outgoing(self, body: bytes, reference: str = "ref-1") -> Outgoing:
        """A message of ours to this peer."""
        return Outgoing(reference, body, self.features.media_type, "Reference ref-1")

    async def test_a_message_arrives_once_and_unchanged(self, sends: Sends) -> None:
        for number, body in enumerate(self.features.bodies):
            await sends.transport.push(self.outgoing(body, f"ref-{number}"))
        assert [body for _, body in sends.heard] == list(self.features.bodies)

    async def test_proves_what_it_declares_and_no_more(self, sends: Sends) -> None:
        pushed = await sends.transport.push(self.outgoing(b"plain"))
        assert pushed.level.rank <= self.features.proves.rank
        assert (pushed.reply is not None) is self.features.replies
        if not self.features.replies:
            assert pushed.level is self.features.proves

    async def test_every_attempt_carries_the_same_reference(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(b"one", "ref-7"))
        assert len(sends.heard) == 1
        await sends.transport.push(self.outgoing(b"one", "ref-7"))
        first, second = (reference for reference, _ in sends.heard)
        assert first == second and (first is None or "ref-7" in first)

    async def test_what_the_peer_does_becomes_what_we_know(
        self, sends: Sends, behaviour: Does
    ) -> None:
        if behaviour is Does.IS_DOWN:
            await sends.down()
        sends.does = behaviour
        async with asyncio.timeout(5):
            with pytest.raises(self.features.outcomes[behaviour]) as caught:
                await sends.transport.push(self.outgoing(b"one"))
        if behaviour is Does.IS_DOWN:
            assert isinstance(caught.value, TryAgain) and caught.value.connection
        assert len(sends.heard) <= 1, "push must never send twice"
        if self.features.outcomes[behaviour] is OutcomeUnknown:
            await until(lambda: sends.open() == 0)
        assert b"one" not in str(caught.value).encode()
        sends.heard.clear()
        sends.does = Does.TAKES
        if behaviour is Does.IS_DOWN:
            await sends.up()
        await sends.transport.push(self.outgoing(b"two"))
        assert [body for _, body in sends.heard] == [b"two"]

    async def test_the_largest_message_passes(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(self.features.largest))
        assert sends.heard[0][1] == self.features.largest

    async def test_keeps_its_connection(self, sends: Sends) -> None:
        for number in range(4):
            await sends.transport.push(self.outgoing(b"one", f"ref-{number}"))
        if self.features.keeps_connection:
            assert sends.connections == 1

    async def test_each_number_is_a_connection_of_its_own(self, sends: Sends) -> None:
        for number in (0, 1, 0, 1):
            await sends.transport.push(self.outgoing(b"one"), number)
        if self.features.keeps_connection:
            assert sends.connections == 2

    async def test_a_stale_connection_costs_nothing(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(b"one"))
        await sends.hang_up()
        began = time.monotonic()
        await sends.transport.push(self.outgoing(b"two"))
        assert time.monotonic() - began < 0.5
        assert [body for _, body in sends.heard] == [b"one", b"two"]

    async def test_drop_closes_and_the_next_push_connects_again(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(b"one"))
        await sends.transport.drop(0)
        await until(lambda: sends.open() == 0)
        await sends.transport.push(self.outgoing(b"two", "ref-2"))
        assert len(sends.heard) == 2

    async def test_a_cancelled_push_leaves_no_answer_for_the_next(self, sends: Sends) -> None:
        if Does.HANGS not in self.features.outcomes:
            return
        sends.does = Does.HANGS
        push = asyncio.create_task(sends.transport.push(self.outgoing(b"one")))
        await until(lambda: sends.heard)
        push.cancel()
        await asyncio.gather(push, return_exceptions=True)
        await until(lambda: sends.open() == 0)
        sends.does = Does.TAKES
        await sends.transport.push(self.outgoing(b"two"))

    async def test_a_probe_finds_the_peer_and_sends_nothing(self, sends: Sends) -> None:
        assert await sends.transport.probe()
        assert not sends.heard
        await sends.down()
        with pytest.raises((TryAgain, Refused)):
            await sends.transport.probe()

    async def test_close_gives_everything_back(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(b"one"), 0)
        await sends.transport.push(self.outgoing(b"one"), 1)
        await sends.transport.close()
        await until(lambda: sends.open() == 0)


class Receiving(Declared):
    """The promises of `serve`."""

    @pytest.fixture
    async def hub(self) -> AsyncIterator[Hub]:
        hub = Hub()
        yield hub
        await hub.close()

    async def test_bytes_arrive_unchanged(self, receives: Receives, hub: Hub) -> None:
        hub.serve(receives.transport)
        for number, body in enumerate(self.features.bodies):
            await receives.give(body, f"n{number}")
            assert (await receives.listen(f"n{number}")).kind is Kind.OWNED
        assert [parcel.body for parcel in hub.parcels] == list(self.features.bodies)
        assert {parcel.received_at for parcel in hub.parcels} == {MOMENT}
        assert {(parcel.partner, parcel.transport) for parcel in hub.parcels} == {
            ("st-elsewhere", self.kind)
        }

    async def test_acknowledges_only_what_is_owned(self, receives: Receives, hub: Hub) -> None:
        hub.free.clear()
        hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        assert (await receives.listen(patience=0.1)).kind is None
        hub.free.set()
        assert (await receives.listen()).kind is Kind.OWNED

    async def test_what_is_not_ours_is_acknowledged(self, receives: Receives, hub: Hub) -> None:
        hub.says = Kind.NOT_OURS
        hub.serve(receives.transport)
        await receives.give(b"one")
        assert (await receives.listen()).kind is Kind.OWNED

    async def test_says_nothing_when_unable(self, receives: Receives, hub: Hub) -> None:
        hub.says = Kind.UNABLE
        hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        assert await receives.listen(patience=0.1) == Heard(None)
        hub.says = Kind.OWNED
        if not self.features.pulls:
            await receives.give(b"one")
        assert (await receives.listen()).kind is Kind.OWNED

    async def test_refuses_in_the_partner_s_terms(self, receives: Receives, hub: Hub) -> None:
        hub.says = Kind.REFUSED
        hub.serve(receives.transport)
        await receives.give(b"one")
        heard = await receives.listen()
        assert heard.kind is Kind.REFUSED and b"no such form" in heard.words
        hub.says = Kind.OWNED
        await receives.give(b"two", "b")
        assert (await receives.listen("b")).kind is Kind.OWNED

    async def test_the_largest_parcel_passes(self, receives: Receives, hub: Hub) -> None:
        hub.serve(receives.transport)
        await receives.give(b"M" * MAX_PARCEL)
        assert (await receives.listen()).kind is Kind.OWNED
        assert len(hub.parcels[0].body) == MAX_PARCEL

    async def test_a_larger_one_is_known_as_too_large(self, receives: Receives, hub: Hub) -> None:
        hub.says = Kind.REFUSED
        hub.serve(receives.transport)
        await receives.give(b"M" * (MAX_PARCEL + 70_000))
        assert (await receives.listen()).kind is Kind.REFUSED
        assert len(hub.parcels[0].body) == MAX_PARCEL + 1

    async def test_a_cut_parcel_is_never_acknowledged(self, receives: Receives, hub: Hub) -> None:
        hub.serve(receives.transport)
        await receives.give(b"M" * (MAX_PARCEL + 2))
        await hub.reached.wait()
        assert (await receives.listen(patience=0.2)).kind is None

    async def test_keeps_the_partner_s_order(self, receives: Receives, hub: Hub) -> None:
        hub.serve(receives.transport)
        bodies = [b"%d" % number for number in range(8)]
        for number, body in enumerate(bodies):
            await receives.give(body, f"n{number}")
        await until(lambda: len(hub.parcels) == len(bodies))
        assert [parcel.body for parcel in hub.parcels] == bodies

    async def test_stopping_finishes_what_it_holds(self, receives: Receives, hub: Hub) -> None:
        hub.free.clear()
        stop = hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        stop.set()
        await asyncio.sleep(0.05)
        hub.free.set()
        assert (await receives.listen()).kind is Kind.OWNED
        async with asyncio.timeout(2):
            await hub.ended()

    async def test_an_idle_one_stops_at_once(self, receives: Receives, hub: Hub) -> None:
        stop = hub.serve(receives.transport)
        await receives.give(b"one")
        assert (await receives.listen()).kind is Kind.OWNED
        stop.set()
        async with asyncio.timeout(1):
            await hub.ended()

    async def test_a_killed_process_loses_nothing(self, receives: Receives, hub: Hub) -> None:
        hub.free.clear()
        hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        await hub.kill()
        assert (await receives.listen(patience=0.1)).kind is None
        hub.free.set()
        hub.serve(await receives.again())
        if not self.features.pulls:
            await receives.give(b"one")
        assert (await receives.listen()).kind is Kind.OWNED
        assert [parcel.body for parcel in hub.parcels] == [b"one", b"one"]
