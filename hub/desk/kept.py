"""What was typed when a sign-in had ended comes back to who typed it, and to nobody else.

It goes back to the browser it came from, sealed, within the sign-in form: it stands in no address
and on no disk of ours. The token of every form ends with the mark of who was shown it, so that the desk
knows whose words they are though it has forgotten the sign-in. Nothing is done by this: what was
kept is shown with a button.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.desk.security import LENGTH
from hub.ids import token
from hub.seal import Unsealable, expand, seal, unseal

OURS = frozenset(
    ("token", "version", "journey", "key", "as_of", "say", "which", "form", "do", "end")
    + ("why", "role", "as_new")
)
"""What a form carries, or what one press chooses: nothing that was typed."""
OUR_PREFIXES = ("g.", "k.", "n.")
LASTS = 12 * 3600.0
LARGEST = 160 * 1024
"""Bytes, sealed: it must pass the door again."""
_ABOUT = b"typed without a session"


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was posted: where to, and its fields in their order."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def words(self) -> list[tuple[str, str]]:
        """What somebody typed or chose of it."""
        return [(name, text) for name, text in self.fields if text.strip() and _typed(name)]

    @property
    def correction(self) -> str:
        """Where it is corrected, if it is a message's or a parcel's own content; else nothing."""
        before, found, _ = self.path.partition("/repair")
        return before + found if found else ""


def _typed(name: str) -> bool:
    return name not in OURS and not name.startswith(OUR_PREFIXES)


def mark(key: bytes, person_id: str) -> str:
    """What the forms shown to this person carry; nobody can make another's."""
    return token(key, "typed by", person_id)


def typed(path: str, form: Iterable[tuple[str, object]]) -> Typed:
    """What was posted, without what bound it to the old sign-in."""
    fields = ((name, text) for name, text in form if isinstance(text, str))
    return Typed(path, tuple(one for one in fields if one[0] != "token"))


def keep(key: bytes, found: Typed, by: str, now: float) -> str:
    """Sealed for the browser; nothing where nobody typed anything, or too much to come back."""
    if not found.words or not by:
        return ""
    told = json.dumps([found.path, found.fields, by, now]).encode()
    sealed = seal(expand(key, "kept"), zlib.compress(told), _ABOUT)
    text = base64.urlsafe_b64encode(sealed).decode()
    return text if len(text) <= LARGEST else ""


def kept(key: bytes, text: str, by: str, now: float) -> Typed | None:
    """What this person typed; None where it was another, is too old, or is none of ours."""
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
        told = json.loads(zlib.decompress(unseal(expand(key, "kept"), sealed, _ABOUT)))
    except (Unsealable, binascii.Error, ValueError):
        return None
    path, fields, whose, at = told
    if whose != by or now > at + LASTS:
        return None
    return Typed(path, tuple((name, said) for name, said in fields))


def said_by(form: Mapping[str, object]) -> str:
    """The mark that a posted form carries."""
    found = form.get("token", "")
    return found[LENGTH:] if isinstance(found, str) else ""
