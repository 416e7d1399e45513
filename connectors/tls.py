"""Every TLS connection to a partner is 1.2 or newer and proves who answers, with no way to switch that off."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from connectors.base import Settings


class ServerTls(Settings):
    """TLS where we listen."""

    certificate: Path = Field(description="Our certificate and chain, PEM")
    key: Path = Field(description="Its private key, PEM")
    client_ca: Path | None = Field(
        None, description="Callers must show a certificate from this authority (mutual TLS)"
    )

    def context(self) -> ssl.SSLContext:
        """A context for a listener; raises OSError or ssl.SSLError where a file is wrong."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


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

    def context(self) -> ssl.SSLContext:
        """A context for a caller; raises OSError or ssl.SSLError where a file is wrong."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


TRUST = ClientTls.model_validate({})
"""The system's authorities and no certificate of our own."""
