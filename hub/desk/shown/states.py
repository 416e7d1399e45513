"""How a partner stands is one sentence with one of three moods, the same on every page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.clock import civil
from hub.desk.shown import words
from hub.desk.shown.strips import Strip, of_partner
from hub.desk.shown.words import Mood
from hub.ledger.read.partners import Standing as Read
from hub.ledger.read.partners import State
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
    strip: Strip


def partner_line(
    partner: Partner, read: Read, now: datetime, counted_at: datetime | None = None
) -> Standing:
    """The sentence about one partner, most serious thing first, and its day. Pure."""
    mood, parts = _said(read, str(partner.transport.get("kind")), now)
    day = of_partner(partner.title, read.traffic, counted_at or now)
    return Standing(partner, mood, parts, read, day)


def by_trouble(lines: Iterable[Standing]) -> list[Standing]:
    """Those in trouble first, and of these whom most waits for. Pure."""
    order = {Mood.LATE: 0, Mood.SOON: 1, Mood.CALM: 2}
    return sorted(lines, key=lambda one: (order[one.mood], -one.read.waiting.waiting))


def _said(read: Read, kind: str, now: datetime) -> tuple[Mood, Parts]:
    state, waiting = read.state, read.waiting
    behind = f", {words.count(waiting.waiting, 'delivery', 'deliveries')} waiting"
    more = behind if waiting.waiting else ""
    if state.paused_at is not None:
        by = f" by {state.paused_by}" if state.paused_by else ""
        why = f": {state.paused_why}" if state.paused_why else ""
        return Mood.SOON, ("Paused since ", state.paused_at, f"{by}{why}{more}")
    if state.down_since is not None:
        return Mood.LATE, ("No answer since ", state.down_since, more, *_next(state, now))
    if waiting.needs_person:
        number = words.count(waiting.needs_person, "delivery stopped", "deliveries stopped")
        return Mood.SOON, (f"{words.capital(number)}: a person must decide{more}",)
    if waiting.oldest is not None and now - waiting.oldest > OLD:
        return Mood.SOON, ("Behind: the oldest waits since ", waiting.oldest, more)
    if waiting.to_ring:
        sheets = words.count(waiting.to_ring, "call sheet is open", "call sheets are open")
        return Mood.SOON, (f"{words.capital(sheets)}: somebody must ring{more}",)
    if waiting.waiting:
        return Mood.CALM, (f"Working{more}",)
    if waiting.offered:
        where = "in their inbox, not opened" if kind == "inbox" else "ready, not collected"
        since = (": the oldest since ", waiting.oldest_offered) if waiting.oldest_offered else ()
        return Mood.CALM, (f"{waiting.offered} {where} so far", *since)
    heard = state.heard_at or read.traffic.last_in
    if heard is None:
        return Mood.CALM, ("Nothing sent or received so far",)
    return Mood.CALM, ("Nothing waits; last word ", heard)


def _next(state: State, now: datetime) -> Parts:
    """When it is tried again, where that is not at once."""
    probe = civil(state.next_probe_at) if state.next_probe_at else None
    return ("; next try ", probe) if probe is not None and probe > now else ()
