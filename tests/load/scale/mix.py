"""How much of what was said in a year: most is done, and the same open work stands whatever the history."""

from datetime import UTC, datetime, timedelta

from tests.load.scale.history import Part
from tests.load.scale.load import Council

MONTHS = timedelta(days=365)
DAY = timedelta(hours=23)
"""What is of the last 24 hours is still so an hour after it was loaded."""
OPEN = 100
"""Handovers that wait in each council, of the last hours."""
STOPPED = 20
WAITS = 200
_SHARES = {
    ("lane", "383"): {"accepted": 0.12, "told of": 0.16, "handed over": 0.12},
    ("cases", "384"): {
        "attended": 0.43,
        "attended twice": 0.08,
        "told of": 0.06,
        "handed over": 0.03,
    },
}


def councils(messages: int, waits: int = WAITS, day: int = 0) -> list[Council]:
    """A history of so many messages, so many more that wait for the partner that is down, and `day`
    more of the last 24 hours."""
    now = datetime.now(UTC).replace(tzinfo=None)
    # What it ends with is over before the newest is read as traffic of this hour.
    until = now - timedelta(hours=4)
    found = []
    for (name, authority), shares in _SHARES.items():
        parts = [
            Part(story, round(many * share), since, until)
            for many, since in ((messages, now - MONTHS), (day, now - DAY))
            for story, share in shares.items()
            if many
        ]
        parts.append(Part("handed over, open", OPEN, now - timedelta(hours=3), now))
        if name == "cases":
            parts.append(Part("stopped", STOPPED, now - timedelta(hours=30), now))
        found.append(Council(name, authority, tuple(parts)))
    lately = Part("waits", waits, now - timedelta(hours=3), now)
    return [*found, Council("down", "385", (lately,))]
