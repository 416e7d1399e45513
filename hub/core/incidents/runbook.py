"""What is to be done about an incident is said in the words of its runbook page, so that both say the same."""

from pathlib import Path

from hub.settings import Settings

FIRST, AFTER = "**First**", "**It ends.**"
"""Between these two a page says what to do; each page has them (tests/unit/core/test_incident_kinds.py)."""
_LONGEST = 2_000
ASK_THE_DESK = (
    "Open Incidents at the desk: it says what this is about and leads to the page where something"
    " can be done."
)


def page(kind: str) -> str:
    """Where the page of a kind stands in the runbook."""
    return f"incidents/{kind}.md"


def where_it_stands(settings: Settings, kind: str) -> str:
    """Where a person finds the page: at the desk, else on the hub's machine."""
    if settings.desk_url:
        return f"{settings.desk_url.rstrip('/')}/runbook/{kind}"
    return f"{settings.runbook_dir}/{page(kind)}"


def what_to_do(runbook: Path, kind: str) -> str:
    """What the page of a kind says is to be done first; without a page, the way to the desk."""
    try:
        text = (runbook / page(kind)).read_text("utf-8")
    except (OSError, UnicodeError):
        return ASK_THE_DESK
    return said_there(text) or ASK_THE_DESK


def said_there(text: str) -> str:
    """What to do, as a page in Markdown says it; empty where it does not. Pure."""
    words = text.partition(FIRST)[2].partition(AFTER)[0].strip()
    return words if len(words) <= _LONGEST else words[:_LONGEST].rsplit("\n", 1)[0] + "\n…"
