"""A parcel is acknowledged only after Kafka has it; otherwise its partner hears what is wrong, or nothing."""

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from connectors.base import (
    MAX_PARCEL,
    Accept,
    Draft,
    Format,
    Kind,
    Parcel,
    Unreadable,
    Verdict,
)
from hub import ids, traces
from hub.broker import Unable
from hub.edge.bound import Bytes, Sends
from hub.edge.compose import Composer
from hub.edge.report import Tallies
from hub.edge.traced_in import Way
from hub.edge.watched import Watched
from hub.seal import KeyMissing
from hub.wire import Outbound
from schemas.envelope import Subject

LARGE = 256 * 1024
"""Bytes; above it reading and sealing go to a thread, so that other partners are not kept waiting."""

log = structlog.get_logger("hub.edge.accept")


@dataclass(frozen=True, slots=True)
class Made:
    """A verdict, and what Kafka must have before it may be said."""

    verdict: Verdict
    outbounds: list[Outbound]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """What accepting needs, shared by all partners of one edge."""

    send: Sends
    room: Bytes
    watched: Watched
    tallies: Tallies

    def of(self, composer: Composer, speaks: Format) -> Accept:
        """The `Accept` of one partner."""
        judge = Judge(composer, speaks, self.watched)

        async def accept(parcel: Parcel) -> Verdict:
            async with self.room.holding(len(parcel.body)):
                verdict, dropped = await self._accept(judge, parcel)
            self.tallies.count(composer.partner.partner, verdict, dropped)
            return judge.answered(parcel, verdict)

        return accept

    async def _accept(self, judge: "Judge", parcel: Parcel) -> tuple[Verdict, int]:
        partner = judge.composer.partner.partner
        way = Way(parcel, traces.now())
        try:
            if len(parcel.body) > LARGE:
                made = await asyncio.to_thread(judge.made, parcel)
            else:
                made = judge.made(parcel)
            way.made(made.outbounds)
            if made.outbounds:
                await self.send(made.outbounds)
            verdict, dropped = made.verdict, made.dropped
        except Unable as error:
            log.warning("unable to own a parcel", partner=partner, why=str(error), **way.named)
            verdict, dropped = Verdict(Kind.UNABLE, reason="cannot be taken now; send it again"), 0
        except Exception as error:
            code = fault()
            named = {"partner": partner, "code": code, **way.named}
            log.error("could not own a parcel", exc_info=error, **named)
            reason = f"cannot be taken now; send it again (error {code}, ours)"
            verdict, dropped = Verdict(Kind.UNABLE, reason=reason), 0
        way.ends(verdict)
        return verdict, dropped


class Knows(Protocol):
    """Says whether a partner's subject is watched."""

    def __contains__(self, whom: tuple[str, Subject], /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides what becomes of one partner's parcels; does nothing."""

    composer: Composer
    speaks: Format
    watched: Knows

    def made(self, parcel: Parcel) -> Made:
        """The verdict that holds once Kafka has the records."""
        if len(parcel.body) > MAX_PARCEL:
            most = MAX_PARCEL // (1024 * 1024)
            return _refused(f"{len(parcel.body)} bytes; at most {most} MiB are taken here")
        filtered = self.composer.partner.filtered
        whom: Subject | None = None
        try:
            if filtered:
                whom = self.speaks.peek(parcel)
                if whom is not None and not self._ours(whom):
                    return Made(Verdict(Kind.NOT_OURS), [], 1)
            drafts = self.speaks.read(parcel)
            kept = drafts
            if filtered:
                kept = [d for d in drafts if d.subject == whom or self._ours(d.subject)]
            if not kept and drafts:
                return Made(Verdict(Kind.NOT_OURS), [], len(drafts))
            return self._of(parcel, kept, len(drafts) - len(kept))
        except (KeyMissing, Unable):
            raise
        except Unreadable as error:
            return self._unreadable(parcel, error)
        except Exception as error:
            code = fault()
            partner = self.composer.partner.partner
            log.error("a format failed to read", partner=partner, code=code, exc_info=error)
            ours = f"the hub failed to read this (error {code}); the fault is ours"
            return self._unreadable(parcel, Unreadable(ours))

    def _of(self, parcel: Parcel, drafts: list[Draft], dropped: int) -> Made:
        if not drafts:
            return self._unreadable(parcel, Unreadable("there is no message in it"))
        for draft in drafts:
            if (objection := self.composer.objection(draft)) is not None:
                return _refused(objection)
        outbounds = self.composer.accepted(parcel, drafts)
        messages = tuple(out.headers["ce_id"] for out in outbounds[: len(drafts)])
        return Made(Verdict(Kind.OWNED, message_ids=messages), outbounds, dropped)

    def _ours(self, whom: Subject) -> bool:
        partner = self.composer.partner
        if (partner.partner, whom) in self.watched:
            return True
        return not whom.nhs_number and partner.no_number == "keep_unmatched"

    def _unreadable(self, parcel: Parcel, error: Unreadable) -> Made:
        if error.type is not None and (why := self.composer.foreign(error.type)) is not None:
            return _refused(why)
        keep = self.composer.partner.on_unreadable == "keep"
        kind = Kind.OWNED if keep else Kind.REFUSED
        verdict = Verdict(kind, reason=error.reason, place=error.place)
        return Made(verdict, self.composer.unreadable(parcel, error))

    def answered(self, parcel: Parcel, verdict: Verdict) -> Verdict:
        """The verdict in the partner's own words, where its format has any."""
        try:
            return replace(verdict, reply=self.speaks.reply(parcel, verdict))
        except Exception as error:
            name = self.composer.partner.partner
            log.error("a format failed to reply", partner=name, exc_info=error)
            return verdict


def _refused(reason: str) -> Made:
    return Made(Verdict(Kind.REFUSED, reason=reason), [])


def fault() -> str:
    """A name for a failure of ours, by which the log line is found again."""
    return ids.fresh()[-8:]
