"""What proves a PostgreSQL to us, and us to it, is known with its end of validity, before it is refused.

libpq tells nobody which certificate a server showed, so the server is asked once more: a handshake,
after which nothing is said.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy.engine import make_url

from connectors.certificates import Certificate, of_peer
from hub import clock
from hub.running.stopping import unless
from hub.serving import doors
from hub.settings import Settings

USE = "ledger"
EVERY = 60.0
"""Seconds between two looks: an end of validity is days away."""
WITHIN = 5.0
_ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""PostgreSQL's SSLRequest: eight bytes long, code 80877103."""


class LedgerCertificates:
    """What core knows of them; looked at beside its work, because a server may be slow or away."""

    def __init__(self, settings: Settings):
        self._url = settings.ledger_url
        self.known: dict[str, Certificate] = {}

    async def look(self, stop: asyncio.Event) -> None:
        """Looks once a minute, until `stop`; while the server is away, what was seen stands."""
        if not self._url.startswith("postgresql"):
            return
        while not stop.is_set():
            self.known |= await asyncio.to_thread(certificates, self._url)
            await unless(stop, clock.sleep(EVERY))


def certificates(url: str) -> dict[str, Certificate]:
    """By use: ours, the authority by which we know the server, and the server's own, where it is reached."""
    how = _parameters(url)
    if how.get("sslmode") == "disable":
        return {}
    root = how.get("sslrootcert")
    found = doors.of_files(
        USE, _path(how.get("sslcert")), _path(root) if root != "system" else None
    )
    shown = [each for place in _places(how) if (each := _shown(*place)) is not None]
    if shown:
        found[f"{USE} theirs"] = min(shown, key=lambda each: each.ends)
    return found


def _parameters(url: str) -> dict[str, Any]:
    """How libpq would connect: by the address, else by its environment, else by its own defaults."""
    address = make_url(url)
    said = address.set(drivername="postgresql").translate_connect_args(database="dbname")
    said = {name: value for name, value in said.items() if name in ("host", "port")}
    given = Conninfo.parse(make_conninfo("", **said | dict(address.query)).encode())
    every = [*Conninfo.get_defaults(), *given]
    return {one.keyword.decode(): one.val.decode() for one in every if one.val is not None}


def _path(written: str | None) -> Path | None:
    return Path(written) if written else None


def _places(how: dict[str, Any]) -> Iterator[tuple[str, int]]:
    hosts = how.get("host", "").split(",")
    ports = how.get("port", "5432").split(",")
    for number, host in enumerate(hosts):
        # A socket of this machine's file system knows no TLS.
        if host and not host.startswith(("/", "@")):
            yield host, int(ports[number if len(ports) > 1 else 0] or 5432)


def _shown(host: str, port: int) -> Certificate | None:
    """What a server shows; none where it is away or has no TLS.

    It is not judged here: libpq does that before it says anything, and an end in the past is what
    is looked for.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), WITHIN) as line:
            line.sendall(_ASKS_FOR_TLS)
            if line.recv(1) != b"S":
                return None
            with context.wrap_socket(line, server_hostname=host) as secured:
                der = secured.getpeercert(binary_form=True)
        return of_peer(der) if der else None
    except (OSError, ValueError):
        return None
