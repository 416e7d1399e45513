"""A referral goes on to *told* only when a notice got through to its referrer, and what keeps one back shows.

`hub.journeys.notice` decides; here each delivery of a notice, and each person who does something
about it, moves that notice, and the notice that gets through moves its referral.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub.core import custody
from hub.core.arrival import Arrival
from hub.core.call_sheets import open_call_sheet, withdraw_call_sheets
from hub.core.work import Work
from hub.journeys.machine import Facts, Moved
from hub.journeys.notice import NOTICES, TOLD, follows
from hub.journeys.steps import Step, told_of
from hub.ledger.write import at, rows
from hub.rules.release import awaits_review
from schemas.delivery import DeliveryReceipt
from schemas.envelope import AckLevel

_MAY_STILL = "('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown', 'withheld')"


def begun(work: Work, arrival: Arrival) -> None:
    """A notice that was just made: by when it is owed, and whether anything keeps it back at once."""
    if arrival.type not in NOTICES:
        return
    row = work.journeys.get(work.conn, _journey(arrival.message_id))
    if row is None:
        return
    if row["due_at"] is None:
        # Owed all the same where nobody is there to whom it could go.
        owed = work.site.book.due(arrival.envelope, arrival.fields, work.now, "always")
        work.journeys.move(row, work.now, due_at=owed.due_at if owed else None)
    planned = work.planned.get(arrival.message_id, ())
    if not planned:
        _takes(work, arrival.message_id, "undeliverable", arrival.message_id)
    elif all(one["state"] == "withheld" or awaits_review(one["policy"]) for one in planned):
        _takes(work, arrival.message_id, "kept_back", arrival.message_id)


def settled(work: Work, row: Mapping[str, Any]) -> None:
    """A delivery stands so from now on; only a notice's says something here."""
    if row["type"] not in NOTICES:
        return
    event = follows(row["state"], AckLevel(row["level_reached"]))
    if event and not came_back(work, row):
        _takes(work, row["message_id"], event, row["delivery_id"])


def came_back(work: Work, row: Mapping[str, Any]) -> bool:
    """Whether a notice is known to have come back before it was heard that it was sent.

    A mail server and the edge each tell core by themselves, in whichever order.
    """
    if row["type"] not in NOTICES:
        return False
    if follows(row["state"], AckLevel(row["level_reached"])) != "went_out":
        return False
    sql = "select at from move where journey_id = :id and event = 'bounced' and refused is null"
    went = at(row["handed_at"])
    found = [at(one.at) for one in rows(work.conn, sql, id=_journey(row["message_id"]))]
    # What came back of an earlier try says nothing of this one.
    return any(went is None or back >= went for back in filter(None, found))


def heard_later(work: Work, arrival: Arrival) -> None:
    """A partner says later what became of a notice that it was sent: read, or come back."""
    if arrival.type != "delivery.receipt" or arrival.answered is None:
        return
    sql = "select * from delivery where message_id = :id and partner = :p and transport <> 'call'"
    found = rows(work.conn, sql, id=arrival.answered, p=arrival.partner)
    partner = work.site.partner(arrival.partner)
    if not found or found[0].type not in NOTICES or partner is None:
        return
    said = DeliveryReceipt.model_validate(arrival.fields)
    if said.failed and _takes(work, arrival.answered, "bounced", arrival.message_id):
        open_call_sheet(work, found[0]._mapping, partner)
    elif said.proves.rank >= AckLevel.RECEIVED.rank:
        _takes(work, arrival.answered, "reached", arrival.message_id)


def done(
    work: Work, row: Mapping[str, Any], event: str, by: str, who: str, facts: Facts = Facts()
) -> None:
    """What a person did about a notice's delivery: kept it back, let it go, rang, gave it up."""
    if row["type"] not in NOTICES:
        return
    sql = (
        "select 1 from delivery where message_id = :id and delivery_id <> :this"
        f" and state in {_MAY_STILL} limit 1"
    )
    if event == "given_up" and rows(work.conn, sql, id=row["message_id"], this=row["delivery_id"]):
        return
    _takes(work, row["message_id"], event, by, who, facts)


def stands(work: Work, message_id: str) -> str:
    """The state of a notice; nothing where it is none."""
    row = work.journeys.get(work.conn, _journey(message_id))
    return str(row["state"]) if row is not None else ""


def in_person(work: Work, message_id: str, by: str, who: str, facts: Facts) -> bool:
    """Whether it counts that somebody told the referrer, where no delivery did."""
    told = _takes(work, message_id, "told", by, who, facts)
    if told:
        sql = "select delivery_id from delivery where message_id = :id and transport <> 'call'"
        found = rows(work.conn, sql, id=message_id)
        withdraw_call_sheets(work, {one.delivery_id: "a person has told them" for one in found})
    return told


def replaced(work: Work, message_id: str, by: str, who: str) -> None:
    """Another notice is made in this one's place, which nobody is owed any more."""
    _takes(work, message_id, "replaced", by, who)


def _takes(
    work: Work, message_id: str, event: str, by: str, who: str | None = None, facts: Facts = Facts()
) -> bool:
    """Whether the notice moved."""
    one = Step("notice", UUID(message_id), event, replace(facts, at=facts.at or work.now))
    row = work.journeys.get(work.conn, custody.journey_id(one))
    # What is told already is told, whatever else becomes of one of its deliveries.
    if row is None or not isinstance(custody.foreseen(work, one), Moved):
        return False
    before = row["state"]
    moved = custody.take(work, one, by, who=who)
    if isinstance(moved, Moved) and moved.state in TOLD and before not in TOLD:
        _referral(work, message_id, row["case_ref"], by)
    return True


def _referral(work: Work, message_id: str, case_ref: str, by: str) -> None:
    """Its referral, which the making of the notice has noted, goes on."""
    # The case has few journeys; of a machine there are all that ever were.
    sql = (
        "select j.journey_id, j.subject, j.machine, v.event, m.causation_id from journey j"
        " join move v on v.journey_id = j.journey_id join message m on m.message_id = v.message_id"
        " where j.case_ref = :case and v.message_id = :id and v.refused is null"
    )
    for row in rows(work.conn, sql, case=case_ref, id=message_id):
        if row.machine != "referral":
            continue
        stands = _decided_last(work, row.journey_id) in (None, row.causation_id)
        step = told_of(UUID(row.subject), row.event, work.now, stands)
        if step is not None:
            custody.take(work, step, by)


def _decided_last(work: Work, journey_id: str) -> str | None:
    """The decision that stands."""
    sql = (
        "select v.message_id from move v join message m on m.message_id = v.message_id"
        " where v.journey_id = :id and v.event = 'decided' and v.refused is null"
        " order by v.version desc, m.recorded_at desc limit 1"
    )
    found = rows(work.conn, sql, id=journey_id)
    return found[0].message_id if found else None


def _journey(message_id: str) -> str:
    return custody.journey_id(Step("notice", UUID(message_id), ""))
