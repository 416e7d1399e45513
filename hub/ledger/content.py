"""Content is opened only with the key of its case, and a case whose key is gone has no content."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.ledger.write import rows
from hub.seal import Keyring, seal, unseal


class Erased(Exception):
    """The key of the case is gone: what was written under it can no longer be read by anyone."""


def wrap(keys: Keyring, case_ref: str, key: bytes) -> bytes:
    """A case's key, sealed for the ledger under the wrapper that core and desk hold."""
    return seal(keys.key("case"), key, f"case|{case_ref}".encode())


def unwrap(keys: Keyring, case_ref: str, wrapped: bytes | None) -> bytes:
    """The case's key; raises `Erased`."""
    if wrapped is None:
        raise Erased(f"the content of case {case_ref} was erased")
    return unseal(keys.key("case"), wrapped, f"case|{case_ref}".encode())


def seal_content(key: bytes, message_id: str, envelope: Mapping[str, Any], body: bytes) -> bytes:
    """Envelope and body as the ledger keeps them."""
    head = orjson.dumps(envelope)
    whole = len(head).to_bytes(4, "big") + head + body
    return seal(key, whole, f"content|{message_id}".encode())


def open_sealed(
    key: bytes, message_id: str, sealed: bytes
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `seal_content` sealed: envelope and body."""
    whole = unseal(key, sealed, f"content|{message_id}".encode())
    end = 4 + int.from_bytes(whole[:4], "big")
    return orjson.loads(whole[4:end]), orjson.loads(whole[end:])


def open_content(
    conn: Connection, keys: Keyring, message_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Envelope and body of a message; raises `Erased`, or LookupError where there is none."""
    found = rows(
        conn,
        "select c.sealed, f.case_ref, f.wrapped from content c"
        " join case_file f on f.case_ref = c.case_ref where c.message_id = :id",
        id=message_id,
    )
    if not found:
        raise LookupError(f"no content is kept for message {message_id}")
    row = found[0]
    return open_sealed(unwrap(keys, row.case_ref, row.wrapped), message_id, row.sealed)


def seal_rendering(key: bytes, delivery_id: str, body: bytes) -> bytes:
    """A recipient's own rendering, where fields were withheld from it."""
    return seal(key, body, f"rendered|{delivery_id}".encode())


def open_rendering(key: bytes, delivery_id: str, sealed: bytes) -> bytes:
    """What `seal_rendering` sealed."""
    return unseal(key, sealed, f"rendered|{delivery_id}".encode())


def seal_words(key: bytes, about: str, words: str) -> str:
    """What somebody said when they acted: it may name whom it is about, so it is content."""
    return b64encode(seal(key, words.encode(), f"words|{about}".encode())).decode()


def open_words(key: bytes, about: str, sealed: str) -> str:
    """What `seal_words` sealed."""
    return unseal(key, b64decode(sealed), f"words|{about}".encode()).decode()


def seal_parcel(keys: Keyring, parcel_id: str, body: bytes) -> bytes:
    """An unread parcel: whose child it is about is not known, so it is under the site's key."""
    return seal(keys.key("case"), body, f"parcel|{parcel_id}".encode())


def open_parcel(keys: Keyring, parcel_id: str, sealed: bytes) -> bytes:
    """What `seal_parcel` sealed."""
    return unseal(keys.key("case"), sealed, f"parcel|{parcel_id}".encode())


def addressed(
    envelope: dict[str, Any], case_ref: str, policy: str | None, due_at: datetime | None
) -> dict[str, Any]:
    """An envelope as one recipient gets it: one it was sent on to has a deadline of its own."""
    told = envelope | {"case_ref": case_ref, "policy_version": policy}
    if due_at is not None and (deadline := told.get("deadline")) is not None:
        told["deadline"] = deadline | {"due_at": due_at.isoformat()}
    return told
