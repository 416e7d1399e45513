"""Codes in a message's content read as their labels, and names as people say them; nothing is added."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from schemas.register import UnknownType, UnknownVersion, model_of

_NAME = {"given", "middle", "family"}


def labelled(type: str, version: int, body: Mapping[str, Any]) -> Any:
    """The body with labels for codes, as its published schema gives them."""
    try:
        schema = _schema(type, version)
    except (UnknownType, UnknownVersion):
        return body
    return _value(body, [schema], schema.get("$defs", {}))


@cache
def _schema(type: str, version: int) -> dict[str, Any]:
    return model_of(type, version).model_json_schema(by_alias=True)


def _value(said: Any, nodes: list[dict[str, Any]], defs: dict[str, Any]) -> Any:
    known = [found for node in nodes for found in _resolved(node, defs)]
    if isinstance(said, dict):
        return _mapping(said, known, defs)
    if isinstance(said, list):
        inner = [node["items"] for node in known if "items" in node]
        return [_value(one, inner, defs) for one in said]
    if isinstance(said, str):
        for node in known:
            if said in node.get("x-labels", {}):
                return node["x-labels"][said]
    return said


def _mapping(said: dict[str, Any], known: list[dict[str, Any]], defs: dict[str, Any]) -> Any:
    fields = {
        name: _value(
            part, [n["properties"][name] for n in known if name in n.get("properties", {})], defs
        )
        for name, part in said.items()
        if part is not None and part != [] and part != "not_asked"
    }
    if set(fields) == {"value"}:
        return fields["value"]
    if set(fields) == {"code"}:
        return fields["code"]
    if fields and set(fields) <= _NAME:
        return " ".join(
            str(fields[name]) for name in ("given", "middle", "family") if name in fields
        )
    return {name: part for name, part in fields.items() if part != {}}


def _resolved(node: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema node and whatever it may stand for."""
    if "$ref" in node:
        return _resolved(defs.get(node["$ref"].rpartition("/")[2], {}), defs)
    several = [*node.get("anyOf", []), *node.get("oneOf", []), *node.get("allOf", [])]
    return [node, *(found for one in several for found in _resolved(one, defs))]
