"""Every message moves the journeys that it concerns, and who must act is written down at each step.

The tables in `hub.journeys` decide; here the ledger's rows are read, moved and written. An illegal
move changes nothing and is kept with its reason, so that it can be seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub.core.arrival import Arrival
from hub.core.belongs import journey_subject
from hub.core.send_on import Anew, send_on
from hub.core.work import Work
from hub.ids import derived
from hub.journeys import MACHINES
from hub.journeys.handover import DUE_AS_WELL, FALLS_DUE, HELD, UNTAKEN, custodian
from hub.journeys.machine import Facts, Holder, Illegal, Moved, move
from hub.journeys.notice import NOTICES
from hub.journeys.reconvening import RECONVENING
from hub.journeys.steps import EACH_AGENCY, Concerned, Heard, Step, settled, steps
from hub.ledger.content import seal_words
from hub.ledger.read.handovers import PAST
from hub.ledger.tables import Move
from hub.ledger.write import at, rows
from schemas.envelope import AckLevel

_BY_ALL = ("confirmed", "both_accepted")
"""Events that mean something else once every receiver has answered."""
_DECIDES = ("referral.decision", "strategy.record")
_OF_CASE = {"referral": "referral", "referrer": "referral", "strategy": "strategy"}


def step(work: Work, arrival: Arrival) -> None:
    """All journeys that a recorded message moves."""
    heard = Heard(
        UUID(arrival.message_id),
        arrival.envelope.occurred_at,
        arrival.envelope.ack_expected,
        arrival.partner,
        _receivers(work, arrival.message_id),
        journey_subject(work, arrival),
        concerned(work, arrival.answered) if arrival.answered else None,
    )
    for one in steps(arrival.type, arrival.fields, heard):
        if arrival.corrects and arrival.type in _DECIDES and one.machine != "handover":
            continue  # What was decided stands, and has moved its journey already.
        if one.machine == RECONVENING.name and _held_since(work, one):
            continue
        if str(one.subject) == arrival.message_id:
            work.journeys.none_yet(journey_id(one))
        anew = _sent_on(work, arrival, one) if one.event == "reassigned" else None
        taken = take(work, one, arrival.message_id, arrival, on=heard.on, anew=anew)
        if one.machine == "handover" and taken is not None:
            arrival.unheeded = taken.reason if isinstance(taken, Illegal) else ""


def _held_since(work: Work, one: Step) -> bool:
    """Whether a later discussion is known already, and says whether there is to be another.

    A record that comes late neither counts as holding it again nor asks for what was done since.
    """
    of = journey_id(Step("strategy", one.subject, ""))
    sql = "select at from move where journey_id = :id and event in ('held', 'held_inquorate')"
    written = [at(row.at) for row in rows(work.conn, sql, id=of)]
    beside = [
        row["at"]
        for row in work.pending(Move)
        if row["journey_id"] == of and row["event"].startswith("held")
    ]
    mine = one.facts.at or work.now
    return any(held > mine for held in filter(None, (*written, *beside)))


def _sent_on(work: Work, arrival: Arrival, one: Step) -> Anew | None:
    """A receiver's own system passed it on: a team that we know gets it from us."""
    row = work.journeys.get(work.conn, journey_id(one))
    named = arrival.fields.get("reassigned_to") or {}
    team, agency = named.get("team"), named.get("agency")
    known = [
        there
        for there in work.site.directory
        if team and team in (there.team, there.title) and agency in (None, there.agency)
    ]
    if row is None or one.party or not known or known[0].partner == row["receiver"]:
        return None
    if not isinstance(foreseen(work, one), Moved):
        return None
    anew = send_on(work, row["subject"], row["case_ref"], known[0], arrival.message_id)
    if isinstance(anew, str):
        work.audit(row["case_ref"], "not sent on", to=known[0].partner, why=anew)
        return None
    return anew


def concerned(work: Work, message_id: str) -> Concerned | None:
    """The message that an answer or an act is about, as the ledger knows it."""
    found = rows(
        work.conn,
        "select message_id, type, ack_expected, case_ref from message where message_id = :id",
        id=message_id,
    )
    if not found:
        return None
    row = found[0]
    machine = _OF_CASE.get(row.type.split(".")[0])
    journey = _moved_by(work, machine, row.case_ref, message_id) if machine else None
    asked = rows(
        work.conn,
        "select receiver from journey where machine = 'handover' and subject = :id"
        " and state = 'queried'",
        id=message_id,
    )
    return Concerned(
        UUID(row.message_id),
        row.type,
        AckLevel(row.ack_expected),
        journey,
        _receivers(work, message_id),
        asked[0].receiver or "" if asked else "",
    )


def _moved_by(work: Work, machine: str, case_ref: str, message_id: str) -> UUID | None:
    """The journey that a message began or moved: an answer to it is about that one."""
    # The case has few journeys; of a machine there are all that ever were.
    found = rows(
        work.conn,
        "select j.subject, j.machine from journey j join move v on v.journey_id = j.journey_id"
        " where j.case_ref = :case and v.message_id = :id order by v.at",
        case=case_ref,
        id=message_id,
    )
    return next((UUID(row.subject) for row in found if row.machine == machine), None)


def take(
    work: Work,
    one: Step,
    by: str,
    arrival: Arrival | None = None,
    who: str | None = None,
    on: Concerned | None = None,
    anew: Mapping[str, Any] | None = None,
) -> Moved | Illegal | None:
    """One step of one journey; None where there is no such journey and none begins.

    `on` is the message that this step answers; `anew` the receiver, team and deadline that hold
    from now on, where it goes to somebody else.
    """
    row = work.journeys.get(work.conn, journey_id(one))
    if row is None:
        if arrival is None or one.only_moves:
            return None
        row = _begin(work, one, arrival)
    facts = _known(work, row, one, on)
    holder = facts.holder
    moved = move(MACHINES[one.machine], row["state"], one.event, facts)
    said = who or ", ".join(filter(None, (facts.name, facts.role))) or None
    if isinstance(moved, Illegal):
        _note(work, row, one, by, said, None, moved.reason, who is not None)
        return moved
    _note(work, row, one, by, said, moved.state, None, who is not None)
    due = {"due_at": one.due} if one.due is not None else {}
    if moved.state == row["state"] and moved.holder == holder and not due:
        return moved
    holds = custodian(moved.state, moved.holder is not None) if one.machine == "handover" else None
    work.journeys.move(
        row,
        work.now,
        state=moved.state,
        custodian=holds.value if holds else None,
        holder=moved.holder.name if moved.holder else None,
        holder_role=moved.holder.role if moved.holder else None,
        held_since=moved.holder.since if moved.holder else None,
        **due,
        **(anew or {}),
    )
    work.audit(
        row["case_ref"],
        f"{one.machine} {moved.state}",
        journey=row["journey_id"],
        event=one.event,
        cause=by,
        who=said or "",
        version=row["version"],
        **({"to": str(anew["receiver"])} if anew else {}),
    )
    if one.machine == "handover" and (anew or moved.state not in UNTAKEN):
        by_whom = f" by {said}" if said else ""
        work.recovered("overdue", row["journey_id"], one.event.replace("_", " ") + by_whom)
    return moved


def foreseen(work: Work, one: Step) -> Moved | Illegal | None:
    """What a step of custody would do; nothing is written."""
    row = work.journeys.get(work.conn, journey_id(one))
    if row is None:
        return None
    return move(MACHINES[one.machine], row["state"], one.event, _known(work, row, one, None))


def _known(work: Work, row: Mapping[str, Any], one: Step, on: Concerned | None) -> Facts:
    """The facts of a step, with those that only the ledger has."""
    held = row["holder"]
    return replace(
        one.facts,
        holder=Holder(held, row["holder_role"], at(row["held_since"]) or work.now)
        if held
        else None,
        immediate=row["priority"] == "immediate",
        awaited=_awaited(work, on) if one.event in _BY_ALL and on is not None else frozenset(),
    )


def _awaited(work: Work, on: Concerned) -> frozenset[str]:
    """The receivers of a message, each of whom answers for itself, who have not accepted it."""
    parties = on.receivers if on.type in EACH_AGENCY else ()
    of = {name: journey_id(Step("handover", on.message_id, "", party=name)) for name in parties}
    work.journeys.load(work.conn, of.values())
    held = {name: work.journeys.get(work.conn, journey) for name, journey in of.items()}
    return frozenset(name for name, row in held.items() if row and not row["holder"])


def _begin(work: Work, one: Step, arrival: Arrival) -> dict[str, Any]:
    planned = _for_action(work, arrival.message_id)
    mine = [row for row in planned if one.party in ("", row["partner"])]
    row = {
        "journey_id": journey_id(one),
        "machine": one.machine,
        "subject": str(one.subject),
        "case_ref": arrival.case_ref,
        "authority": arrival.envelope.authority,
        "state": MACHINES[one.machine].initial,
        "custodian": None,
        "sender": arrival.partner,
        "receiver": mine[0]["partner"] if mine and one.machine == "handover" else None,
        "team": mine[0]["team"] if mine else None,
        "holder": None,
        "holder_role": None,
        "held_since": None,
        "due_at": arrival.due_at,
        "opened_at": work.now,
        "changed_at": work.now,
        "version": 0,
    }
    return work.journeys.begin(row, arrival.envelope.priority.value)


def journey_id(one: Step) -> str:
    """The id of a journey: its machine, what it began with, and whose it is."""
    return ":".join(filter(None, (one.machine, str(one.subject), one.party)))


def _note(
    work: Work,
    row: Mapping[str, Any],
    one: Step,
    by: str,
    who: str | None,
    target: str | None,
    refused: str | None,
    spoken: bool,
) -> None:
    """One move. What was `spoken` at the desk is kept sealed; a message's words are its content."""
    move_id = derived("move", row["journey_id"], by, one.event)
    words = one.facts.reason[:500] if spoken else ""
    key = work.key(row["case_ref"]) if words else None
    version = row["version"] + (1 if target is not None else 0)
    work.add(
        Move,
        {
            "move_id": move_id,
            "journey_id": row["journey_id"],
            "version": version,
            "source": row["state"],
            "event": one.event,
            "target": target,
            "refused": refused,
            "message_id": by,
            "who": who,
            "note": seal_words(key, move_id, words) if key else None,
            "at": one.facts.at or work.now,
        },
    )


def delivered(work: Work, row: Mapping[str, Any]) -> None:
    """A delivery got there: receipt, not acceptance."""
    _settled(work, "delivered", row)


def undeliverable(work: Work, row: Mapping[str, Any]) -> None:
    """A delivery waits for a person: the sender still holds it, and must be told."""
    _settled(work, "needs_person", row)


def _settled(work: Work, state: str, row: Mapping[str, Any]) -> None:
    level = AckLevel(row["ack_expected"])
    if row["purpose"] != "action" or level.rank < AckLevel.ACCEPTED.rank:
        return
    about = Concerned(UUID(row["message_id"]), row["type"], level)
    for one in settled(state, about, row["partner"]):
        if not _gone_on(work, one, row):
            take(work, one, row["delivery_id"])


def _gone_on(work: Work, one: Step, row: Mapping[str, Any]) -> bool:
    """Whether it has been sent on since, so that this delivery says nothing of its new receiver."""
    known = work.journeys.get(work.conn, journey_id(one))
    if known is None or one.party:
        return False
    elsewhere = known["receiver"] != row["partner"]
    under_offer = bool(known["holder"]) and known["state"] not in HELD
    if not elsewhere and not under_offer:
        return False
    sql = f"select 1 from delivery d where d.delivery_id = :id and {PAST}"
    return bool(rows(work.conn, sql, id=row["delivery_id"]))


def load(work: Work, found: Iterable[Mapping[str, Any]]) -> None:
    """Reads the journeys that these deliveries move, at once."""
    ids = []
    for row in found:
        party = row["partner"] if row["type"] in EACH_AGENCY else ""
        ids.append(journey_id(Step("handover", UUID(row["message_id"]), "", party=party)))
        if row["type"] in NOTICES:
            ids.append(journey_id(Step("notice", UUID(row["message_id"]), "")))
    work.journeys.load(work.conn, ids)


def overdue(work: Work) -> None:
    """Acceptances whose time is over, once each; where its state says more, the incident says this."""
    known = "(select 1 from incident i where i.open_key = 'overdue|' || j.journey_id)"
    sql = (
        "select j.journey_id, j.subject, j.due_at, m.reference from journey j"
        " join message m on m.message_id = j.subject where j.machine = 'handover'"
        f" and j.state in {(*FALLS_DUE, *DUE_AS_WELL)} and j.due_at < :now"
        f" and (j.state in {FALLS_DUE} or not exists {known}) limit 200"
    )
    for row in rows(work.conn, sql, now=work.clocks_end):
        party = row.journey_id.split(":")[2] if row.journey_id.count(":") > 1 else ""
        due = Step("handover", UUID(row.subject), "overdue", Facts(at=work.now), party)
        # Who passes it on starts the clock anew, so that it may be overdue a second time.
        taken = take(work, due, f"due:{row.journey_id}:{at(row.due_at):%Y%m%dT%H%M%S}")
        if isinstance(taken, Moved):  # and not accepted in this moment, by way of another core
            work.incident("overdue", row.journey_id, f"nobody has accepted {row.reference} in time")


def _receivers(work: Work, message_id: str) -> tuple[str, ...]:
    return tuple(sorted({row["partner"] for row in _for_action(work, message_id)}))


def _for_action(work: Work, message_id: str) -> list[Mapping[str, Any]]:
    """Deliveries of a message for action: as just planned, else as the ledger has them.

    Where it was passed on, only those since: who passed it on answers for it no more.
    """
    if message_id in work.planned:
        return [row for row in work.planned[message_id] if row["purpose"] == "action"]
    sql = (
        "select d.partner, d.team from delivery d where d.message_id = :id"
        f" and d.purpose = 'action' and d.transport <> 'call' and not ({PAST})"
    )
    return [row._mapping for row in rows(work.conn, sql, id=message_id)]
