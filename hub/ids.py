"""The same words from the same sender always get the same id, and a keyed token never tells whom it is about.

Message ids are UUIDv5 (RFC 9562, 5.5) of (partner, stream, reference, part, digest), so a resend
carries the id of what it repeats; whatever the hub derives is named the same way.
"""

import hashlib
import hmac
from uuid import UUID

from uuid_utils import NAMESPACE_URL, uuid5, uuid7

LONGEST = 500
"""Characters of a name that a partner gives: more does not fit into an index."""

_HUB = uuid5(NAMESPACE_URL, "urn:front-door-hub")
_SEPARATOR = "\x1f"


def digest(content: bytes) -> str:
    """SHA-256 of what a format calls the content (volatile fields left out), as hex."""
    return hashlib.sha256(content).hexdigest()


def message_id(partner: str, stream: str, reference: str, part: str, content_digest: str) -> UUID:
    """The id of one message of one partner; other content under the same reference is another id."""
    return UUID(derived("message", partner, stream, reference, part, content_digest))


def derived(*parts: str) -> str:
    """The id of something the hub makes itself, from what it was made of, as text."""
    return str(uuid5(_HUB, _SEPARATOR.join(parts)))


def fresh() -> str:
    """A time-ordered id (UUIDv7, as text) for what happens once: a parcel, a sign-in, an act."""
    return str(uuid7())


def token(key: bytes, *parts: str) -> str:
    """A keyed token (HMAC-SHA-256, 128 bits as hex) of what must not be readable."""
    text = _SEPARATOR.join(parts).encode()
    return hmac.digest(key, text, "sha256").hex()[:32]
