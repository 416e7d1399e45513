"""What somebody looks for stands in an address only sealed, for them alone and for a day.

So a search can be loaded again and gone through page by page, on any desk that has the keys, and
neither a browser's history nor a log on the way holds a reference, a name or a number.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from hub import clock
from hub.desk.access import Person
from hub.desk.frame import Stop
from hub.seal import Keyring, Unsealable, expand, seal, unseal

LASTS = timedelta(days=1)
_STAMP = 8
"""Bytes that hold the second in which it was sealed."""


def sealed(keys: Keyring, person: Person, words: str) -> str:
    """Words as an address may hold them."""
    made = int(clock.now().timestamp()).to_bytes(_STAMP, "big")
    whole = seal(_key(keys), made + words.encode(), person.person_id.encode())
    return urlsafe_b64encode(whole).decode().rstrip("=")


def opened(keys: Keyring, person: Person, text: str) -> str:
    """The words again; raises `Stop` for what somebody else asked, what is too old, and what is none."""
    try:
        whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        said = unseal(_key(keys), whole, person.person_id.encode())
    except (Unsealable, ValueError):
        raise _over("That search is none of yours") from None
    if clock.now().timestamp() - int.from_bytes(said[:_STAMP], "big") > LASTS.total_seconds():
        raise _over("That search is over: it was of another day")
    return said[_STAMP:].decode()


def _key(keys: Keyring) -> bytes:
    return expand(keys.key("session"), "search")


def _over(why: str) -> Stop:
    return Stop(400, why, "Write what you look for in the box once more.")
