"""Whoever gets a push can prove that it is ours, unchanged and not an old one sent again (Standard Webhooks 1.0)."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from connectors.base import Refused, TryAgain
from connectors.secrets import SecretRef, every

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret, by the specification."""


def signed(
    secrets: Sequence[SecretRef], reference: str, body: bytes, at: datetime
) -> dict[str, str]:
    """The headers `webhook-id`, `-timestamp` and `-signature`, one signature for each secret.

    `reference` is the same at every attempt, so a receiver knows repeats by it; `at` is the
    attempt's own instant, by the machine's clock: the receiver judges it by its own.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Refused("a signed push carries UTF-8; this format writes something else") from error
    known = every(secrets)
    if not all(map(_is_secret, known)):
        named = ", ".join(map(str, secrets))
        raise TryAgain(
            f"{named}: a signing secret is `{PREFIX}` and {SHORTEST} to {LONGEST} bytes as base64",
            connection=True,
        )
    moment = at.astimezone(UTC)
    return {
        "webhook-id": reference,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(
            Webhook(secret).sign(reference, moment, text) for secret in known
        ),
    }


def _is_secret(text: str) -> bool:
    try:
        held = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return False
    return text.startswith(PREFIX) and SHORTEST <= len(held) <= LONGEST
