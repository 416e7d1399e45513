"""Each partner's state is one sentence, and pausing one loses nothing."""

import asyncio
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from hub.desk.access import Action, Facts
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.states import Standing, partner_line
from hub.ledger.read.partners import standings
from hub.partners import Partner

router = APIRouter(include_in_schema=False)


def known(visit: Visit, partner: Partner) -> Facts:
    """A partner belongs to every authority it serves: one of the reader's own is enough."""
    own = [a for a in partner.authorities if visit.authorities is None or a in visit.authorities]
    return Facts(own[0] if own else partner.authorities[0])


def lines(visit: Visit) -> tuple[list[Standing], datetime]:
    """Every partner that they may see, and as of when its figures are."""
    directory = visit.desk.directory
    counted = visit.desk.counts.latest(visit.now)
    with visit.desk.ledger.connect() as conn:
        names = [partner.partner for partner in directory]
        found = standings(conn, visit.now, names, counted.partners)
    read = [
        partner_line(partner, found[partner.partner], visit.now)
        for partner in directory
        if visit.may(Action.SEE_ROAD, known(visit, partner))
    ]
    return read, counted.at


@router.get("/partners")
def partners(visit: Reader) -> HTMLResponse:
    """All partners, those in trouble first."""
    visit.must(Action.SEE_ROAD)
    order = {"late": 0, "soon": 1, "calm": 2}
    found, counted_at = lines(visit)
    ordered = sorted(found, key=lambda line: order[line.mood.value])
    return visit.page("partners.html", lines=ordered, counted_at=counted_at)


@router.get("/partners/{name}")
def one_partner(visit: Reader, name: str, act: str = "") -> HTMLResponse:
    """One partner: state, what waits by age, configuration with its digest."""
    partner = _partner(visit, name)
    all_lines, counted_at = lines(visit)
    line = next(line for line in all_lines if line.partner.partner == name)
    with visit.desk.ledger.connect() as conn:
        done = done_before(visit, conn, act)
    settings = partner.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return visit.page(
        "partner.html",
        line=line,
        counted_at=counted_at,
        done=done,
        may_pause=visit.may(Action.PAUSE, known(visit, partner)),
        configuration=orjson.dumps(settings, option=orjson.OPT_INDENT_2).decode(),
    )


@router.post("/partners/{name}/{what}", response_model=None)
async def pause(
    visit: Actor,
    name: str,
    what: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Pauses a partner (nothing is sent, nothing is lost), or lets it go on."""
    if what not in ("pause", "resume"):
        raise nothing_here()
    partner = await asyncio.to_thread(_partner, visit, name)
    about = known(visit, partner)
    by = visit.must(Action.PAUSE, about)
    why = needs(reason, f"Why you {what} it")
    act = Act(f"partner.{what}d", name, visit.person, by, None, version, why, {"reason": why})
    return await do(visit, act, f"/partners/{name}")


def _partner(visit: Visit, name: str) -> Partner:
    partner = visit.desk.directory.get(name)
    if partner is None or not visit.may(Action.SEE_ROAD, known(visit, partner)):
        raise nothing_here()
    return partner
