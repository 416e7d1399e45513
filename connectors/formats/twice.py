"""A name that stands twice in one JSON object is found by its path, because a reader keeps only one of the two."""

import json
from collections import Counter
from typing import Any

from connectors.formats.mistakes import path


class _Twice(dict[str, Any]):
    """An object in which `name` stands more than once."""

    name: str


def twice(body: bytes) -> str | None:
    """The path of a name that stands twice in its object; `body` is known to be JSON and not deep."""
    found = False

    def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        found = True
        marked = _Twice(made)
        marked.name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        return marked

    # Numbers stay text: they are not looked at, and a long one would be refused here in other words.
    data = json.loads(body.decode(), object_pairs_hook=whole, parse_int=str, parse_float=str)
    return path(_first(data) or (), data) if found else None


def _first(data: Any) -> tuple[int | str, ...] | None:
    """Where the outermost of them stands; what one holds may be gone, and its own mistakes with it."""
    if isinstance(data, _Twice):
        return (data.name,)
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for step, each in inside:
        if isinstance(each, (dict, list)) and (rest := _first(each)) is not None:
            return (step, *rest)
    return None
