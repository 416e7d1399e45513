"""What the hub owes, to whom, and what became of it stands in these tables, and only core writes them.

Metadata stands apart from content; content is sealed under the key of its case, so that erasing
the key erases the content and leaves the account of it. Ids are UUIDs as text, times are UTC.
"""

from hub.ledger.tables.deliveries import Attempt, Delivery, Lane, PartnerState
from hub.ledger.tables.journeys import Act, Audit, Clock, Journey, Move, Root
from hub.ledger.tables.messages import (
    APART,
    Case,
    CaseToken,
    Content,
    Early,
    Message,
    Offset,
    Parcel,
    Repeat,
    Stuck,
)
from hub.ledger.tables.redrives import Redrive, RedriveItem
from hub.ledger.tables.row import LEDGER, Row
from hub.ledger.tables.watching import STANDS, Alert, Feed, Heartbeat, Incident, Tally, Watched

__all__ = [
    "APART",
    "LEDGER",
    "STANDS",
    "Act",
    "Alert",
    "Attempt",
    "Audit",
    "Case",
    "CaseToken",
    "Clock",
    "Content",
    "Delivery",
    "Early",
    "Feed",
    "Heartbeat",
    "Incident",
    "Journey",
    "Lane",
    "Message",
    "Move",
    "Offset",
    "Parcel",
    "PartnerState",
    "Redrive",
    "RedriveItem",
    "Repeat",
    "Root",
    "Row",
    "Stuck",
    "Tally",
    "Watched",
]
