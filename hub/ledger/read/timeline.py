"""A journey is one list of events in their order, whoever caused them, newest at the end."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import orjson

from hub.ledger.content import open_words, unwrap
from hub.ledger.read.heard import Heard
from hub.ledger.read.journey import Said, Sent, Step, Try, Way
from hub.ledger.read.passed import SENT_ON, receivers_then
from hub.ledger.read.sentences import Name, Parts, answer_of, delivery, to_nobody
from hub.seal import Keyring
from schemas.envelope import Doubt

_EVENTS = {
    "sent": "sent on its way",
    "recorded": "the contact was recorded",
    "referred": "it became a referral",
    "passed_on": "it was passed on as a referral of its own",
    "acknowledging": "a notice that it arrived is made for the referrer",
    "acknowledged": "the notice that it arrived has gone to the referrer",
    "decided": "the next step was decided",
    "looked_at": "was looked at, and not yet decided for good",
    "feeding_back": "a notice of the decision is made for the referrer",
    "nfa_feeding_back": "a notice that nothing further is done is made for the referrer",
    "fed_back": "the notice of the decision has gone to the referrer",
    "nfa_fed_back": "the notice that nothing further is done has gone to the referrer",
    "kept_back": "kept back: the referrer has not been told",
    "let_go": "released: it goes to the referrer",
    "went_out": "sent to the referrer: nobody knows that it was read",
    "reached": "with the referrer: their system has it",
    "rung": "the referrer was told by a person",
    "told": "the referrer was told by a person",
    "bounced": "it came back: the referrer has not been told",
    "given_up": "given up: the referrer is not told",
    "replaced": "another one stands in its place",
    "agreed_by": "it is to be held again by a day that was agreed",
    "held_again": "it was held again",
    "called_off": "it need not be held again",
    "delivered": "delivered: receipt, not acceptance",
    "opened": "opened: not yet acceptance",
    "accepted": "accepted",
    "taken_by_phone": "taken by telephone",
    "queried": "asked a question",
    "answered": "answered the question",
    "refused": "refused",
    "withdrawn": "withdrawn by its sender",
    "overdue": "nobody accepted in time",
    "undeliverable": "cannot be delivered: it must be rung",
    "notice undeliverable": "does not reach the referrer: they have not been told",
    "reassigned": "passed it on",
    "rerouted": "sent it on",
    "kept": "keeps it",
    "recalled": "took it back",
    "started": "started work on it",
    "completed": "completed it: nothing more is asked of anybody",
}
REFUSED = (_EVENTS["refused"],)
"""The parts of an event by which a receiver refused."""
_ACTS = {
    "content.opened": "opened the content",
    "delivery.retried": "sent it again",
    "delivery.repaired": "corrected it and sent it as new, in its place",
    "delivery.abandoned": "gave the delivery up",
    "delivery.taken_by_phone": "noted who took the call",
    "notice.told": "told the referrer",
    "handover.answered": "answered",
    "handover.withdrawn": "withdrew it",
    "handover.started": "started work on it",
    "handover.reassigned": "passed it on",
    "handover.kept": "kept it",
    "handover.recalled": "took it back",
    "handover.rerouted": "sent it on",
    "handover.completed": "completed it",
    "case.matched": "said which child it is",
    "early.resolved": "settled the early message",
    "export.made": "took it out as a file",
    "conflict.cleared": "looked at the two under one reference",
}
_REPAIRED = "delivery.repaired"
_OUTCOMES = {
    "delivered": "got through",
    "try_again": "did not get through",
    "refused": "was refused",
    "unknown": "outcome unknown",
    "not_attempted": "not sent: the one before it did not get through",
    "expired": "not sent: its time was over",
}


class Kind(StrEnum):
    """What an event is about."""

    MESSAGE = "message"
    DELIVERY = "delivery"
    MOVE = "move"
    REFUSED = "refused"
    ACT = "act"
    AGAIN = "again"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try of a delivery, in words."""

    number: int
    at: datetime
    outcome: str
    said: str
    who: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a journey. `lane` is set for deliveries, whose tries are folded into them.

    `at` is when the hub heard of it; `stated`, when it happened by the word of who told it, if earlier.
    """

    at: datetime
    kind: Kind
    who: str
    parts: Parts
    said: str = ""
    mood: str = "calm"
    message: Said | None = None
    lane: Sent | None = None
    tries: tuple[Attempted, ...] = ()
    about: Said | None = None
    """The message that it happened to, where it is one of those that are shown"""
    cause: Said | None = None
    """The message that it came with, where that is another one"""
    stated: datetime | None = None


def timeline(way: Way, name: Name, *, words: Keyring | None) -> list[Event]:
    """All events of a way; with `words`, the keys, also what people said at the desk when they acted."""
    tries = defaultdict(list)
    for one in way.tries:
        tries[one.delivery_id].append(one)
    heard = Heard.of_way(way)
    events = [_message(one, name) for one in way.messages]
    events += [
        Event(
            again.seen_at,
            Kind.AGAIN,
            "",
            ("The same message came again: no effect",),
            about=heard.about(again.message_id),
        )
        for again in way.again
    ]
    events += [
        Event(
            one.at,
            Kind.ADVICE,
            "Joint protocol",
            (one.words,),
            mood="soon" if one.departs else "calm",
            about=heard.about(one.message_id),
        )
        for one in way.noted
    ]
    events += [
        replace(
            _delivery(one, tries[one.delivery_id], name, way.overtaken),
            about=heard.about(one.message_id),
        )
        for one in way.deliveries
    ]
    # That it was sent is what its deliveries say.
    then = receivers_then(way)
    replaced = {act.act_id for act in way.acts if act.done and act.type == _REPAIRED}
    events += [
        _heard(heard, one, _step(one, name, then[one.move_id], _spoken(one, words)))
        for one in way.steps
        if one.message_id not in replaced and (one.refused or one.event not in ("sent", "made"))
    ]
    told = {step.message_id for step in way.steps} - replaced
    why = {step.message_id: _spoken(step, words) for step in way.steps}
    for act in way.acts:
        if act.act_id in told:
            continue
        done = _ACTS.get(act.type, act.type)
        done = done if act.done else f"tried: {done}"
        outcome = "" if act.done else f"refused: {act.answer}"
        if act.done and act.type == "conflict.cleared":
            outcome = act.answer[:1].upper() + act.answer[1:]
        elif act.act_id in replaced:
            outcome = ". ".join(filter(None, (why.get(act.act_id, ""), _changed(act.answer))))
        mood = "calm" if act.done else "soon"
        about = heard.about(act.subject)
        events.append(Event(act.at, Kind.ACT, act.who, (done,), outcome, mood, about=about))
    order = {Kind.MESSAGE: 0, Kind.MOVE: 1, Kind.DELIVERY: 2}

    def place(event: Event) -> tuple[datetime, int, int]:
        with_what = heard.place(event.cause or event.about)
        return event.at, with_what, order.get(event.kind, 3)

    return sorted(events, key=place)


def _heard(heard: Heard, one: Step, event: Event) -> Event:
    """A move at the time when the hub heard of it, beside the time that was stated."""
    at = heard.at(one)
    return replace(
        event,
        at=at,
        stated=one.at if one.at < at else None,
        about=heard.about(one.subject),
        cause=heard.about(one.message_id),
    )


def _changed(answer: str) -> str:
    """Which places a correction changed, as the ledger answered it."""
    _, sign, places = answer.partition("Changed: ")
    return sign + places


def _message(one: Said, name: Name) -> Event:
    extra = []
    in_conflict = one.conflict_of and one.state != "cleared"
    if one.conflict_of:
        must = "a person must look" if in_conflict else "a person has looked"
        extra.append(f"Same reference as an earlier message, other content: {must}")
    if one.corrects:
        extra.append("Corrected by a person: it stands in an earlier one's place")
    if one.mended:
        extra.append("A person corrected the bytes it came in, which nobody could read")
    if one.corrected_by:
        extra.append("A person sent a corrected one in its place")
    if one.state == "early":
        extra.append("Early: what it answers is not here yet")
    if one.state == "ambiguous":
        extra.append("Its identifiers point to two cases: a person must say which child it is")
    if one.state == "parked":
        extra.append("Of a version this hub does not know yet: parked until the upgrade")
    doubts = [Doubt(doubt).label for doubt in orjson.loads(one.doubts)]
    extra += doubts
    if one.unowned:
        missing = one.unowned.partition(": ")[2]
        extra.append(f"Somebody must act on it and does not get it: {missing}")
    elif not one.planned and one.none_reason:
        extra.append(f"Goes to nobody: {to_nobody(one.none_reason, one.type, name)}")
    if one.completeness:
        extra.append(_complete(one.completeness))
    return Event(
        one.recorded_at,
        Kind.MESSAGE,
        name(one.partner),
        ("received and recorded" if one.partner != "hub" else "made by the hub",),
        ". ".join(extra),
        "late"
        if in_conflict or one.unowned or one.state not in ("recorded", "cleared")
        else "soon"
        if doubts
        else "calm",
        message=one,
        about=one,
    )


def _complete(text: str) -> str:
    told = orjson.loads(text)
    safe = "" if told["safe_to_act"] else ", not enough to act on"
    missing = f"; missing: {', '.join(told['missing'])}" if told["missing"] else ""
    return f"{told['score']} % complete{safe}{missing}"


def _delivery(one: Sent, tries: list[Try], name: Name, overtaken: Mapping[str, str]) -> Event:
    passed = ", ".join(overtaken.get(name, name) for name in one.went_past)
    mood = {"needs_person": "late", "outcome_unknown": "late", "withheld": "soon"}.get(one.state)
    if mood is None:
        mood = "soon" if one.state == "waiting" and one.tries else "calm"
    if one.transport == "call" and one.state == "offered":
        mood = "late"
    return Event(
        one.created_at,
        Kind.DELIVERY,
        name(one.partner),
        delivery(one, name),
        f"It went past {passed}" if passed else "",
        mood=mood,
        lane=one,
        tries=tuple(map(attempted, tries)),
    )


def attempted(one: Try) -> Attempted:
    """A try in words."""
    said = answer_of(one.code, one.detail)
    outcome = _OUTCOMES.get(one.outcome, one.outcome.replace("_", " "))
    return Attempted(one.attempt, one.handed_at or one.settled_at, outcome, said, one.who)


def _spoken(one: Step, words: Keyring | None) -> str:
    if words is None or one.note is None or one.wrapped is None:
        return ""
    return open_words(unwrap(words, one.case_ref, one.wrapped), one.move_id, one.note)


def _step(one: Step, name: Name, receiver: str | None, spoken: str) -> Event:
    who = one.who or (name(receiver) if receiver else "")
    what = _EVENTS.get(f"{one.machine} {one.event}") or _EVENTS.get(
        one.event, one.event.replace("_", " ")
    )
    if one.event in SENT_ON and receiver and not one.refused:
        what += f" to {name(receiver)}"
    event = Event(
        one.at,
        Kind.MOVE,
        who or f"{one.machine} journey".capitalize(),
        (what,),
        spoken,
    )
    if one.refused:
        words = f"tried: {what}"
        return replace(
            event, kind=Kind.REFUSED, parts=(words,), said=f"Refused: {one.refused}", mood="soon"
        )
    if one.event in ("overdue", "escalated", "undeliverable", "bounced", "refused", "kept_back"):
        return replace(event, mood="soon" if one.event in ("refused", "kept_back") else "late")
    return event
