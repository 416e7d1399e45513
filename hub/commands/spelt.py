"""A setting that was misspelt is told with the name that was meant: it would be a default that nobody chose."""

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.88


def misspelt(
    known: Iterable[str], environment: Iterable[str], written: Iterable[str], file: str
) -> list[str]:
    """A sentence for each name that no setting has.

    In the environment only where it is nearly a setting's: a partner's secrets may be called `HUB_...`.
    """
    names = {f"HUB_{name}".upper() for name in known}
    found = []
    for name in environment:
        if name.upper().startswith("HUB_") and name.upper() not in names:
            near = get_close_matches(name.upper(), names, 1, _ALIKE)
            found += [f"{name} is no setting and does nothing: was {one} meant?" for one in near]
    lower = {name.removeprefix("HUB_").lower(): name for name in names}
    for name in written:
        if name not in lower:
            near = get_close_matches(name.lower(), lower, 1, 0.6)
            meant = f": was {near[0]} meant?" if near else ""
            found.append(f"{file}: {name} is no setting and does nothing{meant}")
    return found
