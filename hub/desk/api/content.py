"""Content leaves by the API as it opens on a page: read by somebody with a reason, and recorded before."""

import asyncio
from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from hub.desk.api.caller import Caller
from hub.desk.api.problems import fails
from hub.desk.content import Shown, shown
from hub.desk.doing import needs
from hub.desk.frame import Stop, Visit
from hub.desk.pages import conflicts, journey, mends, parcels
from hub.desk.pages.find import seek
from hub.desk.repair.mending import Row, bytes_of
from hub.desk.shown.compare import Compared
from hub.desk.shown.place import marked
from hub.desk.sight import parcel_of
from hub.ledger.read.journey import Said, Way

Name = Annotated[str, Path(max_length=200)]
router = APIRouter(tags=["content"], responses=fails(400, 401, 403, 404, 409, 422, 503))
STRICT = ConfigDict(extra="forbid", strict=True)


class Why(BaseModel):
    """Why somebody reads it; kept in the audit of the case, before anything is shown."""

    model_config = STRICT
    why: str = Field(min_length=3, max_length=200, examples=["to act on it"])


class Withheld(BaseModel):
    """A field that the reader's role does not see."""

    path: str = Field(examples=["adults[0].warning_markers"])
    kind: str = Field(description="Row of the disclosure policy", examples=["police_intelligence"])
    why: str


class Content(BaseModel):
    """A message's content as its reader may see it."""

    message_id: str
    type: str = Field(examples=["edt.handover"])
    version: int
    body: dict[str, Any] = Field(
        description="By the published schema of its type; what is withheld is absent",
        examples=[{"handover": "EDT-0417", "risk": "high", "concern": "Alone since Friday"}],
    )
    withheld: list[Withheld]
    policy: str = Field(description="Edition of the disclosure policy, or whose copy it is")

    @classmethod
    def of(cls, said: Said, told: Shown) -> "Content":
        """Refused where nothing of it may be shown."""
        if told.closed:
            raise Stop(409, told.closed, "Ask somebody whose role reads it, or its sender.")
        left = [Withheld(path=path, kind=kind, why=why) for path, kind, why in told.left_out]
        return cls(
            message_id=said.message_id,
            type=said.type,
            version=said.version,
            body=dict(told.body),
            withheld=left,
            policy=told.edition,
        )


class Differs(BaseModel):
    """A field that two messages say differently; null where one does not say it."""

    path: str = Field(examples=["visits[0].found"])
    first: Any = None
    second: Any = None


class Differences(BaseModel):
    """What differs, field by field, codes in words."""

    differing: list[Differs]
    same: int = Field(description="Fields that say the same in both")
    withheld: list[str] = Field(default=[], description="Fields withheld, which may differ, too")

    @classmethod
    def of(cls, found: Compared, withheld: list[str] | None = None) -> "Differences":
        """From what was compared."""
        differing = [
            Differs(path=one.path, first=one.first, second=one.second) for one in found.differing
        ]
        return cls(differing=differing, same=found.same, withheld=withheld or [])


class Bytes(BaseModel):
    """What came, whole, and where reading stopped."""

    parcel_id: str
    media_type: str
    base64: str = Field(description="The bytes as they came")
    reason: str | None
    place: str | None = Field(examples=["line 3 column Date"])
    wrong_lines: list[int] = Field(description="Lines at that place, from 1")


class Line(BaseModel):
    """A line before or after: same, out, in, or a gap of so many lines."""

    kind: str = Field(examples=["out"])
    number: int
    text: str


class Lines(BaseModel):
    """What differs, line by line."""

    first: str = Field(description="The parcel as it came")
    second: str = Field(description="The parcel as somebody corrected it")
    lines: list[Line] | None = Field(description="Null: the bytes are gone, their time was over")


class Number(BaseModel):
    """A child's NHS number, and why somebody looks for it."""

    model_config = STRICT
    number: str = Field(max_length=20, examples=["999 123 4567"])
    reason: str = Field(max_length=400, examples=["The ward rang about her"])


class Cases(BaseModel):
    """The cases under a number of which the caller may see something."""

    cases: list[str]


@router.post("/messages/{message_id}/content")
async def content(visit: Caller, message_id: Name, body: Why) -> Content:
    """Open a message's content; what was sent to your own team is thereby received."""
    why = needs(body.why, "Why you open it")
    found = await journey.read_now(visit, message_id, why)
    return await asyncio.to_thread(_content, visit, *found)


def _content(visit: Visit, way: Way, said: Said, by: Any) -> Content:
    sent = [one for one in way.deliveries if one.message_id == said.message_id]
    with visit.desk.ledger.connect() as conn:
        return Content.of(said, shown(visit.desk, conn, said, sent, by))


@router.post("/messages/{message_id}/compare")
async def compare(visit: Caller, message_id: Name) -> Differences:
    """What a second one under a reference, or a corrected one, says differently; opens both."""
    both = await conflicts.opened(visit, message_id)
    found, closed, withheld = await asyncio.to_thread(conflicts.side_by_side, visit, both)
    if closed:
        raise Stop(409, closed, "Ask somebody whose role reads both.")
    return Differences.of(found, withheld)


@router.post("/parcels/{parcel_id}/bytes")
async def parcel_bytes(visit: Caller, parcel_id: Name, body: Why) -> Bytes:
    """Open bytes that nobody could read."""
    why = needs(body.why, "Why you open it")
    one = await asyncio.to_thread(parcel_of, visit, parcel_id)
    await parcels.read_now(visit, one, why)
    found = await asyncio.to_thread(bytes_of, visit, parcel_id)
    if found is None:
        raise Stop(409, "The bytes are gone: their time was over", "Its sender must send it anew.")
    return Bytes(
        parcel_id=parcel_id,
        media_type=one.media_type,
        base64=b64encode(found).decode(),
        reason=one.reason,
        place=one.place,
        wrong_lines=[line.number for line in marked(found, one.place or "") if line.bad],
    )


@router.post("/parcels/{parcel_id}/compare")
async def parcel_compare(visit: Caller, parcel_id: Name) -> Lines:
    """Bytes as they came and as somebody corrected them; opens both."""
    found = await mends.compared(visit, parcel_id)
    rows = found["rows"]
    lines = None if rows is None else [line_of(row) for row in rows]
    return Lines(first=found["first"], second=found["second"], lines=lines)


def line_of(row: Row) -> Line:
    """As it is written here."""
    return Line(kind=row.kind, number=row.number, text=row.text)


@router.post("/children/search")
async def child(visit: Caller, body: Number) -> Cases:
    """The cases of a child's number; who asked, and why, is noted whatever comes of it."""
    _, cases = await seek(visit, body.number, needs(body.reason, "Why you look"))
    return Cases(cases=cases)
