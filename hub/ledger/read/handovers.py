"""Whoever must still accept, answer or finish something is found with its deadline, oldest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.journeys.handover import HANDOVER, HELD
from hub.ledger.read.fetch import fetch, within
from hub.ledger.session import among, values
from hub.ledger.write import rows

RECEIVER_MUST = (
    "sent",
    "delivered",
    "opened",
    "answered",
    "overdue",
    "escalated",
    "undeliverable",
    "manual_phone",
    "reassigned",
    "lapsed",
    "queried",
)
"""States in which the receiver may accept; a query does not pause the clock."""
SENDER_MUST = ("queried", "refused", "rerouted")
ENDED = HANDOVER.final
OPEN = sorted(HANDOVER.states - ENDED)
MOST_ENDED = 200


@dataclass(frozen=True, slots=True)
class Handover:
    """One message that a named person must accept, and where that stands."""

    journey_id: str
    machine: str
    message_id: str
    case_ref: str
    authority: str
    state: str
    custodian: str | None
    sender: str
    receiver: str | None
    team: str | None
    holder: str | None
    holder_role: str | None
    due_at: datetime | None
    opened_at: datetime
    changed_at: datetime
    version: int
    type: str
    reference: str
    priority: str
    occurred_at: datetime
    conflict_of: str | None
    test: bool
    called: str | None
    """The partner at whom its holder accepted it by telephone, if they did."""

    @property
    def held(self) -> bool:
        """A named person has it."""
        return self.state in HELD

    @property
    def alone(self) -> bool:
        """One custody for all receivers, not one for each."""
        return self.journey_id == f"{self.machine}:{self.message_id}"

    @property
    def passed_on(self) -> bool:
        """A named person has it until somebody else, to whom it was passed on, accepts it."""
        return self.holder is not None and not self.held and not self.ended

    @property
    def out(self) -> bool:
        """Passed on, and nobody there has said no so far."""
        return self.passed_on and self.state != "refused"

    @property
    def ended(self) -> bool:
        """Nobody needs to do anything more."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Receiver:
    """A partner that must act on a message, and the team named, where one is.

    `past`: it had to, until it was passed on from there.
    """

    partner: str
    team: str | None
    past: bool = False


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom handovers must concern to be read: too many rather than too few; access decides on each.

    `own` are partners who are meant where no team is named, `agency` all of the same agencies,
    `teams` the teams that may be named (None: any), `name` that of who reads.
    """

    name: str
    own: frozenset[str]
    agency: frozenset[str]
    teams: frozenset[str] | None


PAST = """
exists (select 1 from move v where v.journey_id = 'handover:' || d.message_id
  and v.event in ('reassigned', 'rerouted', 'kept', 'recalled')
  and v.refused is null and v.at > d.created_at)
"""
"""Of a delivery `d`: what it brought has since gone to another receiver, or back.

Where each receiver answers for itself, none ever does.
"""
_TOOK_CALL = f"""
(select d.partner from move v
  left join act a on a.act_id = v.message_id and v.event = 'taken_by_phone'
  left join delivery d on d.delivery_id = a.subject
  where v.journey_id = j.journey_id and v.event in ('accepted', 'taken_by_phone')
  and v.refused is null and v.source not in ({", ".join(f"'{state}'" for state in HELD)})
  order by v.version desc limit 1)
"""
"""Of a journey `j`: the partner who was rung when it was last accepted; none where nobody was.

What the holder says again is no acceptance.
"""
COLUMNS = f"""
select j.journey_id, j.machine, j.subject as message_id, j.case_ref, j.authority, j.state,
  j.custodian, j.sender, j.receiver, j.team, j.holder, j.holder_role, j.due_at, j.opened_at,
  j.changed_at, j.version, m.type, m.reference, m.priority, m.occurred_at,
  case when m.state = 'cleared' then null else m.conflict_of end as conflict_of, m.test,
  case when j.holder is not null then {_TOOK_CALL} end as called
from journey j join message m on m.message_id = j.subject
"""
_UNINDEXED = "coalesce(j.state, '')"
_ORDER = " order by j.due_at is null, j.due_at, j.opened_at"


def open_handovers(
    conn: Connection, authorities: Collection[str] | None = None, whose: Whose | None = None
) -> list[Handover]:
    """Every handover that has not ended, held ones too; what is due first comes first.

    All of them: one that is left out waits for nobody.
    """
    mine, given = within(conn, authorities, "j.authority")
    theirs, named = _concerning(conn, whose)
    sql = (
        f"{COLUMNS} where j.machine = 'handover' and {among(conn, 'j.state')} and {mine}"
        f" and {theirs}{_ORDER}"
    )
    return fetch(conn, Handover, sql, among=values(conn, OPEN), **given, **named)


def _concerning(conn: Connection, whose: Whose | None) -> tuple[str, dict[str, Any]]:
    """A condition on a journey `j`, and its values."""
    if whose is None:
        return "1 = 1", {}
    given: dict[str, Any] = {
        "name": whose.name,
        "own": values(conn, sorted(whose.own)),
        "agency": values(conn, sorted(whose.agency)),
    }
    team = "1 = 1"
    if whose.teams is not None:
        given["teams"] = values(conn, sorted(whose.teams))
        team = among(conn, "{0}.team", "teams")

    def to(row: str, partner: str) -> str:
        named = f"{row}.team is not null and {among(conn, partner, 'agency')}"
        plain = f"{row}.team is null and {among(conn, partner, 'own')}"
        return f"(({plain}) or ({named} and {team.format(row)}))"

    # Not `exists`: PostgreSQL would gather all that their partners ever got, to look each up in that.
    sent = (
        "(select 1 from delivery d where d.message_id = j.subject"
        f" and d.purpose = 'action' and {to('d', 'd.partner')} limit 1) = 1"
    )
    by = among(conn, "j.sender", "own")
    return f"(j.holder = :name or {by} or {to('j', 'j.receiver')} or {sent})", given


def ended_since(
    conn: Connection,
    since: datetime,
    authorities: Collection[str] | None = None,
    whose: Whose | None = None,
    most: int = MOST_ENDED,
) -> list[Handover]:
    """Handovers that ended lately, newest first."""
    mine, given = within(conn, authorities, "j.authority")
    theirs, named = _concerning(conn, whose)
    # Machine and state are said so that no index serves them: PostgreSQL would go through all that
    # ever ended as well, to see which of it was lately.
    sql = (
        f"{COLUMNS} where j.changed_at >= :since and coalesce(j.machine, '') = 'handover'"
        f" and {among(conn, _UNINDEXED)} and {mine} and {theirs}"
        " order by j.changed_at desc limit :most"
    )
    ended = values(conn, sorted(ENDED))
    return fetch(conn, Handover, sql, among=ended, since=since, most=most, **given, **named)


def handovers_of(conn: Connection, message_id: str) -> list[Handover]:
    """Every journey that began with this message."""
    return fetch(
        conn, Handover, f"{COLUMNS} where j.subject = :id order by j.opened_at", id=message_id
    )


def taken_at(conn: Connection, journey_id: str) -> str | None:
    """The partner at whom it was accepted by telephone, where whoever holds it did so."""
    sql = f"select {_TOOK_CALL} as called from journey j where j.journey_id = :id"
    found = rows(conn, sql, id=journey_id)
    return found[0].called if found else None


def receivers(conn: Connection, message_ids: Collection[str]) -> dict[str, list[Receiver]]:
    """Partners (and the teams named) that each message was planned for, for action, in order."""
    found: dict[str, list[Receiver]] = {message_id: [] for message_id in message_ids}
    sql = (
        f"select d.message_id, d.partner, d.team, case when {PAST} then 1 else 0 end as past"
        f" from delivery d where {among(conn, 'd.message_id')}"
        " and d.purpose = 'action' and d.transport <> 'call' order by d.created_at"
    )
    for row in rows(conn, sql, among=values(conn, found)):
        found[row.message_id].append(Receiver(row.partner, row.team, bool(row.past)))
    return found
