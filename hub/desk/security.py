"""A form counts only from our own page, and a page runs and loads only what the desk itself serves."""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from hub.ids import token

SESSION = "desk_session"
VISITOR = "desk_visitor"
"""Before signing in, a form is bound to this cookie."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


LENGTH = 32
"""Digits of a form's token that bind it to the cookie; whom it was shown to follows them."""


def csrf(key: bytes, cookie: str) -> str:
    """What a form must carry for this cookie."""
    return token(key, "csrf", cookie)


def from_our_page(key: bytes, cookie: str, shown: str, headers: Mapping[str, str]) -> bool:
    """Whether a posted form came from a page that we made for this cookie."""
    if not cookie or not hmac.compare_digest(csrf(key, cookie).encode(), shown[:LENGTH].encode()):
        return False
    return from_here(headers)


def from_here(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of this desk posted it, or says nothing about it."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin in (None, "null") or urlsplit(origin).netloc == headers.get("host")
