"""Core is ready when the ledger answers, Kafka answers, and what was unread at its start is read."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.core.app import Core

STALLED = 90.0
"""Seconds in one transaction, after which core's thread hangs: no bound on a question to the
ledger is as long (30 s for SQLite's lock, 35 s until a server that vanished is noticed)."""

SILENT = 5.0
"""Seconds without a transaction that came to its end; a round of what falls due comes each quarter."""


AWAY = "the ledger does not answer"
JOINING = "it is joining its roads"


class Fitness:
    """What core's probe tells."""

    def __init__(self, core: "Core"):
        self._core = core
        self.waits_for = AWAY
        """What keeps it from beginning."""
        self.began = False
        """Its roads are joined and what earlier lives left is taken up."""

    async def hangs(self) -> str | None:
        """What works no more, though the loop does."""
        busy = self._core.ledger.busy_for
        if busy > STALLED:
            return f"the thread for the ledger has been in one transaction for {busy:.0f} s"
        return None

    async def unready(self) -> str | None:
        """What is missing."""
        if not self.began:
            return self.waits_for
        if self._core.ledger.silent_for > SILENT:
            return AWAY
        if not await self._core.broker.ping(3):
            return "Kafka does not answer"
        unread = self._core.catching_up.unread
        return f"{unread} records of before its start are unread" if unread else None

    def more(self) -> dict[str, Any]:
        """How far it is."""
        return {"unread": self._core.catching_up.unread} if self.began else {}
