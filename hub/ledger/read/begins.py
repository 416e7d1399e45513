"""How an id begins is a range of whole ids, which every index of ids has in order, whatever its collation.

All are of one shape, digits and a to f with dashes at the same places, and no language orders
those otherwise than byte by byte. So what a page shows of an id finds it, and no index is added.
"""

_SHAPE = "00000000-0000-0000-0000-000000000000"
_DIGITS = frozenset("0123456789abcdef")
LEAST = 4
"""Characters of a beginning: of fewer there would be thousands."""


def ids_from(text: str) -> dict[str, str] | None:
    """The first and the last id that begin so, as `low` and `high`; None for what begins none. Pure."""
    said = text.strip().lower()
    if not LEAST <= len(said) <= len(_SHAPE):
        return None
    fits = (
        one == "-" if place == "-" else one in _DIGITS
        for one, place in zip(said, _SHAPE, strict=False)
    )
    if not all(fits):
        return None
    rest = _SHAPE[len(said) :]
    return {"low": said + rest, "high": said + rest.replace("0", "f")}
