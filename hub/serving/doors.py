"""What listens beyond this machine speaks TLS, or a setting says who does it instead.

See deploy/decisions/doors.md.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import structlog

from connectors.addresses import on_this_machine
from connectors.certificates import Certificate, of_authorities, of_chain
from connectors.renewed import Renewed, TlsWrong
from connectors.tls import ServerTls
from hub import clock
from hub.partners import Partner
from hub.settings import Settings
from hub.wrong import SetUpWrong

Door = Literal["door", "desk"]
DOORS: tuple[Door, ...] = ("door", "desk")

log = structlog.get_logger("hub.serving.doors")


class DoorShut(SetUpWrong):
    """A door that cannot be opened as the settings say; the text says why and what to set."""


def tls_of(settings: Settings, door: Door) -> Renewed | None:
    """The context of a door; none where it listens without TLS. Raises `DoorShut`."""
    cert, key, client_ca = (
        getattr(settings, f"{door}_tls_{each}") for each in ("cert", "key", "client_ca")
    )
    prefix = f"HUB_{door.upper()}"
    if cert is None and key is None and client_ca is None:
        host = getattr(settings, f"{door}_host")
        if not settings.tls_in_front and not on_this_machine(host):
            raise DoorShut(
                f"{prefix}_HOST={host} is reached from elsewhere, and what passes could be read:"
                f" set {prefix}_TLS_CERT and {prefix}_TLS_KEY,"
                " or HUB_TLS_IN_FRONT=true where a proxy in front does TLS"
            )
        return None
    if cert is None or key is None:
        raise DoorShut(f"{prefix}_TLS_CERT and {prefix}_TLS_KEY belong together: set both")
    tls = ServerTls(certificate=cert, key=key, client_ca=client_ca)
    try:
        # Partners without a certificate have a token; people have nothing else to show yet.
        context = tls.context(door, optional=door == "door")
    except TlsWrong as error:
        raise DoorShut(f"{prefix}_TLS_…: {error}") from error
    if context.ours is not None and context.ours.ends <= clock.machine():
        log.error("the certificate has expired: callers will refuse it", kind=door)
    return context


def can_know(settings: Settings, partners: Iterable[Partner]) -> None:
    """Raises `DoorShut` where a partner would show a certificate that the HTTP door never asks for."""
    if settings.door_tls_client_ca is not None:
        return
    for one in partners:
        if one.transport.get("kind") == "http" and one.transport.get("certificate"):
            raise DoorShut(
                f"{one.partner} is known by its client certificate, which the HTTP door does not ask"
                " for: set HUB_DOOR_TLS_CLIENT_CA (and …_CERT, …_KEY), or write `token:` in its file"
            )


def for_kafka(settings: Settings) -> dict[str, Certificate]:
    """The certificate that this role shows to Kafka, and by which authority it knows Kafka."""
    return of_files("kafka", settings.kafka_cert_file, settings.kafka_ca_file)


def of_files(use: str, shown: Path | None, trusted: Path | None) -> dict[str, Certificate]:
    """What stands in files for one use; what is only half written there is in no use yet."""
    found = {}
    for name, path, read in ((use, shown, of_chain), (f"{use} trusted", trusted, of_authorities)):
        if path is not None:
            with suppress(OSError, ValueError):
                found[name] = read(path.read_bytes())
    return found


def of_door(use: str, tls: Renewed | None) -> dict[str, Certificate]:
    """What a door shows, and by which authority it knows who comes."""
    if tls is None:
        return {}
    both = {use: tls.ours, f"{use} trusted": tls.trusted}
    return {name: one for name, one in both.items() if one is not None}


def told(owner: str, certificates: Mapping[str, Certificate]) -> dict[str, str]:
    """Certificates as reports tell of them: `owner|use` to the end of validity. Never a name in one."""
    return {f"{owner}|{use}": one.ends.isoformat() for use, one in certificates.items()}
