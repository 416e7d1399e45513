"""Whatever somebody has in hand leads to what it stands for, in one box, and to nothing they may not see.

Nothing that is written there stands in an address but words of the desk: addresses are kept by
browsers and by what lies between. A child's number is asked for on a form of its own; core looks it
up by its keyed token and notes who asked, before anything is shown.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.broker import Unable
from hub.clock import london
from hub.desk import acts
from hub.desk.access import Action, Facts, Grant
from hub.desk.acts import Act
from hub.desk.doing import KAFKA_AWAY, LOOK_FIRST, needs
from hub.desk.frame import Actor, Reader, Stop, Visit, nothing_here, see_other
from hub.desk.search.asked import Asked
from hub.desk.search.beside import Beside, beside
from hub.desk.search.filters import Filters
from hub.desk.search.found import Looked, look, mark_of, text_of, understood
from hub.desk.search.sealed import opened, sealed
from hub.desk.sight import part_of_case
from hub.ids import fresh
from hub.ledger.read.acts import Answered, answer
from hub.ledger.read.find import case_of
from schemas.values import NhsNumber

router = APIRouter(include_in_schema=False)


@router.post("/find", response_model=None)
def ask(
    visit: Actor,
    q: Annotated[str, Form(max_length=1000)] = "",
    since: Annotated[str, Form(max_length=20)] = "",
    until: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """What was written in the box; what comes of it has an address that does not say it again.

    `since` and `until` are the times of the form below it, and stand for the words that say the same.
    """
    chosen = (f"{word} {said}" for word, said in (("since", since), ("until", until)) if said)
    q = " ".join((q, *chosen))
    asked = understood(visit, q)
    if asked.child:
        # Shown at once: whatever led on from here would have to carry the number.
        return _results(visit, asked, asked.filters.words, "")
    return see_other(link(visit, asked.filters, words=q))


@router.get("/find", response_model=None)
def search(visit: Reader, q: str = "", s: str = "", after: str = "") -> Response:
    """One box for references, partners, teams, types, states and times; `s` is what was asked, sealed."""
    words = opened(visit.desk.keys, visit.person, s) if s else q
    asked = understood(visit, words)
    if not s and (asked.child or asked.filters.references):
        raise Stop(
            400,
            "References and numbers are not looked for in an address",
            "Write it in the box at the top: an address is kept by browsers and in logs.",
        )
    return _results(visit, asked, words, after)


def _results(visit: Visit, asked: Asked, words: str, after: str) -> Response:
    filters, start = asked.filters, mark_of(after)
    found, others = Looked([]), list[Beside]()
    if filters:
        with visit.desk.ledger.connect() as conn:
            found = look(visit, conn, filters, start)
            case = _case(conn, filters, found) if found.hits else None
            others = beside(visit, conn, filters.references) if not start else others
        alone = _one(filters) and not asked.child and not (start or found.after)
        links = [f"/message/{hit.said.message_id}" for hit in found.hits]
        if case and alone:
            links = [f"/case/{case}"]
        # Of an incident all is said in its row; the list that it stands in has pages.
        links += [one.link if one.kind == "parcel" else "" for one in others]
        if alone and len(links) == 1 and links[0]:
            return see_other(links[0])
    return visit.page(
        "find.html",
        200 if found.hits or others or not filters or start else 404,
        found=found,
        others=others,
        filters=[(kind, said, link(visit, left)) for kind, said, left in filters.each()],
        q=words,
        unknown=asked.unknown,
        child=asked.child,
        timed=asked.timed,
        untimed=asked.untimed.words,
        since=_chosen(filters.begins),
        until=_chosen(filters.ends and filters.ends - timedelta(minutes=1)),
        more=link(visit, filters, text_of(found.after)) if found.after else "",
        may_ask=visit.may(Action.FIND_CHILD),
        asked=filters,
    )


def _chosen(moment: datetime | None) -> str:
    """An end of the time that is asked for, as a browser's field for it has it."""
    return f"{london(moment):%Y-%m-%dT%H:%M}" if moment else ""


def link(visit: Visit, filters: Filters, after: str = "", words: str = "") -> str:
    """The address of a search; what may be anything is sealed in it, for this person alone."""
    more = {"after": after} if after else {}
    said = words or filters.words
    if filters.references:
        return f"/find?{urlencode({'s': sealed(visit.desk.keys, visit.person, said)} | more)}"
    return f"/find?{urlencode({'q': filters.words} | more)}"


def _one(filters: Filters) -> str | None:
    """The reference, where nothing else was asked for."""
    alone = list(filters.references) if len(list(filters.each())) == 1 else []
    return alone[0] if alone else None


def _case(conn: Connection, filters: Filters, found: Looked) -> str | None:
    """The case that was asked for, where all that was found is of it."""
    one = _one(filters)
    case = case_of(conn, one) if one else None
    return case if case and all(hit.said.case_ref == case for hit in found.hits) else None


@router.post("/find/child", response_model=None)
async def child(
    visit: Actor,
    number: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """The cases under a child's NHS number; who asked, and why, is noted whatever comes of it."""
    act_id, cases = await seek(visit, number, needs(reason, "Why you look for this child"))
    if len(cases) == 1:
        return see_other(f"/case/{cases[0]}")
    return see_other(f"/find/child/{act_id}")


@router.get("/find/child/{act_id}")
def cases(visit: Reader, act_id: str) -> HTMLResponse:
    """What was found, again: by the act of looking for it, for who did, without the number."""
    visit.must(Action.FIND_CHILD)
    with visit.desk.ledger.connect() as conn:
        found = answer(conn, act_id)
    own = found is not None and found.person_id == visit.person.person_id
    if found is None or not own or found.type != "child.sought":
        raise nothing_here()
    known = cases_of(visit, found)
    return visit.page("child.html", 200 if known else 404, cases=known)


async def seek(visit: Visit, number: str, why: str) -> tuple[str, list[str]]:
    """The act of looking, and the cases under a number of which they may see something."""
    reach = _reach(visit)
    answered = await _sought(visit, reach, whole_number(number), why)
    return answered.act_id, await asyncio.to_thread(cases_of, visit, answered)


def whole_number(text: str) -> str:
    """An NHS number as it is stored; refuses what is none, without saying it again."""
    try:
        return NhsNumber.model_validate({"number": text}).number
    except ValueError:
        raise Stop(
            400,
            "That is not an NHS number",
            "It has ten digits, of which the last checks the others. Look for a slip of the pen.",
        ) from None


def _reach(visit: Visit) -> dict[str, Grant]:
    """The authorities in which they may look for a child, with the grant; refuses where none."""
    own = visit.must(Action.FIND_CHILD)
    codes = {code for partner in visit.desk.directory for code in partner.authorities}
    found = {code: own for code in sorted(codes) if visit.may(Action.FIND_CHILD, Facts(code))}
    return found or {own.authority: own}


async def _sought(visit: Visit, reach: dict[str, Grant], number: str, why: str) -> Answered:
    body = {"number": number, "authorities": list(reach), "reason": why}
    by = next(iter(reach.values()))
    act = Act("child.sought", fresh(), visit.person, by, None, 0, why, body)
    desk = visit.desk
    try:
        found = await acts.perform(desk.road, desk.ledger, desk.keys, act)
    except Unable:
        raise Stop(503, KAFKA_AWAY, LOOK_FIRST) from None
    if found is None:
        raise Stop(503, "The ledger has not answered so far, so nothing is shown", "Ask again.")
    return found


def cases_of(visit: Visit, answered: Answered) -> list[str]:
    """Of the cases that core found, those of which they may see something."""
    if not answered.done:
        raise Stop(403, f"The ledger refused: {answered.answer}")
    with visit.desk.ledger.connect() as conn:
        return [one for one in answered.answer.split() if _visible(visit, conn, one)]


def _visible(visit: Visit, conn: Connection, case_ref: str) -> bool:
    try:
        return bool(part_of_case(visit, conn, case_ref).way.messages)
    except Stop:
        return False
