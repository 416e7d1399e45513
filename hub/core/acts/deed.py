"""A deed is what a person did at the desk: who, on what, which version they saw, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.core.work import Work
from hub.journeys.machine import Facts
from hub.ledger.audit import HUB
from hub.ledger.write import rows

_SEE_NO_CONTENT = ("operations", "auditor", "administrator")


class Refused(Exception):
    """The act has no effect, and why."""


@dataclass(frozen=True)
class Deed:
    """An act as it came: who, on what, which version they saw, what they said."""

    act_id: str
    type: str
    subject: str
    who: Mapping[str, Any]
    version: int | None
    reason: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name and role, as journeys show them."""
        return f"{self.who['name']}, {self.who['role'].replace('_', ' ')}"

    @property
    def sees_content(self) -> bool:
        """Whether who did it, in that role, may read what messages say."""
        return self.who["role"] not in _SEE_NO_CONTENT

    def case_ref(self, work: Work) -> str:
        """The case in whose chain it stands; the hub's own where it is about none."""
        for sql in (
            "select case_ref from message where message_id = :id",
            "select case_ref from delivery where delivery_id = :id",
            "select case_ref from case_file where case_ref = :id",
        ):
            found = rows(work.conn, sql, id=self.subject)
            if found:
                return str(found[0].case_ref)
        return HUB

    def facts(self, work: Work, approver: str = "") -> Facts:
        """For the guards of a journey."""
        return Facts(
            name=self.who["name"],
            role=self.who["role"].replace("_", " "),
            agency=self.who.get("agency") or "",
            at=work.now,
            reason=self.reason,
            approver=approver,
        )
