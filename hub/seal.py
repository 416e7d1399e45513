"""What stands in Kafka or the ledger is sealed, under keys that part who may read what.

Separate keys: watch (one per partner), order, road (one per topic and month), case (core and desk
only: wraps the key of each case), identity (core only: case look-up tokens), session (desk only).
An edge beside a partner's network is given the watch keys of its own partners, the order key and
the roads of the topics it uses, and so can read neither the ledger nor another partner's list.
AES-256-GCM (NIST SP 800-38D) with 96-bit random nonces; HKDF-SHA-256 (RFC 5869) to derive.
"""

import os
import secrets
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

ROOTS = ("road", "order", "watch", "case", "identity", "session")
_NONCE = 12


class Unsealable(Exception):
    """The bytes were not sealed under this key, or were changed since."""


class KeyMissing(Exception):
    """This process was not given the key: by design, or by a mistake in its configuration."""


def expand(root: bytes, *labels: str) -> bytes:
    """A 32-byte key derived from a root for one use."""
    return HKDFExpand(SHA256(), 32, "\x1f".join(labels).encode()).derive(root)


@lru_cache(maxsize=65_536)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def seal(key: bytes, content: bytes, about: bytes) -> bytes:
    """Sealed bytes, bound to `about` (which must be the same to open them)."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(key).encrypt(nonce, content, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """The content; raises `Unsealable` for any other key, binding or bytes."""
    try:
        return _cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise Unsealable("not sealed under this key, or changed since") from error


class Keyring:
    """The keys that this process was given, by name; files in one private directory.

    A root `road.key` derives every topic's key; an edge may hold `road.<topic>.key` instead.
    Likewise `watch.key` and `watch.<partner>.key`.
    """

    def __init__(self, keys: dict[str, bytes]):
        self._keys = keys
        self._derived: dict[tuple[str, ...], bytes] = {}

    @classmethod
    def load(cls, directory: Path) -> "Keyring":
        """Reads `*.key` (64 hex digits each); refuses files that others may read.

        Our group may read what root owns: so an orchestrator hands secrets to who is not root.
        """
        keys: dict[str, bytes] = {}
        for path in sorted(directory.glob("*.key")):
            found = path.stat()
            if found.st_mode & (0o037 if found.st_uid == 0 and os.geteuid() else 0o077):
                raise PermissionError(f"{path}: readable by others; run chmod 600 {path}")
            keys[path.stem] = bytes.fromhex(path.read_text().strip())
        return cls(keys)

    @classmethod
    def first_start(cls, directory: Path) -> "Keyring":
        """Makes the roots that are missing, with private permissions, and loads all."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ROOTS:
            path = directory / f"{name}.key"
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        return cls.load(directory)

    def key(self, name: str) -> bytes:
        """A key given to this process as it is."""
        try:
            return self._keys[name]
        except KeyError:
            raise KeyMissing(f"this process was not given the key {name!r}") from None

    def _child(self, family: str, *labels: str) -> bytes:
        at = (family, *labels)
        if at not in self._derived:
            own = self._keys.get(f"{family}.{labels[0]}")
            base = own if own is not None else expand(self.key(family), labels[0])
            for label in labels[1:]:
                base = expand(base, label)
            self._derived[at] = base
        return self._derived[at]

    def road(self, topic: str, moment: datetime) -> tuple[str, bytes]:
        """The name (`2026-11`) and the key of a topic's month."""
        month = moment.isoformat()[:7]
        return month, self._child("road", topic, month)

    def road_of(self, topic: str, month: str) -> bytes:
        """The key of a topic's named month."""
        return self._child("road", topic, month)

    def watch(self, partner: str) -> bytes:
        """The key of one partner's watched list."""
        return self._child("watch", partner)

    def subset(self, partners: list[str], topics: list[str]) -> dict[str, bytes]:
        """What an edge beside these partners may hold, by file name without `.key`."""
        given = {f"road.{topic}": self._child("road", topic) for topic in topics}
        given |= {f"watch.{partner}": self._child("watch", partner) for partner in partners}
        return given | {"order": self.key("order")}
