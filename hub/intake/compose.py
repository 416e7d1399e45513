"""A parcel that a format has read becomes records, the same ones each time, before anything is done with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from connectors.base import Draft, Parcel, Unreadable
from hub import clock, ids, topics, wire
from hub.partners import Partner
from hub.seal import Keyring
from schemas.envelope import AckLevel, Envelope, Priority, Sender

RIDES = 64 * 1024
"""Bytes of a parcel that rides with its message; a larger one would slow the road it rides on."""


class Spoken(Protocol):
    """What the register says of one message type."""

    @property
    def flow(self) -> str:
        """The conversation whose topic carries it."""
        ...

    @property
    def ack(self) -> AckLevel:
        """What it asks of its receivers."""
        ...

    @property
    def priority(self) -> Callable[[Any], Priority] | None:
        """Its priority by its body; none: routine."""
        ...


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the records of one partner's parcels."""

    partner: Partner
    types: Mapping[str, Spoken]
    keys: Keyring

    def objection(self, draft: Draft) -> str | None:
        """Why this partner may not send this message, in words for the partner; None if it may."""
        partner = self.partner
        if draft.type not in self.types or draft.type not in partner.sends:
            return self._not_yours(draft.type)
        for name in ("stream", "reference", "part", "answers"):
            if len(getattr(draft, name) or "") > ids.LONGEST:
                return f"its {name} is longer than {ids.LONGEST} characters"
        if draft.sender is not None and (why := self._not_you(draft.sender)) is not None:
            return why
        if self._authority(draft) is None:
            known = ", ".join(partner.authorities)
            said = f"authority {draft.authority}" if draft.authority else "no authority"
            return f"{said} is named; name one that you serve here: {known}"
        if draft.test and partner.live:
            return "marked as a test, and this is the live hub: send tests to the test hub"
        return None

    def foreign(self, type: str) -> str | None:
        """Why this partner may not send a known type at all; None if it may, or nobody knows it."""
        yours = type in self.partner.sends or type not in self.types
        return None if yours else self._not_yours(type)

    def _not_yours(self, type: str) -> str:
        may = ", ".join(self.partner.sends) or "nothing"
        return f"{type} is not among what you may send here: {may}"

    def _not_you(self, said: Sender) -> str | None:
        """Why this is not whom the partner speaks as; None if it is, or is one it speaks for."""
        partner = self.partner
        if said.agency in partner.speaks_for:
            return None
        if said.agency != partner.agency:
            may = ", ".join((partner.agency, *partner.speaks_for))
            return f"sender.agency is not one that you send as: write {may}, or leave sender out"
        if partner.team is not None and said.team not in (None, partner.team):
            return f"sender.team is not yours: write {partner.team}, or leave it out"
        return None

    def _sender(self, draft: Draft) -> Sender:
        """Who spoke: which system it was is what the hub knows, whatever the message calls it."""
        partner = self.partner
        own = Sender(agency=partner.agency, team=partner.team, system=partner.partner)
        if draft.sender is None:
            return own
        known: dict[str, str | None] = {"system": own.system}
        if draft.sender.agency == own.agency:
            known["team"] = draft.sender.team or own.team
        return draft.sender.model_copy(update=known)

    def _authority(self, draft: Draft) -> str | None:
        served = self.partner.authorities
        if draft.authority is None:
            return served[0] if len(served) == 1 else None
        return draft.authority if draft.authority in served else None

    def accepted(self, parcel: Parcel, drafts: Sequence[Draft]) -> list[wire.Outbound]:
        """The records of a parcel: its messages, each on its road, and the parcel, whole.

        A small parcel rides with its only message: one record, and one flush before the partner
        is answered. Any other goes after its messages, alone.
        """
        parcel_id = ids.fresh()
        if len(drafts) == 1 and len(parcel.body) <= RIDES:
            return [self._message(parcel_id, drafts[0], parcel)]
        records = [self._message(parcel_id, draft) for draft in drafts]
        messages = [outbound.headers["ce_id"] for outbound in records]
        return [*records, self._alone(self._parcel(parcel_id, parcel, messages, "accepted"))]

    def unreadable(self, parcel: Parcel, error: Unreadable) -> list[wire.Outbound]:
        """The record of a parcel nobody could read, kept whole for a person."""
        said = {"reason": error.reason, "place": error.place}
        reference = error.reference or parcel.reference
        kept = self._parcel(ids.fresh(), parcel, [], "unreadable", reference=reference, **said)
        return [self._alone(kept)]

    def _message(self, parcel_id: str, draft: Draft, parcel: Parcel | None = None) -> wire.Outbound:
        partner = self.partner
        digest = ids.digest(draft.content)
        message_id = ids.message_id(
            partner.partner, draft.stream, draft.reference, draft.part, digest
        )
        spoken = self.types[draft.type]
        authority = self._authority(draft) or ""
        priority = self._priority(draft, spoken)
        envelope = Envelope(
            message_id=message_id,
            type=draft.type,
            schema_version=draft.version,
            occurred_at=draft.occurred_at,
            recorded_at=clock.now(),
            correlation_id=message_id,
            idempotency_key=draft.reference,
            authority=authority,
            stream=draft.stream,
            sender=self._sender(draft),
            recipients=draft.recipients,
            priority=priority,
            ack_expected=draft.ack_expected or spoken.ack,
            marking=draft.marking,
            labels=draft.labels,
            doubts=draft.doubts,
            test=draft.test,
        )
        meta = {
            "parcel_id": parcel_id,
            "partner": partner.partner,
            "stream": draft.stream,
            "reference": draft.reference,
            "part": draft.part,
            "digest": digest,
            "subject": {
                "nhs_number": draft.subject.nhs_number,
                "own_number": draft.subject.own_number,
            },
            "answers": draft.answers,
            "envelope": orjson.Fragment(envelope.model_dump_json(by_alias=True)),
        }
        immediate = priority is Priority.IMMEDIATE
        topic = topics.IMMEDIATE if immediate else topics.flow(spoken.flow)
        named = draft.subject.own_number or draft.reference
        return wire.write(
            self.keys,
            topic,
            ids.token(self.keys.key("order"), partner.partner, named),
            wire.Record(
                draft.type,
                str(message_id),
                meta,
                draft.body.model_dump_json(by_alias=True, exclude_defaults=True).encode(),
                {
                    "authority": authority,
                    "priority": priority.value,
                    "partner": partner.partner,
                },
                self._parcel(parcel_id, parcel, [str(message_id)], "accepted") if parcel else None,
            ),
        )

    def _priority(self, draft: Draft, spoken: Spoken) -> Priority:
        """The body's own priority, which what the partner says may only raise."""
        own = Priority.ROUTINE if spoken.priority is None else spoken.priority(draft.body)
        return min(own, draft.priority, key=lambda priority: priority.rank)

    def _parcel(
        self,
        parcel_id: str,
        parcel: Parcel,
        messages: Sequence[str],
        state: str,
        **more: str | None,
    ) -> wire.Record:
        name = self.partner.partner
        meta: dict[str, Any] = {
            "partner": name,
            "transport": parcel.transport,
            "received_at": parcel.received_at.isoformat(),
            "reference": parcel.reference,
            "media_type": parcel.media_type,
            "digest": ids.digest(parcel.body),
            "size": len(parcel.body),
            "messages": messages,
            "state": state,
            "reason": "",
            "place": "",
            **more,
        }
        return wire.Record("parcel", parcel_id, meta, parcel.body, {"partner": name})

    def _alone(self, parcel: wire.Record) -> wire.Outbound:
        return wire.write(self.keys, topics.PARCELS, parcel.id, parcel)
