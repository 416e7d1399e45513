"""How each partner stands is read as its page shows it: state, queue, last words, configuration in force."""

from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api.caller import Caller
from hub.desk.api.problems import fails
from hub.desk.frame import nothing_here
from hub.desk.pages.partners import lines
from hub.desk.shown.configured import agreement, in_words
from hub.desk.shown.states import Standing as Line
from hub.desk.shown.strips import Quarter as Figures
from hub.desk.shown.strips import Strip, figures, of_flows
from hub.desk.shown.told import sentence
from hub.ledger.read.partners import Waiting
from hub.ledger.read.queues import Queue
from hub.ledger.read.roles import roles

router = APIRouter(tags=["read"], responses=fails(401, 403, 404, 422, 503))


class Standing(BaseModel):
    """How a partner stands."""

    partner: str
    title: str
    mood: str = Field(description="calm, soon or late")
    stands: str
    version: int = Field(description="Show it when you pause or resume it")

    @classmethod
    def of(cls, line: Line) -> "Standing":
        """From the line that pages show."""
        return cls(
            partner=line.partner.partner,
            title=line.partner.title,
            mood=line.mood.value,
            stands=sentence(line.parts),
            version=line.read.state.version,
        )


class Partners(BaseModel):
    """Every partner that you may see."""

    partners: list[Standing]


class InQueue(BaseModel):
    """What waits for a partner, by age and by state."""

    waiting: int = Field(description="All that it has not got and that goes out by itself")
    under_way: int = Field(description="Of these, handed to its connection now")
    under_5_minutes: int
    under_an_hour: int
    older: int
    oldest_at: AwareDatetime | None
    offered: int = Field(description="In its inbox, or ready to be collected by it")
    oldest_offered_at: AwareDatetime | None
    to_ring: int = Field(description="Call sheets that are open for it")
    needs_person: int

    @classmethod
    def of(cls, one: Waiting) -> "InQueue":
        """From what was counted."""
        return cls(
            waiting=one.waiting,
            under_way=one.under_way,
            under_5_minutes=one.young,
            under_an_hour=one.middle,
            older=one.old,
            oldest_at=one.oldest,
            offered=one.offered,
            oldest_offered_at=one.oldest_offered,
            to_ring=one.to_ring,
            needs_person=one.needs_person,
        )


class Flow(BaseModel):
    """What the last 24 hours brought of one conversation."""

    title: str
    came: int
    went: int

    @classmethod
    def of(cls, one: Strip) -> "Flow":
        """From the strip that pages draw."""
        return cls(title=one.title, came=one.came, went=one.went)


class Quarter(BaseModel):
    """What a quarter of an hour brought; one in which there was nothing is left out."""

    begin: AwareDatetime
    came: int
    went: int
    half_seconds: float | None = Field(
        description="Within which half were delivered after being planned; null: none, or in over a day"
    )
    most_seconds: float | None = Field(description="Within which 95 in 100 were delivered")
    waited: int = Field(description="What it had not got at the end, in its inbox too")
    oldest_waited_seconds: float | None

    @classmethod
    def of(cls, one: Figures) -> "Quarter":
        """From the figures that pages draw."""
        half, most = (x if x is None or isfinite(x) else None for x in (one.half, one.most))
        longest = one.longest.total_seconds() if one.longest is not None else None
        return cls(
            begin=one.begin,
            came=one.came,
            went=one.went,
            half_seconds=half,
            most_seconds=most,
            waited=one.waited,
            oldest_waited_seconds=longest,
        )


class Setting(BaseModel):
    """One setting in force, its default where its file does not say; of a secret where it is kept."""

    about: str
    said: str


class HasRead(BaseModel):
    """Whether a role of the hub has read the same file for this partner as the desk."""

    instance: str
    mood: str = Field(description="calm: the same; soon: cannot be told; late: another")
    says: str


class Configuration(BaseModel):
    """What is in force for a partner."""

    digest: str
    settings: list[Setting]
    roles: list[HasRead]


class Whole(Standing):
    """All that a partner's page shows, but its last words, which a search finds."""

    paused_at: AwareDatetime | None
    paused_by: str | None
    paused_why: str | None
    down_since: AwareDatetime | None
    failures: int = Field(description="Tries in a row that did not reach it")
    heard_at: AwareDatetime | None = Field(description="When it last answered")
    last_answer: str | None = Field(description="What it said then, be it a refusal")
    last_in_at: AwareDatetime | None = Field(description="Its last message of the last 24 hours")
    last_out_at: AwareDatetime | None = Field(description="The last delivery that it took in them")
    came: int = Field(description="Messages from it in the last 24 hours")
    went: int = Field(description="Deliveries that it took in the last 24 hours")
    window: int = Field(description="Deliveries that are on their way to it at most")
    flows: list[Flow]
    quarters: list[Quarter] = Field(description="Of the last 24 hours, the newest first")
    queue: InQueue
    counted_at: AwareDatetime = Field(description="As of which the figures were counted")
    configuration: Configuration


@router.get("/partners")
def partners(visit: Caller) -> Partners:
    """How each partner stands."""
    visit.must(Action.SEE_ROAD)
    return Partners(partners=[Standing.of(line) for line in lines(visit)[0]])


@router.get("/partners/{partner}")
def one_partner(visit: Caller, partner: Annotated[str, Path(max_length=200)]) -> Whole:
    """One partner: state, queue, when it was last heard, and the configuration in force."""
    visit.must(Action.SEE_ROAD)
    found, counted = lines(visit)
    line = next((one for one in found if one.partner.partner == partner), None)
    if line is None:
        raise nothing_here()
    with visit.desk.ledger.connect() as conn:
        running = roles(conn)
    state, traffic = line.read.state, line.read.traffic
    queue = counted.queues.get(partner, Queue())
    return Whole(
        **Standing.of(line).model_dump(),
        paused_at=state.paused_at,
        paused_by=state.paused_by,
        paused_why=state.paused_why,
        down_since=state.down_since,
        failures=state.failures,
        heard_at=state.heard_at,
        last_answer=state.said,
        last_in_at=traffic.last_in,
        last_out_at=traffic.last_out,
        came=line.strip.came,
        went=line.strip.went,
        window=line.partner.window,
        flows=[Flow.of(one) for one in of_flows([traffic], counted.at)],
        quarters=[Quarter.of(one) for one in figures(traffic, queue, counted.at)],
        queue=InQueue.of(line.read.waiting),
        counted_at=counted.at,
        configuration=Configuration(
            digest=line.partner.digest,
            settings=[Setting(about=about, said=said) for about, said in in_words(line.partner)],
            roles=[
                HasRead(instance=one.name, mood=one.mood.value, says=sentence(one.parts))
                for one in agreement(line.partner, running, visit.now)
            ],
        ),
    )
