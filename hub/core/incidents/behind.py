"""Messages that lie on a road for more than a minute before they are recorded are one incident a road."""

from collections.abc import Mapping

from hub.core.incidents.over import lasting
from hub.core.start.horizon import Upto
from hub.core.work import Work

KIND = "behind"
OVER = "what comes is recorded at once again"
TOO_LATE = 60.0
IN_TIME = 20.0
"""Seconds: in between it neither opens nor closes."""


def in_time(upto: Upto) -> bool:
    """Whether each road is read in time, as far as is known. Pure."""
    return all(seconds < IN_TIME for seconds in upto.behind.values())


def reading_behind(work: Work) -> None:
    """Judged by how long the ledger needed to reach where a road ended."""
    known: Mapping[str, float] = work.upto.behind if work.upto is not None else {}
    wrong = {
        topic: f"what came {int(seconds // 60)} min ago is not recorded yet"
        for topic, seconds in known.items()
        if seconds >= TOO_LATE
    }
    unsure = {topic for topic in work.wrong_of(KIND) if known.get(topic, TOO_LATE) >= IN_TIME}
    lasting(work, KIND, wrong, OVER, unsure)
