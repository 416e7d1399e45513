"""What partners read is what the code checks: JSON Schemas (Draft 2020-12) written from the models.

`python -m schemas.publish` writes them; `x-data-kind` names the disclosure row of each field.
"""

import json
import re
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.envelope import Envelope
from schemas.register import REGISTER, Entry

PUBLISHED = Path(__file__).parent / "published"
_DRAFT = GenerateJsonSchema.schema_dialect


def schema_of(entry: Entry) -> dict[str, Any]:
    """The published schema of one type's body."""
    return {
        "$schema": _DRAFT,
        "$id": f"urn:front-door-hub:schema:{entry.type}:v{entry.version}",
        **_plainly_named(entry.body.model_json_schema(by_alias=True)),
        "title": entry.title,
        "x-message": {
            "type": entry.type,
            "version": entry.version,
            "flow": entry.flow,
            "senders": list(entry.senders),
            "receivers": list(entry.receivers),
            "acknowledgement": entry.ack.value,
        },
    }


def _plainly_named(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with each definition under its title's letters: `ToldLine`, not a Python type."""
    parts = schema.get("$defs", {})
    names = {old: re.sub(r"\W", "", part.get("title", old)) for old, part in parts.items()}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two definitions of {schema['title']} have one title: rename a class")
    text = json.dumps(schema)
    for old, new in names.items():
        text = text.replace(f'"#/$defs/{old}"', f'"#/$defs/{new}"')
    renamed: dict[str, Any] = json.loads(text)
    if names:
        renamed["$defs"] = {names[old]: part for old, part in renamed["$defs"].items()}
    return renamed


def documents() -> dict[str, str]:
    """File name and text of everything published."""
    envelope = {
        "$schema": _DRAFT,
        "$id": "urn:front-door-hub:schema:envelope:v1",
        **Envelope.model_json_schema(by_alias=True),
    }
    schemas = {f"{e.type}.v{e.version}.json": schema_of(e) for e in REGISTER.values()}
    return {
        name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in {"envelope.v1.json": envelope, **schemas}.items()
    }


def main() -> None:
    """Writes `schemas/published/` anew."""
    PUBLISHED.mkdir(exist_ok=True)
    wanted = documents()
    for stale in PUBLISHED.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (PUBLISHED / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
