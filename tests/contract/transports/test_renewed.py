"""Certificates, keys and authorities change under a partner that keeps talking, and it never notices."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.base import Kind, Outgoing, TryAgain
from connectors.certificates import Proven
from connectors.renewed import TlsWrong
from connectors.tls import ClientTls, ServerTls
from connectors.transports.mllp import Mllp, MllpSettings
from tests.contract.transports.bench import Hub, until
from tests.contract.transports.certificates import Authority, Pair
from tests.contract.transports.mllp_peer import Caller, Hospital, block
from tests.kit.log_lines import logged_as

ONE = Outgoing("ref", b"MSH|one", "application/hl7-v2")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def ours(authority: Authority) -> Pair:
    return authority.pair("hub")


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub()
    yield made
    await made.close()


def listening(authority: Authority, ours: Pair, hub: Hub, **tls: str) -> Caller:
    """A hub that listens over mutual TLS, and its partner."""
    tls = {"client_ca": str(authority.file), **ours.settings, **tls}
    caller = Caller(authority.pair("partner").client(authority.file), tls=tls)
    hub.serve(caller.transport)
    return caller


async def said(caller: Caller, body: bytes) -> bytes:
    """What is answered on the caller's connection, and the serial of who answered there."""
    await caller.give(body)
    assert (await caller.listen()).kind is Kind.OWNED
    assert caller.writer is not None
    shown = caller.writer.get_extra_info("ssl_object").getpeercert()
    return str(shown["serialNumber"]).encode()


async def test_a_partner_that_keeps_sending_sees_the_new_pair_and_not_one_failure(
    authority: Authority, ours: Pair, hub: Hub
) -> None:
    caller = listening(authority, ours, hub)
    stays = await said(caller, b"zero")
    kept, caller.writer = caller.writer, None
    shown: list[bytes] = []

    async def keeps_sending() -> None:
        for number in range(60):
            shown.append(await said(caller, b"%d" % number))
            await caller.close()
            await asyncio.sleep(0.005)

    sending = asyncio.create_task(keeps_sending())
    for number in range(3):
        enough = len(shown) + 15
        await until(lambda: len(shown) >= enough)  # noqa: B023 - awaited in the same round
        authority.pair(f"hub-{number}").put(ours)
    await sending
    assert len(set(shown)) == 4 and shown[0] == stays and shown[-1] != stays
    assert len(hub.parcels) == 61
    # The connection of before was never closed, and is still answered.
    assert kept is not None and not kept.is_closing()
    kept.write(block(b"last"))
    await until(lambda: len(hub.parcels) == 62)
    kept.close()


@pytest.mark.parametrize("wrong", ["half a certificate", "another's key", "no key at all"])
async def test_a_pair_that_cannot_be_used_leaves_the_one_before(
    authority: Authority, ours: Pair, hub: Hub, wrong: str
) -> None:
    caller = listening(authority, ours, hub)
    before = await said(caller, b"one")
    await caller.close()
    fresh = authority.pair("fresh")
    match wrong:
        case "half a certificate":
            ours.certificate.write_bytes(fresh.certificate.read_bytes()[:300])
        case "another's key":
            ours.certificate.write_bytes(fresh.certificate.read_bytes())
        case _:
            ours.key.unlink()
    with logged_as("edge") as log:
        for _ in range(3):
            assert await said(caller, b"two") == before
            await caller.close()
        told = [line for line in log.lines() if "stay" in str(line["event"])]
        fresh.put(ours)
        assert await said(caller, b"three") != before
        await caller.close()
    assert len(told) == 1 and told[0]["partner"] == "st-elsewhere"
    assert "hub.pem" in str(told[0]["why"]) or "hub.key" in str(told[0]["why"])


async def test_an_authority_that_was_taken_out_is_trusted_no_longer(
    authority: Authority, ours: Pair, hub: Hub, tmp_path: Path
) -> None:
    another = Authority(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(authority.file.read_bytes() + another.file.read_bytes())
    caller = listening(authority, ours, hub, client_ca=str(both))
    newcomer = another.pair("newcomer").client(authority.file)
    await said(caller, b"old")
    await caller.close()
    await caller.connect(newcomer)
    await said(caller, b"new")
    await caller.close()
    both.write_bytes(another.file.read_bytes())
    await caller.connect(newcomer)
    await said(caller, b"new again")
    await caller.close()
    with logged_as("edge") as log:
        with contextlib.suppress(OSError):
            await caller.connect()
            await caller.give(b"old again")
            assert (await caller.listen(patience=2)).kind is None
        refused = [line for line in log.lines() if "not accepted" in str(line["event"])]
    assert refused
    assert refused[0]["partner"] == "st-elsewhere" and refused[0]["why"]
    assert [parcel.body for parcel in hub.parcels] == [b"old", b"new", b"new again"]


async def test_a_caller_shows_its_new_certificate_at_its_next_connection(
    authority: Authority, ours: Pair, tmp_path: Path
) -> None:
    theirs = authority.pair("partner").server(authority.file)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.file.read_bytes())
    peer = Hospital(theirs, tls={"ca": str(trusted), **ours.settings})
    await peer.up()
    proven: object = peer.transport
    assert isinstance(proven, Proven)
    known = proven.certificates
    await peer.transport.push(ONE)
    before = known()["send"].fingerprint
    authority.pair("next").put(ours)
    await peer.transport.push(ONE)
    assert peer.connections == 1, "a running connection goes on"
    await peer.hang_up()
    await peer.transport.push(ONE)
    assert known()["send"].fingerprint != before
    ours.key.write_text("half")
    await peer.hang_up()
    await peer.transport.push(ONE)
    assert len(peer.heard) == 4

    authority.pair("last").put(ours)
    trusted.write_bytes(Authority(tmp_path).file.read_bytes())
    await peer.hang_up()
    with pytest.raises(TryAgain, match="TLS"):
        await peer.transport.push(ONE)
    await peer.transport.close()
    await peer.down()


async def test_whom_we_trust_is_watched_before_anything_is_sent(
    authority: Authority, ours: Pair, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path, days=7, name="Partner authority").file.read_bytes())
    sends = Mllp(
        "st-elsewhere",
        MllpSettings.model_validate(
            {
                "listen": {
                    "host": "127.0.0.1",
                    "port": 0,
                    "tls": {"client_ca": authority.file, **ours.settings},
                },
                "send": {
                    "host": "localhost",
                    "port": 2575,
                    "tls": {"ca": trusted, **ours.settings},
                },
            }
        ),
    )
    assert set(sends.certificates()) == {"send", "send trusted"}
    before = sends.certificates()["send trusted"]
    trusted.write_bytes(
        Authority(tmp_path, days=700, name="Partner authority").file.read_bytes()
        + trusted.read_bytes()
    )
    after = sends.certificates()["send trusted"]
    assert (after.ends - before.ends).days in (692, 693)
    trusted.write_text("half a certificate")
    assert sends.certificates()["send trusted"] == after


@pytest.mark.parametrize(
    ("spoiled", "word"),
    [
        ("certificate missing", "cannot be read (No such file or directory)"),
        ("certificate empty", "holds no certificate"),
        ("key of another", "is not the key of"),
        ("key with a passphrase", "has a passphrase"),
        ("authority empty", "holds no authority"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(
    authority: Authority, ours: Pair, tmp_path: Path, spoiled: str, word: str
) -> None:
    match spoiled:
        case "certificate missing":
            ours.certificate.unlink()
        case "certificate empty":
            ours.certificate.write_text("")
        case "key of another":
            ours.key.write_bytes(authority.pair("another").key.read_bytes())
        case "key with a passphrase":
            text = ours.key.read_text().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
            ours.key.write_text(text)
        case _:
            authority.file.write_text("")
    tls = ServerTls.model_validate({"client_ca": str(authority.file), **ours.settings})
    with pytest.raises(TlsWrong) as caught:
        tls.context("st-elsewhere")
    assert word in str(caught.value) and ": " in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("we", ["listen", "call"])
def test_nothing_older_than_tls_1_2_is_spoken(authority: Authority, ours: Pair, we: str) -> None:
    listens = ServerTls.model_validate(ours.settings).context("st-elsewhere")
    calls = ClientTls.model_validate({"ca": str(authority.file)}).context("st-elsewhere")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if we == "call" else ssl.PROTOCOL_TLS_CLIENT)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with contextlib.suppress(ssl.SSLError):
        old.load_cert_chain(ours.certificate, ours.key)
    old.load_verify_locations(authority.file)
    assert shook(listens, old) if we == "listen" else shook(old, calls)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not (shook(listens, old) if we == "listen" else shook(old, calls))


def shook(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """Whether these two come to terms, without any network."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(down, up, server_hostname="localhost"),
        server.wrap_bio(up, down, server_side=True),
    ]
    left = list(sides)
    for _ in range(10):
        for side in list(left):
            try:
                side.do_handshake()
                left.remove(side)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return not left
