"""The first page answers three questions in words: what waits for me, what is late, what is broken."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.counted import Counted
from hub.desk.frame import Reader, Visit, nothing_here
from hub.desk.shown import words
from hub.desk.shown.glance import ill, is_broken, is_late, waits
from hub.desk.shown.paged import MOST as MOST_OF_ALL
from hub.desk.shown.states import Standing, by_trouble, partner_line
from hub.desk.shown.strips import of_flows
from hub.desk.sight import served
from hub.desk.waiting import custody, late_elsewhere, some, waiting
from hub.desk.whose import everything_of
from hub.ledger.read.calls import sheets_for
from hub.ledger.read.chores import MOST, chores
from hub.ledger.read.incidents import how_many, open_incidents
from hub.ledger.read.partners import standings
from hub.ledger.read.waits import Waits, all_that_waits

router = APIRouter(include_in_schema=False)
FIRST, SOME = 20, 10
"""Lines of what waits for who reads, and of every other list, on the start page."""

SHOWN = 8
"""Incidents of this page; the rest is on a page of their own."""


@dataclass(frozen=True, slots=True)
class For:
    """What waits for one team, under the name that people call it."""

    title: str
    waits: Waits


@router.get("/")
def now(visit: Reader) -> HTMLResponse:
    """The start page."""
    desk, road = visit.desk, bool(visit.may(Action.SEE_ROAD))
    counted = counted_for(visit, road)
    with desk.ledger.connect() as conn:
        own = custody(visit, conn)
        late = late_elsewhere(visit, conn, own, SOME)
        items = waiting(visit, conn, own, FIRST)
        todo = chores_for(visit, conn)
        wrong = open_incidents(conn, SHOWN, "overdue") if road else []
        broken = how_many(conn, "overdue") if road else 0
        names = [partner.partner for partner in desk.directory]
        stand = standings(conn, visit.now, names, counted.partners) if counted and road else {}
        lines: list[Standing] = by_trouble(
            partner_line(partner, stand[partner.partner], visit.now, counted.at)
            for partner in desk.directory
            if counted and partner.partner in stand
        )
        worst = next(iter(ill(lines)), None)
        sheets = sheets_for(conn, worst.partner.partner) if worst else 0
    holding, kept = (some(visit, each, SOME) for each in (own.holding, own.kept))
    glance = [waits(items, len(todo), visit.now), is_late(late, kept)]
    return visit.page(
        "now.html",
        glance=[*glance, is_broken(broken, lines, sheets)] if road else glance,
        items=items,
        chores=todo,
        holding=holding,
        kept=kept,
        late=late,
        teams=teams_of(visit, counted),
        wrong=wrong,
        broken=broken,
        partners=lines,
        flows=of_flows((line.read.traffic for line in lines), counted.at) if counted else [],
        day=counted.day(visit.authorities) if counted and road else None,
        counted_at=counted.at if counted else None,
        road=road,
    )


@router.get("/all/{what}")
def everything(visit: Reader, what: str, after: str = "") -> HTMLResponse:
    """All of one list of the start page, some at a time."""
    titles = {
        "waiting": "Waiting for you",
        "holding": "You hold",
        "kept": "Yours still: nobody took it in time",
        "late": "Late elsewhere",
    }
    if what not in titles:
        raise nothing_here()
    with visit.desk.ledger.connect() as conn:
        own = custody(visit, conn)
        if what == "late":
            found = late_elsewhere(visit, conn, own, most=MOST_OF_ALL, after=after)
        elif what == "waiting":
            found = waiting(visit, conn, own, MOST_OF_ALL, after)
        else:
            found = some(visit, getattr(own, what), MOST_OF_ALL, after)
    return visit.page("all.html", title=titles[what], what=what, found=found)


def counted_for(visit: Visit, road: bool) -> Counted | None:
    """What was counted, where who reads sees more than their own."""
    more = road or everything_of(visit.person) != []
    return visit.desk.counts.latest(visit.now) if more else None


def teams_of(visit: Visit, counted: Counted | None) -> list[For]:
    """Whom what waits for, where who reads sees more than their own."""
    found = counted.waits_of(everything_of(visit.person)) if counted else ()
    return [For(_team(visit, one), one) for one in all_that_waits(found)]


def _team(visit: Visit, one: Waits) -> str:
    title = visit.desk.title(one.partner or None)
    own = visit.desk.team(one.partner)
    return f"{title}, {one.team}" if one.team and one.team != own else title


def chores_for(visit: Visit, conn: Connection) -> list[tuple[str, str]]:
    """What only somebody with such a role can move on, counted, with where to go."""
    todo = chores(conn, visit.now - timedelta(days=2), visit.authorities, served(visit))
    found = []
    for action, number, one, many, rest, where in (
        (Action.RETRY, todo.stopped, "delivery", "deliveries", " stopped", "/failed"),
        (Action.HANDLE_PARCEL, todo.unread, "parcel", "parcels", " nobody could read", "/failed#unread"),
        (Action.UNSTICK, todo.stuck, "record", "records", " stuck", "/failed#stuck"),
        (Action.MATCH, todo.held, "message", "messages", " early, uncertain or in conflict", "/failed#held"),
    ):  # fmt: skip
        if number and visit.may(action):
            more = "more than " if number > MOST else ""
            found.append((f"{more}{words.count(min(number, MOST), one, many)}{rest}", where))
    return found
