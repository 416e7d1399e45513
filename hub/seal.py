"""What stands in Kafka or the ledger is sealed, under keys that part who may read what.

Separate keys: watch (one per partner), order, road (one per topic and month), case (core and desk
only: wraps the key of each case), identity (core only: case look-up tokens), session (desk only).
An edge beside a partner's network is given the watch keys of its own partners, the order key and
the roads of the topics it uses, and so can read neither the ledger nor another partner's list.
AES-256-GCM (NIST SP 800-38D) with 96-bit random nonces; HKDF-SHA-256 (RFC 5869) to derive.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from hub.key_files import LONG, read_keys, write_key
from hub.wrong import SetUpWrong

ROOTS = ("road", "order", "watch", "case", "identity", "session")
_NONCE = 12


class Unsealable(Exception):
    """The bytes were not sealed under this key, or were changed since."""


class KeyMissing(SetUpWrong):
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
    def load(cls, directory: Path, needs: Sequence[str] = ()) -> "Keyring":
        """Reads every key file; raises `KeyWrong` for one that is no key.

        Raises `KeyMissing` where one that this process `needs` is not there, nor a part of it.
        """
        keys = read_keys(directory)
        given = {name.partition(".")[0] for name in keys}
        if missing := [f"{name}.key" for name in needs if name not in given]:
            raise KeyMissing(
                f"{directory} (HUB_KEYS_DIR, or keys below HUB_DATA) lacks {', '.join(missing)}:"
                " put them back from your copy; a new hub makes them with `hub keys make`"
            )
        return cls(keys)

    @classmethod
    def first_start(cls, directory: Path) -> "Keyring":
        """Makes the roots that are missing, with private permissions, and loads all."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ROOTS:
            if not (path := directory / f"{name}.key").exists():
                write_key(path, secrets.token_bytes(LONG))
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
