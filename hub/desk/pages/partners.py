"""Each partner's state is one sentence, and pausing one loses nothing."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from connectors.transports import TRANSPORTS
from hub.desk.access import Action, Facts
from hub.desk.acts import Act
from hub.desk.counted import Counted
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.shown.configured import agreement, in_words
from hub.desk.shown.states import Standing, by_trouble, partner_line
from hub.desk.shown.strips import ages, figures, of_flows
from hub.ledger.read.last_words import LOOKED, last_in, last_out
from hub.ledger.read.partners import standings
from hub.ledger.read.queues import Queue
from hub.ledger.read.roles import roles
from hub.ledger.read.traffic import slots_of
from hub.partners import Partner

router = APIRouter(include_in_schema=False)


def known(visit: Visit, partner: Partner) -> Facts:
    """A partner belongs to every authority it serves: one of the reader's own is enough."""
    own = [a for a in partner.authorities if visit.authorities is None or a in visit.authorities]
    return Facts(own[0] if own else partner.authorities[0])


def lines(visit: Visit) -> tuple[list[Standing], Counted]:
    """Every partner that they may see, and the count that its figures are of."""
    directory = visit.desk.directory
    counted = visit.desk.counts.latest(visit.now)
    with visit.desk.ledger.connect() as conn:
        names = [partner.partner for partner in directory]
        found = standings(conn, visit.now, names, counted.partners)
    read = [
        partner_line(partner, found[partner.partner], visit.now, counted.at)
        for partner in directory
        if visit.may(Action.SEE_ROAD, known(visit, partner))
    ]
    return read, counted


@router.get("/partners")
def partners(visit: Reader) -> HTMLResponse:
    """All partners, those in trouble first."""
    visit.must(Action.SEE_ROAD)
    found, counted = lines(visit)
    return visit.page("partners.html", lines=by_trouble(found), counted_at=counted.at)


@router.get("/partners/{name}")
def one_partner(visit: Reader, name: str, act: str = "") -> HTMLResponse:
    """One partner: state, what came and went, last words, what waits by age, configuration."""
    partner = _partner(visit, name)
    all_lines, counted = lines(visit)
    line = next(line for line in all_lines if line.partner.partner == name)
    traffic = line.read.traffic
    with visit.desk.ledger.connect() as conn:
        done = done_before(visit, conn, act)
        came = last_in(conn, name, traffic.last_in or visit.now)
        went = last_out(conn, name, traffic.last_out or line.read.state.heard_at or visit.now)
        running = roles(conn)
    about = known(visit, partner)
    return visit.page(
        "partner.html",
        line=line,
        counted_at=counted.at,
        done=done,
        came=came,
        went=went,
        flows=of_flows([traffic], counted.at),
        figures=figures(traffic, counted.queues.get(name, Queue()), counted.at),
        looked=LOOKED,
        begins=int(slots_of(counted.at)[0].timestamp()),
        ages=ages(line.read.waiting),
        inbox=partner.transport["kind"] == "inbox",
        sent=TRANSPORTS[str(partner.transport["kind"])].mode == "sent",
        may_pause=visit.may(Action.PAUSE, about),
        may_test=visit.may(Action.TEST, about),
        told=in_words(partner),
        agrees=agreement(partner, running, visit.now),
    )


ACTS = {
    "pause": ("partner.paused", Action.PAUSE, "Why you pause it"),
    "resume": ("partner.resumed", Action.PAUSE, "Why you resume it"),
    "test": ("partner.tested", Action.TEST, ""),
}


@router.post("/partners/{name}/{what}", response_model=None)
async def change(
    visit: Actor,
    name: str,
    what: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Pauses a partner (nothing is sent, nothing is lost), lets it go on, or has it tested."""
    if what not in ACTS:
        raise nothing_here()
    type, action, missing = ACTS[what]
    partner = await asyncio.to_thread(_partner, visit, name)
    by = visit.must(action, known(visit, partner))
    why = needs(reason, missing) if missing else ""
    body = {"reason": why} if why else {}
    act = Act(type, name, visit.person, by, None, version, why, body)
    return await do(visit, act, f"/partners/{name}")


def _partner(visit: Visit, name: str) -> Partner:
    partner = visit.desk.directory.get(name)
    if partner is None or not visit.may(Action.SEE_ROAD, known(visit, partner)):
        raise nothing_here()
    return partner
