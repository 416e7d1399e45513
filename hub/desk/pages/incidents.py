"""What is wrong now, and what was wrong lately, each once."""

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from hub.desk.access import Action
from hub.desk.frame import Reader
from hub.ledger.read.incidents import closed_incidents, open_incidents

router = APIRouter(include_in_schema=False)


@router.get("/incidents")
def incidents(visit: Reader) -> HTMLResponse:
    """Open ones, newest first, and the last day's closed ones."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        wrong = open_incidents(conn)
        over = closed_incidents(conn, visit.now - timedelta(days=1))
    return visit.page("incidents.html", wrong=wrong, over=over)
