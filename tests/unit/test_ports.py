"""Where a role listens is told whole, and what it accepts there never waits to send."""

import socket

from hub.running import ports


def test_what_is_accepted_sends_at_once() -> None:
    """An answer in two parts took 40 ms: the second waited for the other side's acknowledgement."""
    with ports.listen("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
