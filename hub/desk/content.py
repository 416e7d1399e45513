"""Content is shown only after Kafka has the act of opening it, and only what the reader's column lets through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.desk.access import TABLE, Action, Grant, Role
from hub.desk.desk import Desk
from hub.desk.whose import column, party
from hub.ledger.content import Erased, open_content, open_rendering, unwrap
from hub.ledger.read.journey import Said, Sent
from hub.ledger.write import rows
from hub.rules.disclose import Verdict, disclose, kept_from, names, own
from hub.rules.release import was_released
from hub.rules.route import never_to
from schemas.envelope import Envelope
from schemas.kinds import places
from schemas.register import UnknownType, UnknownVersion, model_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What one reader gets to see of a message; `left_out` is path, kind and why."""

    body: Mapping[str, Any]
    left_out: tuple[tuple[str, str, str], ...]
    edition: str
    closed: str = ""
    """Why nothing is shown, where nothing is."""
    never: frozenset[str] = frozenset()
    """Places that they would not see whatever stood there, without numbers of items"""


def shown(desk: Desk, conn: Connection, said: Said, sent: list[Sent], by: Grant) -> Shown:
    """A message's content as this grant may read it.

    A recipient gets the rendering made for it, its sender what it said itself; others read by
    their column of the policy in force when it was said, an auditor everything. What a second person
    must review before a column gets it (domain pages 6.4, 6.5), that column opens only as a reviewer.
    """
    try:
        envelope, body = open_content(conn, desk.keys, said.message_id)
        delivery = _own(desk, sent, by)
        if delivery is not None:
            return _as_sent(desk, conn, delivery, body)
    except (Erased, LookupError) as error:
        return Shown({}, (), "", str(error).capitalize())
    sender = party(desk.directory, said.partner)
    if by.role is Role.AUDITOR or (sender is not None and by.agency and by.is_of([sender])):
        return Shown(body, (), said.partner if by.role is not Role.AUDITOR else "auditor")
    return _by_column(desk, said, envelope, body, by)


def _own(desk: Desk, sent: list[Sent], by: Grant) -> Sent | None:
    """Their own copy: one that was released, where another was not."""
    mine = []
    for one in sent:
        there = party(desk.directory, one.partner, one.team)
        if one.transport != "call" and there is not None and by.agency and by.is_of([there]):
            mine.append(one)
    return next((one for one in mine if was_released(one.policy, one.attempt)), (*mine, None)[0])


def _as_sent(desk: Desk, conn: Connection, own: Sent, body: Mapping[str, Any]) -> Shown:
    if not was_released(own.policy, own.attempt):
        so_far = "so far" if own.state == "needs_person" else "to you"
        return Shown({}, (), own.policy or "", f"Not released {so_far}: {own.reason}")
    rendered = rendering(desk, conn, own.delivery_id)
    left = tuple(own.left_out)
    never = frozenset(re.sub(r"\[\d+\]", "[]", path) for path, _, _ in left)
    return Shown(body if rendered is None else rendered, left, own.policy or "", never=never)


def rendering(desk: Desk, conn: Connection, delivery_id: str) -> dict[str, Any] | None:
    """A recipient's own rendering; None where nothing was withheld. Raises `Erased`."""
    sql = (
        "select d.rendered, d.case_ref, f.wrapped from delivery d"
        " join case_file f on f.case_ref = d.case_ref where d.delivery_id = :id"
    )
    found = rows(conn, sql, id=delivery_id)
    if not found or found[0].rendered is None:
        return None
    key = unwrap(desk.keys, found[0].case_ref, found[0].wrapped)
    opened: dict[str, Any] = orjson.loads(open_rendering(key, delivery_id, found[0].rendered))
    return opened


def _by_column(
    desk: Desk, said: Said, envelope: Mapping[str, Any], body: Mapping[str, Any], by: Grant
) -> Shown:
    role = column(desk.directory, by)
    if role is None:
        return Shown({}, (), "", "Your role has no column in the disclosure policy")
    if never_to(said.type, role):
        return Shown({}, (), "", f"Not released to you: {said.type} never goes to family")
    known = Envelope.model_validate(envelope)
    try:
        where = places(model_of(said.type, said.version))
    except (UnknownType, UnknownVersion) as error:
        return Shown({}, (), "", f"Not released: {error}")
    policy = desk.book.policy(known.occurred_at)
    # A reader of the house is not the referrer, whoever this message goes to.
    mine = [one for one in desk.directory if by.agency and one.agency == by.agency]
    called = frozenset(name for one in mine for name in names(one.agency, one.title))
    facts = replace(own(policy, said.type, body), told=False, anonymous=False, names=called)
    told = disclose(policy, where, body, known.labels, role, facts)
    left = tuple((one.path, one.kind.value, one.why) for one in told.withheld)
    if told.verdict is Verdict.DENY:
        return Shown({}, left, told.edition, f"Not released to you: {told.why}")
    if told.verdict is Verdict.REVIEW and by.role not in TABLE[Action.REVIEW]:
        return Shown({}, left, told.edition, f"Not released to you: {told.why}")
    never = kept_from(policy, where, known.labels, role, facts)
    return Shown(told.body, left, told.edition, never=never)
