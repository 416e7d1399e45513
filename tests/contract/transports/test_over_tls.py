"""Over mutual TLS every transport keeps the whole contract, and each side has proved who it is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.base import OutcomeUnknown, TryAgain
from tests.contract.transports import test_http, test_mllp, test_smtp
from tests.contract.transports.bench import Features, Hub, Receives, Sends
from tests.contract.transports.certificates import Authority
from tests.contract.transports.http_peer import Endpoint
from tests.contract.transports.mllp_peer import Caller, Hospital
from tests.contract.transports.smtp_peer import MailServer
from tests.contract.transports.suite import Receiving, Sending


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def opened(peer: Any) -> AsyncIterator[Sends]:
    await peer.up()
    yield peer
    await peer.transport.close()
    await peer.down()


class Proven(Sending):
    """What holds beside the contract."""

    async def test_each_side_knows_the_other_by_its_certificate(self, sends: Sends) -> None:
        await sends.transport.push(self.outgoing(b"one"))
        known = sends.transport.certificates()  # type: ignore[attr-defined]
        ours, theirs, trusted = sorted(known)
        assert (theirs, trusted) == (f"{ours} theirs", f"{ours} trusted")
        assert (known[ours].subject, known[theirs].subject) == ("CN=hub", "CN=partner")
        assert known[trusted].subject == "CN=Test authority"

    async def test_without_a_certificate_of_ours_nothing_is_taken(self, sends: Sends) -> None:
        settings = sends.transport.settings  # type: ignore[attr-defined]
        way = next(name for name in ("send", "push", "trust") if hasattr(settings, name))
        part = getattr(settings, way)
        tls = part if way == "trust" else part.tls
        bare = tls.model_copy(update={"certificate": None, "key": None})
        changed = bare if way == "trust" else part.model_copy(update={"tls": bare})
        sends.transport.settings = settings.model_copy(update={way: changed})  # type: ignore[attr-defined]
        with pytest.raises((TryAgain, OutcomeUnknown)):
            await sends.transport.push(self.outgoing(b"one"))
        assert not sends.heard


class TestHttp(Proven):
    kind: ClassVar[str] = "http"
    features: ClassVar[Features] = test_http.TestHttp.features

    @pytest.fixture
    async def sends(self, authority: Authority) -> AsyncIterator[Sends]:
        theirs, ours = authority.pair("partner"), authority.pair("hub")
        peer = Endpoint(
            theirs.server(authority.file), tls={"ca": str(authority.file), **ours.settings}
        )
        async for each in opened(peer):
            yield each


class TestMllp(Proven, Receiving):
    kind: ClassVar[str] = "mllp"
    features: ClassVar[Features] = test_mllp.TestMllp.features

    @pytest.fixture
    async def sends(self, authority: Authority) -> AsyncIterator[Sends]:
        theirs, ours = authority.pair("partner"), authority.pair("hub")
        peer = Hospital(
            theirs.server(authority.file),
            tls={"ca": str(authority.file), **ours.settings},
            ack_timeout=2.5,
        )
        async for each in opened(peer):
            yield each

    @pytest.fixture
    async def receives(self, authority: Authority) -> AsyncIterator[Receives]:
        ours, theirs = authority.pair("hub"), authority.pair("partner")
        caller = Caller(
            theirs.client(authority.file),
            tls={"client_ca": str(authority.file), **ours.settings},
        )
        yield caller
        await caller.close()

    async def test_who_calls_is_known_by_its_certificate(self, receives: Caller, hub: Hub) -> None:
        hub.serve(receives.transport)
        await receives.give(b"one")
        await receives.listen()
        known = receives.transport.certificates()  # type: ignore[attr-defined]
        assert known["listen theirs"].subject == "CN=partner"


class TestSmtpByStarttls(Proven):
    kind: ClassVar[str] = "smtp"
    features: ClassVar[Features] = test_smtp.TestSmtp.features
    way: ClassVar[str] = "starttls"

    @pytest.fixture
    async def sends(self, authority: Authority) -> AsyncIterator[Sends]:
        theirs, ours = authority.pair("partner"), authority.pair("hub")
        trust = {"ca": str(authority.file), **ours.settings}
        peer = MailServer(theirs.server(authority.file), tls=self.way, trust=trust)
        async for each in opened(peer):
            yield each


class TestSmtpAtOnce(TestSmtpByStarttls):
    way: ClassVar[str] = "tls"
