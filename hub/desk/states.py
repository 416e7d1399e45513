"""How a partner stands is one sentence with one of three moods, the same on every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.desk import words
from hub.desk.words import Mood
from hub.ledger.read.partners import Standing as Read
from hub.ledger.read.sentences import Parts
from hub.partners import Partner

OLD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner as a page shows it."""

    partner: Partner
    mood: Mood
    parts: Parts
    read: Read


def partner_line(partner: Partner, read: Read, now: datetime) -> Standing:
    """The sentence about one partner, most serious thing first. Pure."""
    mood, parts = _said(read, str(partner.transport.get("kind")), now)
    return Standing(partner, mood, parts, read)


def _said(read: Read, kind: str, now: datetime) -> tuple[Mood, Parts]:
    state, waiting = read.state, read.waiting
    behind = f", {words.count(waiting.waiting, 'delivery', 'deliveries')} waiting"
    more = behind if waiting.waiting else ""
    if state.paused_at is not None:
        by = f" by {state.paused_by}" if state.paused_by else ""
        why = f": {state.paused_why}" if state.paused_why else ""
        return Mood.SOON, ("Paused since ", state.paused_at, f"{by}{why}{more}")
    if state.down_since is not None:
        return Mood.LATE, ("No answer since ", state.down_since, more)
    if waiting.needs_person:
        number = words.count(waiting.needs_person, "delivery stopped", "deliveries stopped")
        return Mood.SOON, (f"{words.capital(number)}: a person must decide{more}",)
    if waiting.oldest is not None and now - waiting.oldest > OLD:
        return Mood.SOON, ("Behind: the oldest waits since ", waiting.oldest, more)
    if waiting.waiting:
        return Mood.CALM, (f"Working{more}",)
    if waiting.offered:
        where = "in their inbox, not opened" if kind == "inbox" else "ready, not collected"
        return Mood.CALM, (f"{waiting.offered} {where} so far",)
    heard = state.heard_at or read.traffic.last_in
    if heard is None:
        return Mood.CALM, ("Nothing sent or received so far",)
    return Mood.CALM, ("Nothing waits; last word ", heard)
