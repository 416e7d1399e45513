"""What a partner's parcel would become is decided by the hub's own decisions, and none of it happens.

Edge's judge reads it, and its records are composed as for Kafka, under keys that end with the
question; core's rules then route, time, disclose and render what is in them. What only the ledger
knows (the case, an earlier sending, what an answer answers) takes no part.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from connectors.base import Kind, Outgoing, Parcel, Refused, Verdict
from connectors.formats import make_format
from connectors.transports import TRANSPORTS
from hub import topics, wire
from hub.core.arrival import Arrival, of_record
from hub.core.derive import derived_message
from hub.core.plan import delivery_name, disclosed, timed
from hub.intake.compose import Composer
from hub.intake.judge import Judge
from hub.ledger.content import addressed
from hub.partners import Directory, Partner
from hub.rules.book import Book
from hub.rules.consequences import NoConsequence, consequences
from hub.rules.disclose import Disclosure
from hub.rules.disclose import Verdict as Ruling
from hub.rules.route import Missed, Planned, authorised, route
from hub.seal import ROOTS, Keyring
from schemas.envelope import Deadline, Envelope, Subject
from schemas.register import REGISTER, UnknownType, UnknownVersion, model_of

CASE = "DRY-RUN"
"""Stands where the ledger would put the case."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What one partner would get; `unwritten` says why nothing can be written for them."""

    partner: Partner
    planned: Planned
    told: Disclosure
    written: Outgoing | None = None
    unwritten: str = ""


@dataclass(frozen=True, slots=True)
class Would:
    """One message, whom it would reach, and what the hub itself would say because of it."""

    said: Arrival
    due: Deadline | None
    copies: tuple[Copy, ...]
    missed: tuple[Missed, ...]
    nowhere: str | None
    """Why nobody gets it, where that is so."""
    follows: tuple["Would", ...] = ()
    unsaid: tuple[NoConsequence, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """The answer that the partner would hear, and what the hub would then have."""

    partner: Partner
    parcel: Parcel
    verdict: Verdict
    dropped: int
    """Messages about children without a number, whom a filtered feed never keeps."""
    messages: tuple[Would, ...]

    @property
    def read(self) -> bool:
        """True where every message in it could be read, and may be sent here."""
        return self.verdict.kind is not Kind.REFUSED and not self.verdict.reason


class _Watched:
    """Every child with a number, as if somebody watched each of them."""

    def __contains__(self, whom: tuple[str, Subject], /) -> bool:
        _, subject = whom
        return bool(subject.nhs_number or subject.own_number)


def dry_run(
    directory: Directory, book: Book, partner: Partner, body: bytes, now: datetime
) -> DryRun:
    """What would become of `body`, sent by this partner at `now`. Touches nothing."""
    speaks = make_format(partner.format)
    parcel = Parcel(partner.partner, partner.transport["kind"], body, speaks.media_type, now)
    keys = Keyring({root: secrets.token_bytes(32) for root in ROOTS})
    judge = Judge(Composer(partner, REGISTER, keys), speaks, _Watched())
    made = judge.made(parcel)
    records = [
        wire.read(keys, out.topic, {n: v.encode() for n, v in out.headers.items()}, out.value)
        for out in made.outbounds
        if out.topic != topics.PARCELS
    ]
    site = _Site(directory, book, now)
    messages = tuple(site.would(of_record(record)) for record in records)
    verdict = judge.answered(parcel, made.verdict)
    return DryRun(partner, parcel, verdict, made.dropped, messages)


@dataclass(frozen=True, slots=True)
class _Site:
    directory: Directory
    book: Book
    now: datetime

    def would(self, arrival: Arrival) -> Would:
        """One message, as core would plan it."""
        edition = self.book.routing(arrival.envelope.occurred_at)
        try:
            model_of(arrival.type, arrival.version)
        except (UnknownType, UnknownVersion):
            why = f"version {arrival.version} is not known here: it waits for the upgrade"
            return Would(arrival, None, (), (), why)
        arrival.case_ref = CASE
        arrival.envelope = authorised(arrival.type, arrival.envelope, edition).at(CASE)
        duty = self.book.there(self.now)
        routed = route(arrival.type, arrival.envelope, self.directory, edition, there=duty)
        arrival.envelope = timed(self.book, self.directory, arrival, routed.planned, self.now)
        copies = tuple(self._copy(arrival, one) for one in routed.planned)
        follows, unsaid = self._follows(arrival)
        due = arrival.envelope.deadline
        return Would(arrival, due, copies, routed.missed, routed.none, follows, unsaid)

    def _copy(self, arrival: Arrival, planned: Planned) -> Copy:
        partner = self.directory[planned.partner]
        told = disclosed(self.book, arrival, partner)
        if told.verdict is Ruling.DENY:
            return Copy(partner, planned, told)
        transport = partner.transport["kind"]
        if TRANSPORTS[transport].mode == "held" and transport != "outbox":
            return Copy(partner, planned, told)
        deadline = arrival.envelope.deadline
        envelope = addressed(
            arrival.envelope.model_dump(mode="json", by_alias=True, exclude_none=True),
            CASE,
            f"{told.edition}: {told.verdict.value}",
            deadline.due_at if deadline else None,
        )
        try:
            written = make_format(partner.format).write(
                Envelope.model_validate(envelope), told.body, delivery_name(arrival, planned)
            )
        except Refused as error:
            return Copy(partner, planned, told, unwritten=str(error))
        if arrival.address:
            written = replace(written, recipient=arrival.address)
        return Copy(partner, planned, told, written)

    def _follows(self, arrival: Arrival) -> tuple[tuple[Would, ...], tuple[NoConsequence, ...]]:
        """What the hub would say itself; what follows from a decision needs the referral."""
        outcomes = consequences(
            arrival.type,
            UUID(arrival.message_id),
            arrival.envelope.sender,
            arrival.fields,
            self.book.notices(arrival.envelope.occurred_at),
        )
        made: list[Would] = []
        unsaid: list[NoConsequence] = []
        for outcome in outcomes:
            if isinstance(outcome, NoConsequence):
                unsaid.append(outcome)
            else:
                made.append(self.would(derived_message(self.now, arrival, outcome)))
        return tuple(made), tuple(unsaid)
