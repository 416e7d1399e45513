"""A certificate is known by its fingerprint and by whom it names, and says until when it may be used."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol, Self, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.extensions import ExtensionNotFound
from pydantic import Field, field_validator, model_validator

from connectors.base import Settings

SEEN_FOR = 3600.0
"""Seconds that the other side's certificate is remembered after a handshake."""
_MOST = 64
"""Certificates of the other side that are remembered."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the hub needs to know of one certificate."""

    fingerprint: str
    """SHA-256 over the certificate (DER), in lower-case hex."""
    subject: str
    """Its subject as RFC 4514 writes it."""
    names: tuple[str, ...]
    """DNS names, URIs and e-mail addresses among its alternative names."""
    ends: datetime
    """The last instant of its validity, UTC; of a chain, the soonest."""


@dataclass(slots=True)
class Seen:
    """The certificates that the other side showed within the last hour."""

    _last: dict[bytes, tuple[Certificate, float]] = field(default_factory=dict)

    def note(self, der: bytes) -> Certificate:
        """One that proved itself just now."""
        key = sha256(der).digest()
        known = self._last[key][0] if key in self._last else of_peer(der)
        if key in self._last or len(self._last) < _MOST:
            self._last[key] = (known, time.monotonic())
        return known

    @property
    def soonest(self) -> Certificate | None:
        """The one that ends first."""
        since = time.monotonic() - SEEN_FOR
        self._last = {key: one for key, one in self._last.items() if one[1] > since}
        return min((one for one, _ in self._last.values()), key=lambda c: c.ends, default=None)


class ClientCertificate(Settings):
    """By which certificate a caller is known: any one that is written here, so that two may overlap."""

    names: tuple[str, ...] = Field(
        (), description="DNS names, URIs or e-mail addresses among its alternative names"
    )
    subjects: tuple[str, ...] = Field(
        (), description="Whole subjects, as `openssl x509 -subject -nameopt RFC2253` prints them"
    )
    fingerprints: tuple[str, ...] = Field(
        (), description="SHA-256, as `openssl x509 -fingerprint -sha256` prints it"
    )

    @field_validator("fingerprints")
    @classmethod
    def _plain(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(each.replace(":", "").lower() for each in written)
        if any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in plain):
            raise ValueError("64 hexadecimal digits: the SHA-256 of the certificate")
        return plain

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not (self.names or self.subjects or self.fingerprints):
            raise ValueError("`names`, `subjects` or `fingerprints` below it")
        return self

    def fits(self, shown: Certificate) -> bool:
        """Whether a certificate, proved already, is this caller's."""
        names = {name.lower() for name in shown.names}
        return (
            shown.fingerprint in self.fingerprints
            or shown.subject in self.subjects
            or any(name.lower() in names for name in self.names)
        )


@runtime_checkable
class Proven(Protocol):
    """A transport that speaks TLS, and so has certificates that come to an end."""

    def certificates(self) -> dict[str, Certificate]:
        """Ours that are in use, whom we trust, and the partner's that were seen; by their use."""
        ...


def of_chain(pem: bytes) -> Certificate:
    """The first certificate of a PEM file, with the soonest end of all; raises ValueError."""
    chain = x509.load_pem_x509_certificates(pem)
    return _known(chain[0], min(each.not_valid_after_utc for each in chain))


def of_authorities(pem: bytes) -> Certificate:
    """Of the authorities in a PEM file the one that ends first; raises ValueError.

    Where an authority stands there twice, as it does while it is renewed, the later end counts.
    """
    latest: dict[x509.Name, x509.Certificate] = {}
    for each in x509.load_pem_x509_certificates(pem):
        known = latest.setdefault(each.subject, each)
        if each.not_valid_after_utc > known.not_valid_after_utc:
            latest[each.subject] = each
    first = min(latest.values(), key=lambda each: each.not_valid_after_utc)
    return _known(first, first.not_valid_after_utc)


def of_peer(der: bytes) -> Certificate:
    """A certificate as the other side showed it; raises ValueError."""
    shown = x509.load_der_x509_certificate(der)
    return _known(shown, shown.not_valid_after_utc)


def _known(certificate: x509.Certificate, ends: datetime) -> Certificate:
    return Certificate(
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.subject.rfc4514_string(),
        _names(certificate),
        ends,
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    kinds = (x509.DNSName, x509.UniformResourceIdentifier, x509.RFC822Name)
    return tuple(name for kind in kinds for name in found.get_values_for_type(kind))
