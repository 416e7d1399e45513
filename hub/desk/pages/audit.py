"""Anyone who may can have every chain checked, link by link, and is told where one does not hold."""

from datetime import date
from itertools import islice

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from hub.desk.access import Action
from hub.desk.frame import Reader, Stop
from hub.ledger.audit import verify
from hub.ledger.read.chain import chain, roots, spoken, total
from hub.ledger.session import at_one_moment

router = APIRouter(include_in_schema=False)
SHOWN = 50


@router.get("/audit")
def audit(visit: Reader, case: str = "", all: bool = False) -> HTMLResponse:
    """The daily roots; one case's chain, or every chain, verified on request."""
    visit.must(Action.VERIFY)
    with at_one_moment(visit.desk.ledger) as conn:
        entries = chain(conn, case) if case else []
        if case and not entries:
            raise Stop(404, "There is no chain under that reference", "Check the case reference.")
        broken = list(islice(verify(conn, [case] if case else None), SHOWN)) if case or all else []
        said = spoken(conn, visit.desk.keys, case, entries)
        days = roots(conn)
        size = total(conn)
    return visit.page(
        "audit.html",
        case=case,
        every=all,
        entries=entries,
        spoken=said,
        broken=broken,
        days=days,
        day_of=_day,
        size=size,
    )


def _day(iso: str) -> str:
    """As the desk says a day."""
    return f"{date.fromisoformat(iso):%a %d %b %Y}"
