"""A certificate authority of one test, for names and addresses of this machine."""

import ipaddress
import shutil
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def put(self, at: "Pair") -> None:
        """In the place of another pair, each file in one step, as who rotates certificates does it."""
        for mine, theirs in ((self.certificate, at.certificate), (self.key, at.key)):
            beside = theirs.with_suffix(".new")
            shutil.copyfile(mine, beside)
            beside.replace(theirs)

    def server(self, asks: Path | None = None) -> ssl.SSLContext:
        """A peer's own context for a listener; `asks` for certificates of an authority."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=asks)
        context.load_cert_chain(self.certificate, self.key)
        if asks is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, trusts: Path) -> ssl.SSLContext:
        """A peer's own context for a caller that shows this certificate."""
        context = ssl.create_default_context(cafile=trusts)
        context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def settings(self) -> dict[str, str]:
        """As a partner file names it."""
        return {"certificate": str(self.certificate), "key": str(self.key)}


class Authority:
    """Signs certificates for localhost, and is valid itself for so many days."""

    def __init__(self, folder: Path, days: float = 2, name: str = "Test authority"):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        signed = (
            _builder(self._name, self._name, self._key, days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{id(self)}-ca.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def pair(self, name: str, days: float = 2, dns: str = "localhost", *also: str) -> Pair:
        """A certificate for names (localhost) and 127.0.0.1, valid for so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [
            *map(x509.DNSName, (dns, *also)),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = (
            _builder(_named(name), self._name, key, days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float = 2
) -> x509.CertificateBuilder:
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=100))
        .not_valid_after(today + timedelta(days=days))
    )


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
