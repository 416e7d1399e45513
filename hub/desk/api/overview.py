"""What waits, what is late and what is ill is answered for a screen as the start page answers it."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api.caller import Caller
from hub.desk.api.partners import Standing
from hub.desk.api.problems import fails
from hub.desk.pages.now import For, chores_for, counted_for, teams_of
from hub.desk.pages.partners import lines
from hub.desk.shown.glance import Line, ill, is_broken, is_late, waits
from hub.desk.shown.states import by_trouble
from hub.desk.shown.told import sentence
from hub.desk.waiting import custody, late_elsewhere, some, waiting
from hub.ledger.read.calls import sheets_for
from hub.ledger.read.day import Day
from hub.ledger.read.incidents import how_many

router = APIRouter(tags=["read"], responses=fails(401, 403, 422, 503))


class Answer(BaseModel):
    """One of the three answers."""

    mood: str = Field(description="calm, soon or late")
    says: str = Field(examples=["3 wait for you: the first is due Mon 23 Nov 2026 17:00"])
    number: int = Field(description="How many; of what is late at most 10,001, which are more")

    @classmethod
    def of(cls, line: Line, number: int) -> "Answer":
        """From the line of the start page."""
        more = f": {sentence(line.more)}" if line.more else ""
        return cls(mood=line.mood.value, says=f"{line.what}{more}", number=number)


class Team(BaseModel):
    """What waits for one team: handovers that nobody holds."""

    title: str
    partner: str
    team: str | None
    waiting: int
    late: int
    oldest_at: AwareDatetime
    due_first_at: AwareDatetime | None

    @classmethod
    def of(cls, one: For) -> "Team":
        """From the line of the start page."""
        found = one.waits
        return cls(
            title=one.title,
            partner=found.partner,
            team=found.team,
            waiting=found.waiting,
            late=found.late,
            oldest_at=found.oldest,
            due_first_at=found.due_first,
        )


class Account(BaseModel):
    """What came in the last 24 hours, and what became of each delivery that was planned of it."""

    messages: int
    planned: int
    delivered: int
    under_way: int
    for_a_person: int
    withheld: int
    let_go: int = Field(description="Withdrawn, expired, or abandoned by a named person")
    unexplained: int = Field(description="Messages without a delivery that do not say why")
    balanced: bool = Field(description="Whether every planned delivery is accounted for")

    @classmethod
    def of(cls, one: Day) -> "Account":
        """From what was counted."""
        return cls(**asdict(one), balanced=one.balanced)


class Overview(BaseModel):
    """The start page, for who asks."""

    waits: Answer = Field(description="What waits for you")
    late: Answer = Field(description="What is late with others, or kept by you")
    broken: Answer | None = Field(
        description="Open incidents, but those of handovers; null where you may not see the road"
    )
    ill: list[Standing] = Field(description="Partners that are ill, most waiting first")
    teams: list[Team] = Field(description="Whom what waits for; none where you see only your own")
    day: Account | None = Field(description="null where you may not see the road")
    counted_at: AwareDatetime | None = Field(description="As of which these two were counted")
    as_of: AwareDatetime


@router.get("/overview")
def overview(visit: Caller) -> Overview:
    """What waits for whom, what is late, what is ill, and whether the day's account balances."""
    road = bool(visit.may(Action.SEE_ROAD))
    counted = counted_for(visit, road)
    stand = by_trouble(lines(visit)[0]) if road else []
    low = ill(stand)
    with visit.desk.ledger.connect() as conn:
        own = custody(visit, conn)
        late = late_elsewhere(visit, conn, own, 1)
        items = waiting(visit, conn, own, 1)
        todo = chores_for(visit, conn)
        broken = how_many(conn, "overdue") if road else 0
        sheets = sheets_for(conn, low[0].partner.partner) if low else 0
    kept = some(visit, own.kept, 1)
    return Overview(
        waits=Answer.of(waits(items, len(todo), visit.now), items.number + len(todo)),
        late=Answer.of(is_late(late, kept), late.number + kept.number),
        broken=Answer.of(is_broken(broken, stand, sheets), broken) if road else None,
        ill=[Standing.of(one) for one in low],
        teams=[Team.of(one) for one in teams_of(visit, counted)],
        day=Account.of(counted.day(visit.authorities)) if counted and road else None,
        counted_at=counted.at if counted else None,
        as_of=visit.now,
    )
