"""What is to be done about an incident is said in the words of its runbook page, so that both say the same."""

import re
from pathlib import Path

_HEADING = re.compile(
    r"^#+\s*(?:what to do|do this|what you do)\b.*$", re.IGNORECASE | re.MULTILINE
)
_LONGEST = 2_000
ASK_THE_DESK = (
    "Open Incidents at the desk: it says what this is about and leads to the page where something"
    " can be done."
)


def page(kind: str) -> str:
    """Where the page of a kind stands in the runbook."""
    return f"incidents/{kind}.md"


def what_to_do(runbook: Path, kind: str) -> str:
    """The part of the page that says what to do, else its first words; without a page, the way to the desk."""
    try:
        text = (runbook / page(kind)).read_text("utf-8")
    except (OSError, UnicodeError):
        return ASK_THE_DESK
    return said_there(text) or ASK_THE_DESK


def said_there(text: str) -> str:
    """What to do, as a page in Markdown says it. Pure."""
    found = _HEADING.search(text)
    part = text[found.end() :] if found else re.sub(r"\A\s*#[^\n]*\n", "", text)
    words = re.split(r"^#", part, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if found is None:
        words = words.split("\n\n")[0]
    return words if len(words) <= _LONGEST else words[:_LONGEST].rsplit("\n", 1)[0] + "\n…"
