"""A side that refuses our certificate has taken nothing, and says so after our first bytes."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.base import Outgoing, TryAgain
from connectors.transports import make_transport
from tests.contract.transports.certificates import Authority, Pair

ONE = Outgoing("ref", b"MSH|one", "application/hl7-v2")


@contextmanager
def strict(context: ssl.SSLContext) -> Iterator[int]:
    """A server that tells why it refuses a certificate, as servers but asyncio's do; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    wire, _ = listener.accept()
                except OSError:
                    return
                # Whoever hangs up with bytes unread takes back what it told.
                with wire.dup() as unread, contextlib.suppress(OSError):
                    # Both share one state in the kernel.
                    wire.settimeout(2)
                    unread.settimeout(2)
                    with contextlib.suppress(ssl.SSLError):
                        context.wrap_socket(wire, server_side=True).close()
                    while unread.recv(65536):
                        pass

        serving = threading.Thread(target=answer, daemon=True)
        serving.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        serving.join(10)


@pytest.mark.parametrize("shown", ["none", "expired", "of a stranger"])
@pytest.mark.parametrize("kind", ["mllp", "http"])
async def test_it_is_certain_that_nothing_was_taken(tmp_path: Path, kind: str, shown: str) -> None:
    authority = Authority(tmp_path)
    ours: Pair | None = {
        "none": None,
        "expired": authority.pair("hub", days=-1),
        "of a stranger": Authority(tmp_path).pair("stranger"),
    }[shown]
    tls = {"ca": str(authority.file)} | (ours.settings if ours else {})
    with strict(authority.pair("partner").server(authority.file)) as port:
        where = {
            "mllp": {"send": {"host": "127.0.0.1", "port": port, "tls": tls}},
            "http": {
                "push": {"url": f"https://127.0.0.1:{port}/", "allow_private": True, "tls": tls}
            },
        }[kind]
        transport = make_transport("p", {"kind": kind, **where})
        with pytest.raises(TryAgain, match="does not accept our certificate") as caught:
            await transport.push(ONE)
        await transport.close()
    assert caught.value.connection
