"""What is wrong is told to each recipient once, and a storm of it once for all that it brings.

Of one kind the first few are told one by one. When more open within a while, one alert says *and
more of these* and speaks for all that follow, until none has opened for a while; then, when all
that it spoke for are over, it is over, and that is told once too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.incident_words import AT_THE_DESK
from hub.partners import Partner

FEW = 5
"""Alerts of one kind to one recipient within `WINDOW` that are told one by one."""
WINDOW = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
"""A storm speaks for what opens later no longer than this: who was told must hear that it goes on."""

OPENED, RECOVERED = "incident.opened", "incident.recovered"
"""The types of alerts."""

LANE, LANE_ABOUT_ALERTS = "incident:", "alert:"
"""How the lane of an alert is named, before its incident's number."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as its recipient got it: about its incident, and where `storm` about more."""

    incident: str
    at: datetime
    last_at: datetime
    """When it last took one in."""
    storm: bool = False

    def takes_in(self, now: datetime) -> bool:
        """Whether it speaks for what opens now."""
        lately = timedelta() <= now - self.last_at <= WINDOW
        return self.storm and lately and timedelta() <= now - self.at <= LONGEST


@dataclass(frozen=True, slots=True)
class Telling:
    """Whose alert speaks for an incident: its own where `head` is itself."""

    incident: str
    head: str
    storm: bool = False

    @property
    def told(self) -> bool:
        """Whether an alert goes out."""
        return self.incident == self.head


def tell(stand: Iterable[Alert], incidents: Sequence[str], now: datetime) -> list[Telling]:
    """How new incidents of one kind are told to one recipient, who had the alerts `stand`. Pure."""
    alerts = list(stand)
    found = []
    for incident in incidents:
        storm = next((one for one in alerts if one.takes_in(now)), None)
        if storm is not None:
            alerts[alerts.index(storm)] = replace(storm, last_at=now)
            found.append(Telling(incident, storm.incident))
            continue
        # Civil time may have been set back: what seems to come yet tells nothing of now.
        lately = sum(timedelta() <= now - one.at < WINDOW for one in alerts)
        more = lately >= FEW
        alerts.append(Alert(incident, now, now, more))
        found.append(Telling(incident, incident, more))
    return found


def is_over(alert: Alert, still_open: bool, now: datetime) -> bool:
    """Whether its recipient is told that it is over: nothing it speaks for is open or may yet be. Pure."""
    return not still_open and not alert.takes_in(now)


def concerns(partner: Partner, kind: str, subject: str) -> bool:
    """Whether a recipient is told of it; never of itself, because that would not get there. Pure.

    That an alert could not be delivered is told to the other recipients; that this could not be
    delivered either is told to nobody, or two whom nothing reaches would be told of each other for ever.
    """
    if kind in AT_THE_DESK:
        return False
    if partner.alerts.kinds is not None and kind not in partner.alerts.kinds:
        return False
    about, _, lane = subject.partition("|")
    return about != partner.partner and not lane.startswith(LANE_ABOUT_ALERTS)


def lane_of_alert(subject: str, incident: str) -> str:
    """What keeps an opening before its recovery; one that tells of an alert is told apart. Pure."""
    about_alert = subject.partition("|")[2].startswith(LANE)
    return f"{LANE_ABOUT_ALERTS if about_alert else LANE}{incident}"
