"""The door as an edge serves it, on a real socket in a thread of its own, before a road that keeps what it gets."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors.certificates import ClientCertificate
from connectors.formats import make_format
from connectors.renewed import Renewed
from connectors.secrets import SecretRef
from hub.edge import door
from hub.edge.accept import Intake
from hub.edge.app import TYPES
from hub.edge.bound import Bytes, Sends
from hub.edge.report import Tallies
from hub.edge.watched import Watched
from hub.intake.compose import Composer
from hub.partners import Partner, Role
from hub.running import ports
from hub.serving.served import Served, served
from hub.wire import Outbound
from tests.kit.log_lines import Log, logged_as
from tests.kit.waiting import wait_until
from tests.unit.edge.speaks import KEYS

TOKEN = "t0ken-of-the-team"
PATH = "/v1/partners/team-north/messages"
OURS = "application/vnd.front-door-hub+json"


class LiveDoor:
    """Where to knock, and what came through."""

    def __init__(self, port: int, log: Log):
        self.port = port
        self.log = log
        self.doorman: Served
        self.owned: list[Outbound] = []

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        """The road: it keeps everything."""
        self.owned += outbounds

    def connect(self, timeout: float = 10.0) -> socket.socket:
        """A bare connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def say(self, raw: bytes, timeout: float = 10.0) -> bytes:
        """Bytes as they are, and everything that is answered until the connection closes."""
        with self.connect(timeout) as wire:
            try:
                wire.sendall(raw)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it hung up on us, and may have said why
            return heard(wire)

    def in_hand(self) -> int:
        """Requests that are not answered yet."""
        return len(self.doorman.server_state.tasks)

    def alive(self) -> bool:
        """Whether it still answers who speaks properly."""
        answer = self.say(b"GET /health HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        return b"alive" in answer


def heard(wire: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    said = b""
    try:
        while piece := wire.recv(65536):
            said += piece
    except ConnectionError:
        pass
    return said


def request(body: bytes, **headers: str) -> bytes:
    """A whole request of the team, with its token."""
    usual = {
        "Host": "door",
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": OURS,
        "Content-Length": str(len(body)),
        "Connection": "close",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in usual.items())
    return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def status(answer: bytes) -> int:
    """The status of an answer; 0 where there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def team() -> Partner:
    """A team that may say everything a team may."""
    return Partner(
        partner="team-north",
        title="Assessment team north",
        role=Role.ASSESSMENT_TEAM,
        agency="383",
        authorities=("383",),
        transport={"kind": "http"},
        format={"kind": "hub-json"},
        sends=tuple(sorted(TYPES)),
        on_unreadable="keep",
    )


@contextmanager
def live_door(
    folder: Path,
    *,
    keep: bool = False,
    tls: Renewed | None = None,
    certificate: ClientCertificate | None = None,
    token: bool = True,
) -> Iterator[LiveDoor]:
    """A door that is open while the block lasts; `keep`: what cannot be read is kept, not refused.

    The team's token is in the file `token` of the folder.
    """
    secret = folder / "token"
    secret.write_text(TOKEN)
    partner = team().model_copy(update={"on_unreadable": "keep" if keep else "refuse"})
    bound = ports.listen("127.0.0.1", 0)
    with logged_as("edge") as log:
        room = Bytes(64 * 1024 * 1024)
        made = LiveDoor(bound.getsockname()[1], log)
        intake = Intake(Sends(made.publish), room, Watched(KEYS, []), Tallies())
        speaks = make_format(partner.format)
        accept = intake.of(Composer(partner, TYPES, KEYS), speaks)
        reference = SecretRef(file=secret)
        tokens = (reference,) if token else ()
        caller = door.Caller(
            partner.partner, "http", speaks.media_type, tokens, accept, certificate
        )

        async def ready() -> str | None:
            return None

        made.doorman = doorman = served(
            door.make_door({partner.partner: caller}, room, ready), tls=tls
        )
        serving = threading.Thread(target=lambda: asyncio.run(doorman.serve([bound])))
        serving.start()
        try:
            wait_until(lambda: doorman.started)
            yield made
        finally:
            doorman.should_exit = True
            serving.join(20)
            bound.close()
