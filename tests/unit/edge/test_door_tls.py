"""The door proves itself, knows a partner by what its file names, and changes its keys under one that keeps sending."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from connectors.certificates import ClientCertificate, of_chain
from connectors.tls import ServerTls
from tests.contract.transports.certificates import Authority, Pair
from tests.hostile.live_door import OURS, PATH, TOKEN, LiveDoor, live_door
from tests.kit.waiting import wait_until

GOOD = Path("tests/golden/hub-json/handover_response.json").read_bytes()
USUAL = {"Authorization": f"Bearer {TOKEN}", "Content-Type": OURS}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def opened(
    authority: Authority,
    folder: Path,
    certificate: ClientCertificate | None = None,
    token: bool = True,
) -> Iterator[tuple[LiveDoor, Pair]]:
    """A door with TLS that asks for certificates of the authority and lets in those without."""
    ours = authority.pair("hub")
    settings = {"client_ca": str(authority.file), **ours.settings}
    tls = ServerTls.model_validate(settings).context("door", optional=True)
    with live_door(folder, tls=tls, certificate=certificate, token=token) as door:
        yield door, ours


def post(door: LiveDoor, authority: Authority, shows: Pair | None = None, **headers: str) -> int:
    """One message on a connection of its own; the status."""
    answer, _ = posted(door, authority, shows, **headers)
    return answer


def posted(
    door: LiveDoor, authority: Authority, shows: Pair | None = None, **headers: str
) -> tuple[int, str]:
    """The same, with the serial number of the door's certificate."""
    context = ssl.create_default_context(cafile=authority.file)
    if shows is not None:
        context.load_cert_chain(shows.certificate, shows.key)
    with (
        httpx.Client(verify=context) as client,
        client.stream(
            "POST",
            f"https://localhost:{door.port}{PATH}",
            content=GOOD,
            headers=USUAL | headers,
        ) as answer,
    ):
        return answer.status_code, serial(answer)


def test_not_one_failure_while_certificate_and_token_are_swapped(
    authority: Authority, tmp_path: Path
) -> None:
    answers: list[tuple[int, str]] = []
    tokens = ["first", "second", "third"]
    shown = [tokens[0]]
    with opened(authority, tmp_path) as (door, ours):
        token = tmp_path / "token"
        write(token, "first\n")
        ending = threading.Event()

        def keeps_sending() -> None:
            while not ending.is_set():
                answers.append(posted(door, authority, Authorization=f"Bearer {shown[0]}"))

        sending = threading.Thread(target=keeps_sending)
        sending.start()
        try:
            for old, new in pairwise(tokens):
                more(answers)
                authority.pair(f"hub-{new}").put(ours)
                write(token, f"{old}\n{new}\n")
                more(answers)
                shown[0] = new
                more(answers)
                write(token, f"{new}\n")
            more(answers)
        finally:
            ending.set()
            sending.join(20)
        assert {status for status, _ in answers} == {202}
        assert len({serial for _, serial in answers}) == 3
        # What was taken out counts no more.
        for old in tokens[:2]:
            assert post(door, authority, Authorization=f"Bearer {old}") == 401


def test_a_kept_connection_outlives_the_certificate(authority: Authority, tmp_path: Path) -> None:
    with opened(authority, tmp_path) as (door, ours):
        context = ssl.create_default_context(cafile=authority.file)
        with httpx.Client(verify=context, headers=USUAL) as client:
            url = f"https://localhost:{door.port}{PATH}"
            first = client.post(url, content=GOOD)
            authority.pair("fresh").put(ours)
            _, fresh = posted(door, authority)
            again = client.post(url, content=GOOD)
            assert (first.status_code, again.status_code) == (202, 202)
            assert serial(again) == serial(first) != fresh


def serial(answer: httpx.Response) -> str:
    """Of the door's certificate, on the connection that the answer came by."""
    shown = answer.extensions["network_stream"].get_extra_info("ssl_object").getpeercert()
    return str(shown["serialNumber"])


def more(answers: list[tuple[int, str]]) -> None:
    """Waits for five more, of which the last was begun after this call."""
    enough = len(answers) + 5
    wait_until(lambda: len(answers) >= enough)


def write(token: Path, text: str) -> None:
    """In one step, as whoever changes a secret's file does it."""
    beside = token.with_suffix(".new")
    beside.write_text(text)
    beside.replace(token)


@pytest.mark.parametrize("by", ["name", "subject", "fingerprint"])
def test_a_certificate_stands_for_a_token(authority: Authority, tmp_path: Path, by: str) -> None:
    force = authority.pair("force", dns="ppu.police.example.org")
    known = of_chain(force.certificate.read_bytes())
    colons = ":".join(known.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    certificate = {
        "name": ClientCertificate(names=("other.example.org", "PPU.police.example.org")),
        "subject": ClientCertificate(subjects=("CN=force",)),
        "fingerprint": ClientCertificate(fingerprints=(colons,)),
    }[by]
    another = authority.pair("another", dns="ppu.police.example.net")
    with opened(authority, tmp_path, certificate, token=False) as (door, _):
        assert post(door, authority, force, Authorization="") == 202
        assert post(door, authority, another, Authorization="") == 401
        assert post(door, authority, None) == 401
        with pytest.raises(httpx.TransportError):
            stranger = Authority(tmp_path).pair("force-too", dns="ppu.police.example.org")
            post(door, authority, stranger)
        assert len(door.owned) == 1


def test_where_both_are_named_both_are_shown(authority: Authority, tmp_path: Path) -> None:
    force = authority.pair("force", dns="ppu.police.example.org")
    certificate = ClientCertificate(names=("ppu.police.example.org",))
    with opened(authority, tmp_path, certificate) as (door, _):
        assert post(door, authority, force) == 202
        assert post(door, authority, force, Authorization="Bearer wrong") == 401
        assert post(door, authority, None) == 401


def test_a_token_alone_needs_no_certificate(authority: Authority, tmp_path: Path) -> None:
    with opened(authority, tmp_path) as (door, _):
        assert post(door, authority) == 202
        assert post(door, authority, authority.pair("somebody")) == 202
        answer = door.say(b"GET /health HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        assert b"200" not in answer, "nobody is answered in clear"
