"""What waits, what is late and what is ill is answered for a screen as the start page answers it."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api.caller import Caller
from hub.desk.api.partners import Standing
from hub.desk.api.problems import fails
from hub.desk.pages.now import chores_for
from hub.desk.pages.partners import lines
from hub.desk.shown.glance import Line, ill, is_broken, is_late, waits
from hub.desk.shown.states import by_trouble
from hub.desk.shown.told import sentence
from hub.desk.waiting import custody, late_elsewhere, some, waiting
from hub.ledger.read.calls import sheets_for
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


class Overview(BaseModel):
    """The three lines of the start page, for who asks."""

    waits: Answer = Field(description="What waits for you")
    late: Answer = Field(description="What is late with others, or kept by you")
    broken: Answer | None = Field(
        description="Open incidents, but those of handovers; null where you may not see the road"
    )
    ill: list[Standing] = Field(description="Partners that are ill, most waiting first")
    as_of: AwareDatetime


@router.get("/overview")
def overview(visit: Caller) -> Overview:
    """What waits, what is late, what is ill: the first three seconds of the start page."""
    road = bool(visit.may(Action.SEE_ROAD))
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
        as_of=visit.now,
    )
