"""A parcel is acknowledged only after Kafka has it; otherwise its partner hears what is wrong, or nothing."""

import asyncio
from dataclasses import dataclass

import structlog

from connectors.base import Accept, Format, Kind, Parcel, Verdict
from hub.broker import Unable
from hub.edge.bound import Bytes, Sends
from hub.edge.report import Tallies
from hub.edge.traced_in import Way
from hub.edge.watched import Watched
from hub.intake.compose import Composer
from hub.intake.judge import Judge, fault
from hub.telemetry import traces

LARGE = 256 * 1024
"""Bytes; above it reading and sealing go to a thread, so that other partners are not kept waiting."""

log = structlog.get_logger("hub.edge.accept")


@dataclass(frozen=True, slots=True)
class Intake:
    """What accepting needs, shared by all partners of one edge."""

    send: Sends
    room: Bytes
    watched: Watched
    tallies: Tallies

    def of(self, composer: Composer, speaks: Format, *, heard: bool = True) -> Accept:
        """The `Accept` of one partner; `heard` where its transport can answer it."""
        judge = Judge(composer, speaks, self.watched, heard)

        async def accept(parcel: Parcel) -> Verdict:
            async with self.room.holding(len(parcel.body)):
                verdict, dropped = await self._accept(judge, parcel)
            self.tallies.count(composer.partner.partner, verdict, dropped)
            return judge.answered(parcel, verdict)

        return accept

    async def _accept(self, judge: Judge, parcel: Parcel) -> tuple[Verdict, int]:
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
