"""What an incident means and what to do first stands one press away from it, without a network."""

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from hub.desk.access import Action
from hub.desk.frame import Reader, Stop
from hub.incident_words import KINDS

router = APIRouter(include_in_schema=False)

_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@router.get("/runbook/{kind}")
def runbook(visit: Reader, kind: str) -> HTMLResponse:
    """The page of one kind of incident, from the site's runbook."""
    visit.must(Action.SEE_ROAD)
    # Only what is a kind is a file's name.
    path = visit.desk.settings.runbook_dir / "incidents" / f"{kind}.md"
    if kind not in KINDS or not path.is_file():
        raise Stop(
            404,
            "There is no page in the runbook for that",
            "Read what the incident itself says, and ring whoever looks after the hub.",
        )
    text = _drawn(path, path.stat().st_mtime_ns)
    return visit.page("runbook.html", title=kind.replace("_", " ").capitalize(), text=text)


@lru_cache(maxsize=64)
def _drawn(path: Path, _changed: int) -> str:
    """As HTML; a page that was edited is drawn anew."""
    return str(_MARKDOWN.render(path.read_text("utf-8")))
