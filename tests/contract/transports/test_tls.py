"""Over TLS both sides prove who they are, and a certificate nobody vouches for ends the connection unused."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.base import Kind, Outgoing, TryAgain
from tests.contract.transports.bench import Hub
from tests.contract.transports.certificates import Authority
from tests.contract.transports.mllp_peer import Caller, Hospital

ONE = Outgoing("ref", b"MSH|one", "application/hl7-v2")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def hospital(authority: Authority) -> AsyncIterator[Hospital]:
    pair = authority.pair("hospital")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    peer = Hospital(context, tls={"ca": str(authority.file)}, host="localhost")
    await peer.up()
    yield peer
    await peer.transport.close()
    await peer.down()


async def test_pushes_over_tls_on_one_connection(hospital: Hospital) -> None:
    for _ in range(3):
        assert (await hospital.transport.push(ONE)).reply is not None
    assert hospital.connections == 1
    assert "TLSv1.3" in await hospital.transport.probe()


async def test_a_stale_tls_connection_costs_nothing(hospital: Hospital) -> None:
    await hospital.transport.push(ONE)
    await hospital.hang_up()
    await hospital.transport.push(ONE)
    assert len(hospital.heard) == 2


async def test_a_certificate_of_another_authority_is_never_sent_to(
    authority: Authority, tmp_path: Path
) -> None:
    pair = Authority(tmp_path).pair("stranger")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    stranger = Hospital(context, tls={"ca": str(authority.file)}, host="localhost")
    await stranger.up()
    with pytest.raises(TryAgain, match="TLS") as caught:
        await stranger.transport.push(ONE)
    assert caught.value.connection and not stranger.heard
    await stranger.down()


async def test_listens_over_tls_to_those_who_prove_themselves(authority: Authority) -> None:
    ours, theirs = authority.pair("hub"), authority.pair("hospital")
    caller = Caller(
        tls={
            "certificate": str(ours.certificate),
            "key": str(ours.key),
            "client_ca": str(authority.file),
        }
    )
    hub = Hub()
    hub.serve(caller.transport)
    proven = ssl.create_default_context(cafile=str(authority.file))
    proven.load_cert_chain(theirs.certificate, theirs.key)
    await caller.connect(proven)
    await caller.give(b"one")
    assert (await caller.listen()).kind is Kind.OWNED
    await caller.close()

    await caller.connect(ssl.create_default_context(cafile=str(authority.file)))
    assert caller.reader is not None and caller.writer is not None
    caller.writer.write(b"\x0btwo\x1c\r")
    async with asyncio.timeout(2):
        with contextlib.suppress(OSError):
            assert await caller.reader.read() == b""
    assert len(hub.parcels) == 1
    caller.writer.transport.abort()
    await hub.close()
