"""What an incident means and what to do first stands one press away from it, without a network."""

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from hub.desk.access import Action
from hub.desk.frame import Reader, Stop, Visit
from hub.incident_words import KINDS

router = APIRouter(include_in_schema=False)

_MARKDOWN = MarkdownIt("commonmark", {"html": False})


FIRST, AFTER = "**First**", "**It ends.**"
"""Between these two a page says what to do."""


@router.get("/runbook/{kind}")
def runbook(visit: Reader, kind: str) -> HTMLResponse:
    """The page of one kind of incident, from the site's runbook."""
    visit.must(Action.SEE_ROAD)
    path = _page(visit, kind)
    if path is None:
        raise Stop(
            404,
            "There is no page in the runbook for that",
            "Read what the incident itself says, and ring whoever looks after the hub.",
        )
    text = _drawn(path, path.stat().st_mtime_ns)
    return visit.page("runbook.html", title=kind.replace("_", " ").capitalize(), text=text)


def first(visit: Visit, kind: str) -> str:
    """What a kind's page says is to be done first, as HTML; empty where there is no page."""
    path = _page(visit, kind)
    return _drawn(path, path.stat().st_mtime_ns, only_first=True) if path else ""


def _page(visit: Visit, kind: str) -> Path | None:
    # Only what is a kind is a file's name.
    path = visit.desk.settings.runbook_dir / "incidents" / f"{kind}.md"
    return path if kind in KINDS and path.is_file() else None


@lru_cache(maxsize=128)
def _drawn(path: Path, _changed: int, only_first: bool = False) -> str:
    """As HTML; a page that was edited is drawn anew."""
    text = path.read_text("utf-8")
    if only_first:
        text = text.partition(FIRST)[2].partition(AFTER)[0]
    return str(_MARKDOWN.render(text))
