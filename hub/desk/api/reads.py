"""Who builds their own screens reads what the pages read, by the same functions, and no more of it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api import audit, content, lists, overview, partners, problems, repairs
from hub.desk.api.acts import acts_router
from hub.desk.api.caller import Caller
from hub.desk.api.lists import After, Limit
from hub.desk.api.problems import fails
from hub.desk.desk import Desk
from hub.desk.doing import Outcome
from hub.desk.frame import Stop, nothing_here
from hub.desk.pages.export import happened, own_way
from hub.desk.pages.inbox import standing
from hub.desk.pages.incidents import incident_of, open_now
from hub.desk.search.asked import Asked
from hub.desk.search.beside import Beside, beside
from hub.desk.search.found import look, mark_of, text_of, understood
from hub.desk.shown.incident_history import history
from hub.desk.shown.told import Happened, Incident, Message, sentence
from hub.desk.sight import part_of_case
from hub.ledger.read.acts import acts_on, answer
from hub.ledger.read.handovers import Handover
from hub.ledger.read.incidents import closed_incidents, told
from hub.ledger.read.journey import Way, message_way
from hub.ledger.read.stands import stands
from hub.ledger.session import at_one_moment
from hub.serving.served import SILENT

ABOUT = """What the desk shows and lets people do, for screens of your own.

Every call is a person's, by a token that an administrator makes on the people page: it sees and
may do what that person may. References, never names; content opens by calls of its own, which say
why and are recorded before they are answered. An act is answered by the ledger: 200 it took effect,
409 it did not and why, 202 nobody knows so far, so count on nothing and ask `/acts/{act_id}`.
"""
router = APIRouter(responses=fails(401, 403, 404, 422, 503))
Name = Annotated[str, Path(max_length=200)]


class Other(BaseModel):
    """What a reference leads to that is no message."""

    kind: str = Field(description="parcel: bytes that nobody could read; incident")
    id: str
    title: str
    at: AwareDatetime
    says: str

    @classmethod
    def of(cls, one: Beside) -> "Other":
        """As a page shows it."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class Found(BaseModel):
    """A page of what a search found, newest first."""

    messages: list[Message]
    others: list[Other] = Field(description="Parcels and incidents, on the first page")
    understood: str = Field(description="What was asked for, as the search box reads it")
    taken_for_references: list[str] = Field(description="Words that are none of the desk's")
    next: str | None = Field(description="Show it as `after` for older ones; null: no more")
    looked_back_to: AwareDatetime | None = Field(
        description="Only what came since was looked at so far, to answer in time: go on by `next`"
    )


class Custody(BaseModel):
    """Who must act on a message, and by when."""

    journey_id: str = Field(description="Show it as `journey` when you act on it")
    machine: str
    message_id: str
    reference: str
    type: str
    state: str
    stands: str = Field(description="In a sentence")
    sender: str
    receiver: str | None
    holder: str | None
    due_at: AwareDatetime | None
    version: int = Field(description="Show it when you act on it")


class Journey(BaseModel):
    """All that happened, oldest first, and who must act now."""

    custody: list[Custody]
    happened: list[Happened]
    next: str | None = Field(
        None, description="Of a case of many messages: show it as `before` for earlier ones"
    )


class Waiting(BaseModel):
    """What waits for your team, what is held there, and what ended since yesterday."""

    waiting: list[Custody]
    held: list[Custody]
    ended: list[Custody]


class Incidents(BaseModel):
    """What is wrong, newest first, and what was in the last day."""

    open: list[Incident]
    number: int = Field(description="Open ones, on this page and behind it")
    next: str | None = Field(description="Show it as `after` for more open ones; null: no more")
    closed: list[Incident]


class Past(BaseModel):
    """One thing that happened to an incident."""

    at: AwareDatetime
    happened: str


class IncidentWhole(Incident):
    """With its history, oldest first: who was told, who had it, how it ended."""

    history: list[Past]


class Search(BaseModel):
    """What is looked for, and how much of it."""

    q: str = Field(
        max_length=1000,
        description="As in the search box: references, partners, teams, types, states, times",
        examples=['"EDT-0417" handover to assessment-east since 20 Nov 2026'],
    )
    after: str = Field("", description="`next` of the page before")
    limit: int = Field(50, ge=1, le=200)


@router.get("/messages", tags=["read"], responses=fails(400))
def messages(
    visit: Caller,
    q: Annotated[
        str,
        Query(
            max_length=1000,
            description="As in the search box: partners, teams, types, states, times; no references",
            examples=["late handover to assessment-east since 20 Nov 2026 20:30"],
        ),
    ],
    after: After = "",
    limit: Limit = 50,
) -> Found:
    """Search by the desk's words."""
    asked = understood(visit, q)
    if asked.filters.references:
        # Addresses are written down on their way; what is none of our words may be a name.
        raise Stop(
            400,
            "A word in q is none of the desk's, and an address is no place for a reference",
            "Look for references with POST /messages/search.",
        )
    return _found(visit, asked, after, limit)


@router.post("/messages/search", tags=["read"], responses=fails(400))
def search(visit: Caller, said: Search) -> Found:
    """Search by references, and by the desk's words."""
    return _found(visit, understood(visit, said.q), said.after, said.limit)


def _found(visit: Caller, asked: Asked, after: str, limit: int) -> Found:
    if not asked.filters:
        raise Stop(
            400,
            "Nothing was asked for",
            "A child's number is looked for with POST /children/search.",
        )
    with visit.desk.ledger.connect() as conn:
        found = look(visit, conn, asked.filters, mark_of(after), limit)
        others = [] if after else beside(visit, conn, asked.filters.references)
    return Found(
        messages=[Message.of(visit.desk, hit) for hit in found.hits],
        others=[Other.of(one) for one in others],
        understood=asked.filters.words,
        taken_for_references=list(asked.unknown),
        next=text_of(found.after) or None,
        looked_back_to=found.back_to,
    )


@router.get("/messages/{message_id}", tags=["read"], responses=fails(404))
def message(visit: Caller, message_id: Name) -> Journey:
    """The journey of one message."""
    return _journey(visit, own_way(visit, message_id, message_way))


@router.get("/cases/{case_ref}", tags=["read"], responses=fails(400, 404))
def case(visit: Caller, case_ref: Name, before: After = "") -> Journey:
    """What was said about one child with one authority: the newest, and all that is open."""
    with at_one_moment(visit.desk.ledger) as conn:
        part = part_of_case(visit, conn, case_ref, mark_of(before))
    way = _journey(visit, part.way)
    return way.model_copy(update={"next": text_of(part.next) or None})


def _journey(visit: Caller, own: Way) -> Journey:
    custody = [_custody(visit.desk, one) for one in own.journeys]
    return Journey(custody=custody, happened=list(happened(visit, own)))


def _custody(desk: Desk, one: Handover) -> Custody:
    return Custody(
        journey_id=one.journey_id,
        machine=one.machine,
        message_id=one.message_id,
        reference=one.reference,
        type=one.type,
        state=one.state,
        stands=sentence(stands(one, desk.title)),
        sender=one.sender,
        receiver=one.receiver,
        holder=one.holder,
        due_at=one.due_at,
        version=one.version,
    )


@router.get("/inbox", tags=["read"])
def inbox(visit: Caller) -> Waiting:
    """What my team must accept, and who holds what."""
    with visit.desk.ledger.connect() as conn:
        found, _ = standing(visit, conn)
    return Waiting(
        **{name: [_custody(visit.desk, mine.one) for mine in kept] for name, kept in found.items()}
    )


@router.get("/incidents", tags=["read"], responses=fails(400))
def incidents(visit: Caller, after: After = "", limit: Limit = 200) -> Incidents:
    """What is wrong now, and what was lately."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        wrong = open_now(conn, after, limit)
        over = closed_incidents(conn, visit.now - timedelta(days=1))
    return Incidents(
        open=[Incident.of(visit.desk, one) for one in wrong.rows],
        number=wrong.number,
        next=wrong.next or None,
        closed=[Incident.of(visit.desk, one) for one in over],
    )


@router.get("/incidents/{incident_id}", tags=["read"], responses=fails(404))
def one_incident(visit: Caller, incident_id: Name) -> IncidentWhole:
    """One incident, open or closed, and what became of it."""
    one = incident_of(visit, incident_id)
    with visit.desk.ledger.connect() as conn:
        past = history(one, told(conn, incident_id), acts_on(conn, incident_id), visit.desk)
    known = Incident.of(visit.desk, one).model_dump()
    return IncidentWhole(**known, history=[Past(at=each.at, happened=each.words) for each in past])


@router.get("/acts/{act_id}", tags=["acts"], responses=fails(404))
def act(visit: Caller, act_id: Name) -> Outcome:
    """What the ledger says of an act of yours; 404: nothing so far, or it never had it."""
    with visit.desk.ledger.connect() as conn:
        found = answer(conn, act_id)
    if found is None or found.person_id != visit.person.person_id:
        raise nothing_here()
    return Outcome(act_id=act_id, outcome="done" if found.done else "refused", answer=found.answer)


def make_api(desk: Desk, largest: int) -> FastAPI:
    """The program that answers programs."""
    api = FastAPI(
        title="Front Door Hub: the desk",
        description=ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        max_body_size=largest,
        telemetry=SILENT,
    )
    api.state.desk = desk
    for part in (
        router,
        overview.router,
        partners.router,
        lists.router,
        content.router,
        repairs.router,
        audit.router,
    ):
        api.include_router(part)
    api.include_router(acts_router())
    problems.install(api)
    return api
