"""What becomes of a parcel is decided in one place, whether its partner sent it or a person corrected it."""

from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from connectors.base import MAX_PARCEL, Draft, Format, Kind, Parcel, Unreadable, Verdict
from hub import ids
from hub.broker import Unable
from hub.intake.compose import Composer
from hub.seal import KeyMissing
from hub.wire import Outbound
from schemas.envelope import Subject

log = structlog.get_logger("hub.intake.judge")


@dataclass(frozen=True, slots=True)
class Made:
    """A verdict, and what Kafka must have before it may be said."""

    verdict: Verdict
    outbounds: list[Outbound]
    dropped: int = 0


class Knows(Protocol):
    """Says whether a partner's subject is watched."""

    def __contains__(self, whom: tuple[str, Subject], /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides what becomes of one partner's parcels; does nothing."""

    composer: Composer
    speaks: Format
    watched: Knows
    heard: bool = True
    """Whether anybody hears a refusal: who leaves a file and goes away does not."""

    def made(self, parcel: Parcel) -> Made:
        """The verdict that holds once Kafka has the records."""
        if len(parcel.body) > MAX_PARCEL:
            most = MAX_PARCEL // (1024 * 1024)
            why = f"{len(parcel.body)} bytes; at most {most} MiB are taken here"
            return self._too_large(parcel, why)
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
                return self._objected(parcel, objection)
        outbounds = self.composer.accepted(parcel, drafts)
        messages = tuple(out.headers["ce_id"] for out in outbounds[: len(drafts)])
        names = {draft.reference for draft in drafts}
        reference = names.pop() if len(names) == 1 else None
        verdict = Verdict(Kind.OWNED, message_ids=messages, reference=reference)
        return Made(verdict, outbounds, dropped)

    def _ours(self, whom: Subject) -> bool:
        partner = self.composer.partner
        if (partner.partner, whom) in self.watched:
            return True
        return not whom.nhs_number and partner.no_number == "keep_unmatched"

    def _unreadable(self, parcel: Parcel, error: Unreadable) -> Made:
        if error.type is not None and (why := self.composer.foreign(error.type)) is not None:
            return self._objected(parcel, why)
        return self._kept(parcel, error)

    def _objected(self, parcel: Parcel, why: str) -> Made:
        """Refused in words for its partner; where nobody would hear them, a person here is told."""
        return _refused(why) if self.heard else self._kept(parcel, Unreadable(why))

    def _too_large(self, parcel: Parcel, why: str) -> Made:
        if self.heard:
            return _refused(why)
        told = self.composer.unreadable(replace(parcel, body=b""), Unreadable(why))
        return Made(Verdict(Kind.REFUSED, reason=why), told)

    def _kept(self, parcel: Parcel, error: Unreadable) -> Made:
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
