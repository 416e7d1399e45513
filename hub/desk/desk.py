"""Everything a page needs stands in one value, handed in when the desk starts."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from hub.desk.accounts.sessions import Limits
from hub.desk.counted import Counts
from hub.desk.live import Live
from hub.desk.road import Road
from hub.partners import Directory
from hub.rules.book import Book
from hub.seal import Keyring
from hub.settings import Settings


@dataclass(frozen=True)
class Desk:
    """One running desk. `ledger` is read only; `seconds` is the clock of sign-ins."""

    settings: Settings
    keys: Keyring
    directory: Directory
    book: Book
    ledger: Engine
    people: Engine
    road: Road
    counts: Counts
    live: Live
    seconds: Callable[[], float] = time.time
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def limits(self) -> Limits:
        """How long a sign-in lasts here."""
        return Limits(self.settings.session_hours, self.settings.session_idle_minutes)

    def team(self, partner: str) -> str | None:
        """The team behind a partner, where it is one team's."""
        known = self.directory.get(partner)
        return known.team if known else None

    def title(self, partner: str | None) -> str:
        """What people call a partner; the hub's own messages come from the hub."""
        if partner is None:
            return "nobody"
        known = self.directory.get(partner)
        return known.title if known else {"hub": "the hub"}.get(partner, partner)
