"""A message's whole way is read in one place: where it came from, to whom it goes, every try, every move."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.ledger.read.acts import Answered
from hub.ledger.read.advice import Noted, advice
from hub.ledger.read.fetch import fetch
from hub.ledger.read.handovers import COLUMNS, OPEN, Handover
from hub.ledger.read.mark import Mark
from hub.ledger.session import among, values
from hub.ledger.write import rows
from schemas.register import HUB


@dataclass(frozen=True, slots=True)
class Said:
    """A message, without its content."""

    message_id: str
    parcel_id: str | None
    type: str
    version: int
    partner: str
    authority: str
    reference: str
    case_ref: str
    completeness: str | None
    """JSON, of contacts and referrals"""
    causation_id: str | None
    answers: str | None
    priority: str
    ack_expected: str
    occurred_at: datetime
    recorded_at: datetime
    due_at: datetime | None
    state: str
    planned: int
    none_reason: str | None
    conflict_of: str | None
    corrects: str | None
    test: bool
    labels: str
    doubts: str
    corrected_by: str | None
    """The message that a person sent in its place."""
    mended: str | None
    """The parcel that nobody could read, until a person corrected it into this one's."""
    unowned: str | None
    """Who was to act on it and does not get it, while that is wrong."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of a message."""

    delivery_id: str
    message_id: str
    authority: str
    type: str
    partner: str
    team: str | None
    purpose: str
    transport: str
    mode: str
    lane: str
    lane_no: int
    priority: str
    state: str
    attempt: int
    tries: int
    next_at: datetime | None
    due_at: datetime | None
    level_needed: str
    level_reached: str
    reason: str
    overtook: str
    policy: str | None
    withheld: str
    reference: str
    beside: str | None
    handed_at: datetime | None
    their_reference: str | None
    who: str | None
    created_at: datetime
    changed_at: datetime
    version: int

    @property
    def went_past(self) -> list[str]:
        """The deliveries that this immediate one overtook, in their lane's order."""
        return list(orjson.loads(self.overtook))

    @property
    def left_out(self) -> list[tuple[str, str, str]]:
        """Path, kind and why of each field this recipient does not get."""
        return [(path, kind, why) for path, kind, why in orjson.loads(self.withheld)]


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, settled."""

    delivery_id: str
    attempt: int
    handed_at: datetime | None
    settled_at: datetime
    outcome: str
    level: str
    code: str
    detail: str
    who: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A move of a journey, or one that was refused."""

    move_id: str
    journey_id: str
    machine: str
    subject: str
    receiver: str | None
    source: str
    event: str
    target: str | None
    refused: str | None
    message_id: str | None
    who: str | None
    note: str | None
    """sealed under the key of the case"""
    at: datetime
    case_ref: str
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Again:
    """The same message, come again: no effect."""

    message_id: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """All that the ledger knows of some messages, apart from their content."""

    messages: tuple[Said, ...]
    deliveries: tuple[Sent, ...]
    tries: tuple[Try, ...]
    journeys: tuple[Handover, ...]
    steps: tuple[Step, ...]
    again: tuple[Again, ...]
    acts: tuple[Answered, ...]
    overtaken: Mapping[str, str]
    """Type and reference of each delivery that an immediate one of these went past"""
    noted: tuple[Noted, ...] = ()
    cut: bool = False
    """Whether older messages are left out."""


_SAID = """
select message_id, parcel_id, type, version, partner, authority, reference, case_ref, completeness,
  causation_id, answers, priority, ack_expected, occurred_at, recorded_at, due_at, state, planned,
  none_reason, conflict_of, corrects, test, labels, doubts,
  (select c.message_id from message c where c.corrects = message.message_id
   and c.corrects is not null limit 1) as corrected_by,
  (select p.corrects from parcel p where p.parcel_id = message.parcel_id) as mended,
  (select i.cause from incident i where i.open_key = 'unowned|' || message.message_id) as unowned
  from message where
"""
_SENT = """
select delivery_id, message_id, authority, type, partner, team, purpose, transport, mode, lane,
  lane_no, priority, state, attempt, tries, next_at, due_at, level_needed, level_reached, reason,
  overtook, policy, withheld, reference, beside, handed_at, their_reference, who, created_at,
  changed_at, version from delivery where
"""
_STEPS = """
select v.move_id, v.journey_id, j.machine, j.subject, j.receiver, v.source, v.event, v.target,
  v.refused, v.message_id, v.who, v.note, v.at,
  j.case_ref, f.wrapped
from move v join journey j on j.journey_id = v.journey_id
  join case_file f on f.case_ref = j.case_ref where
"""


def message_way(conn: Connection, message_id: str) -> Way | None:
    """A message with what others answered; what the hub told of it stands in its case's way.

    None where there is no such message.
    """
    # What stands in its place, or in whose place it stands, is the same matter.
    others = (
        "answers = :id and partner <> :hub or corrects = :id"
        " or message_id = (select corrects from message where message_id = :id)"
    )
    found = fetch(
        conn,
        Said,
        f"{_SAID} message_id = :id or ({others}) order by recorded_at",
        id=message_id,
        hub=HUB,
    )
    if not any(said.message_id == message_id for said in found):
        return None
    return way_of(conn, found)


WHOLE = 5_000
"""Messages of a case that are read at once, where all of it is wanted."""
_IN_CASE = "case_ref in (select case_ref from case_file where case_ref = :ref or survivor = :ref)"


def case_way(conn: Connection, case_ref: str, most: int = WHOLE) -> Way | None:
    """The newest messages of a case and of the cases linked into it, oldest first, and whether these are all.

    None where there is no such case.
    """
    found = case_messages(conn, case_ref, None, most + 1)
    if not found:
        return None
    return replace(way_of(conn, reversed(found[:most])), cut=len(found) > most)


def case_messages(conn: Connection, case_ref: str, before: Mark | None, most: int) -> list[Said]:
    """So many messages of a case and of the cases linked into it, newest first, from behind a mark."""
    since: dict[str, Any] = {}
    sql = f"{_SAID} {_IN_CASE}"
    if before is not None:
        sql += " and (recorded_at, message_id) < (:at, :id)"
        since = {"at": before.at, "id": before.message_id}
    sql += " order by recorded_at desc, message_id desc limit :most"
    return fetch(conn, Said, sql, ref=case_ref, most=most, **since)


def still_open(conn: Connection, case_ref: str, most: int) -> list[Said]:
    """Messages of a case on which somebody must still act, or that did not get there: oldest first."""
    waiting = f"j.machine = 'handover' and {among(conn, 'j.state')}"
    stopped = "d.state in ('needs_person', 'outcome_unknown')"
    sql = (
        f"{_SAID} {_IN_CASE} and (exists (select 1 from journey j"
        f" where j.subject = message.message_id and {waiting})"
        f" or exists (select 1 from delivery d where d.message_id = message.message_id and {stopped}))"
        " order by recorded_at limit :most"
    )
    return fetch(conn, Said, sql, ref=case_ref, most=most, among=values(conn, OPEN))


def outline(conn: Connection, messages: Iterable[Said]) -> Way:
    """Messages with to whom they go and who has them, and nothing of how that came about."""
    said = tuple(messages)
    sent, journeys = _gone(conn, said)
    return Way(said, tuple(sent), (), tuple(journeys), (), (), (), {})


def _gone(conn: Connection, said: Iterable[Said]) -> tuple[list[Sent], list[Handover]]:
    ids = values(conn, [one.message_id for one in said])
    sql = f"{COLUMNS} where {among(conn, 'j.subject')} order by j.opened_at"
    journeys = fetch(conn, Handover, sql, among=ids)
    sent = fetch(conn, Sent, f"{_SENT} {among(conn, 'message_id')} order by created_at", among=ids)
    return sent, journeys


def way_of(conn: Connection, messages: Iterable[Said]) -> Way:
    """All that the ledger knows of these messages."""
    said = tuple(messages)
    ids = values(conn, [one.message_id for one in said])
    sent, journeys = _gone(conn, said)
    deliveries = values(conn, [one.delivery_id for one in sent])
    tries = fetch(
        conn,
        Try,
        "select delivery_id, attempt, handed_at, settled_at, outcome, level, code, detail, who"
        f" from attempt where {among(conn, 'delivery_id')} order by attempt",
        among=deliveries,
    )
    steps = fetch(
        conn,
        Step,
        f"{_STEPS} {among(conn, 'j.subject')} order by v.at, v.version",
        among=ids,
    )
    again = fetch(
        conn,
        Again,
        f"select message_id, seen_at from repeat where {among(conn, 'message_id')}",
        among=ids,
    )
    subjects = [one.message_id for one in said] + [one.delivery_id for one in sent]
    acts = fetch(
        conn,
        Answered,
        "select act_id, type, subject, person_id, who, at, outcome, answer from act"
        f" where {among(conn, 'subject')} order by at",
        among=values(conn, subjects),
    )
    discussed = [one for one in said if one.type.startswith("strategy.")]
    of = [one.case_ref for one in discussed]
    noted = advice(conn, of, [one.message_id for one in discussed]) if discussed else ()
    return Way(
        said,
        tuple(sent),
        tuple(tries),
        tuple(journeys),
        tuple(steps),
        tuple(again),
        tuple(acts),
        _overtaken(conn, sent),
        noted,
    )


def _overtaken(conn: Connection, sent: Iterable[Sent]) -> dict[str, str]:
    passed = sorted({name for one in sent for name in one.went_past})
    if not passed:
        return {}
    sql = (
        "select d.delivery_id, m.type, m.reference from delivery d"
        f" join message m on m.message_id = d.message_id where {among(conn, 'd.delivery_id')}"
    )
    found = rows(conn, sql, among=values(conn, passed))
    return {row.delivery_id: f"{row.type} {row.reference}" for row in found}
