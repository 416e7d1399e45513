"""What the hub must say because of a message is a message too, recorded in the same transaction.

Its id follows from its cause, so the same cause always has the same consequence; what does not
follow, and why, is in the case's audit chain.
"""

from datetime import datetime
from uuid import UUID

import orjson

from hub.core.arrival import Arrival
from hub.core.belongs import journey_subject
from hub.core.work import Work
from hub.ids import digest, message_id
from hub.ledger.content import open_content
from hub.rules.consequences import Consequence, NoConsequence, Referral, consequences
from schemas.envelope import Envelope, Sender, Subject
from schemas.register import HUB, entry_of, parse


def derive(work: Work, arrival: Arrival) -> list[Arrival]:
    """The messages that follow from this one."""
    envelope = arrival.envelope
    outcomes = consequences(
        arrival.type,
        UUID(arrival.message_id),
        envelope.sender,
        arrival.fields,
        work.site.book.notices(envelope.occurred_at),
        _referral(work, arrival) if arrival.type == "referral.decision" else None,
    )
    made = []
    for outcome in outcomes:
        if isinstance(outcome, NoConsequence):
            work.audit(
                arrival.case_ref,
                "not said",
                type=outcome.type,
                why=outcome.why,
                cause=arrival.message_id,
            )
        else:
            made.append(derived_message(work.now, arrival, outcome))
    return made


def derived_message(now: datetime, cause: Arrival, said: Consequence) -> Arrival:
    """The hub's own message that follows from `cause`. Pure."""
    entry = entry_of(said.type)
    checked = parse(said.type, entry.version, orjson.dumps(said.body))
    body = checked.model_dump_json(by_alias=True, exclude_defaults=True)
    content = digest(body.encode())
    made = message_id(HUB, cause.message_id, said.type, said.part, content)
    before = cause.envelope
    envelope = Envelope(
        message_id=made,
        type=said.type,
        schema_version=entry.version,
        occurred_at=now,
        recorded_at=now,
        correlation_id=before.correlation_id,
        causation_id=said.causation,
        idempotency_key=str(made),
        authority=before.authority,
        stream=cause.message_id,
        sender=before.sender
        if said.type == "referral.received"
        else Sender(agency=HUB, system=HUB),
        recipients=said.recipients,
        priority=before.priority,
        ack_expected=entry.ack,
        marking=before.marking,
        # A copy keeps the labels of all that it was made of (domain pages 6.2).
        labels=tuple(dict.fromkeys((*before.labels, *said.labels))),
        test=before.test,
    )
    arrival = Arrival(
        str(made),
        said.type,
        entry.version,
        HUB,
        cause.message_id,
        said.type,
        said.part,
        content,
        envelope,
        body.encode(),
        Subject(),
        case_hint=cause.case_ref,
        told=said.type != "referral.received",
    )
    arrival.address = said.address
    arrival.replies_to = str(said.answers) if said.answers else None
    return arrival


def _referral(work: Work, decision: Arrival) -> Referral | None:
    """The referral that was decided on, with its content."""
    subject = journey_subject(work, decision)
    if subject is None:
        return None
    envelope, body = open_content(work.conn, work.site.keys, str(subject))
    known = Envelope.model_validate(envelope)
    return Referral(subject, known.sender, body, known.labels)
