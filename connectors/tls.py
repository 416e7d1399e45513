"""Every TLS connection is 1.2 or newer and proves who answers, with no way to switch that off."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from connectors.base import Settings
from connectors.certificates import Certificate, of_authorities, of_chain
from connectors.renewed import Loaded, Renewed, TlsWrong


class ServerTls(Settings):
    """TLS where we listen."""

    certificate: Path = Field(description="Our certificate and chain, PEM")
    key: Path = Field(description="Its private key, PEM")
    client_ca: Path | None = Field(
        None, description="Callers must show a certificate from this authority (mutual TLS)"
    )

    def context(self, of: str, *, optional: bool = False) -> Renewed:
        """A context for a listener of this partner or role; raises `TlsWrong`.

        `optional`: whoever shows no certificate is let in too, for others to judge.
        """

        def load() -> Loaded:
            context = Loaded(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.ours = _show(context, self.certificate, self.key)
            if self.client_ca is not None:
                context.trusted = _trust(context, self.client_ca)
                context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
            return context

        return Renewed(load, (self.certificate, self.key, self.client_ca), of)


class ClientTls(Settings):
    """TLS where we call."""

    ca: Path | None = Field(None, description="Authorities trusted, PEM; none: the system's")
    certificate: Path | None = Field(None, description="Our own certificate, for mutual TLS")
    key: Path | None = Field(None, description="Its private key")
    server_name: str | None = Field(
        None, description="Name in the partner's certificate, where it is not the host"
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` belong together")
        return self

    def context(self, of: str) -> Renewed:
        """A context for calls to this partner; raises `TlsWrong`."""

        def load() -> Loaded:
            context = Loaded(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.ca is None:
                context.load_default_certs()
            else:
                context.trusted = _trust(context, self.ca)
            if self.certificate is not None and self.key is not None:
                context.ours = _show(context, self.certificate, self.key)
            return context

        system = ssl.get_default_verify_paths().cafile
        trusted = self.ca or (Path(system) if system else None)
        return Renewed(load, (trusted, self.certificate, self.key), of, self.server_name)


_ALERTS = {
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "TLSV1_ALERT_ACCESS_DENIED",
    "TLSV1_ALERT_UNKNOWN_CA",
}


def turned_away(error: BaseException | None) -> str | None:
    """How the other side refused our certificate, where that is what ended the connection.

    It is told after our first bytes (TLS 1.3), and by a side that has read none of them: the
    handshake comes first (RFC 8446, 4.4.2.4 and 6.2).
    """
    while error is not None:
        if isinstance(error, ssl.SSLError) and error.reason in _ALERTS:
            return f"the other side does not accept our certificate ({_reason(error)})"
        error = error.__cause__ or error.__context__
    return None


TRUST = ClientTls.model_validate({})
"""The system's authorities and no certificate of our own."""


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> Certificate:
    """Loads the pair that we show."""
    try:
        known = of_chain(_read(certificate))
    except ValueError as error:
        raise TlsWrong(f"{certificate} holds no certificate: write it there as PEM") from error
    if b"PRIVATE KEY-----" not in (written := _read(key)):
        raise TlsWrong(f"{key} holds no private key: write it there as PEM")
    if b"ENCRYPTED" in written:
        raise TlsWrong(f"{key} has a passphrase: write the key without one, for the hub alone")
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise TlsWrong(
            f"{key} is not the key of {certificate} ({_reason(error)}):"
            " put both in place as they were issued together"
        ) from error
    return known


def _trust(context: ssl.SSLContext, authorities: Path) -> Certificate:
    """Loads the authorities by which we judge who the other side is."""
    written = _read(authorities)
    try:
        context.load_verify_locations(authorities)
        return of_authorities(written)
    except (OSError, ValueError) as error:
        raise TlsWrong(
            f"{authorities} holds no authority that can be trusted ({_reason(error)}):"
            " write their certificates there as PEM"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TlsWrong(
            f"{path} cannot be read ({why}): put it there, readable by the hub"
        ) from error


def _reason(error: Exception) -> str:
    told = getattr(error, "reason", None) or type(error).__name__
    return str(told).lower().replace("_", " ")
