"""The rules in force on any day stand in one book, read whole at start or refused."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from hub.calendar import Services, at
from hub.calendar import load as load_services
from hub.clock import london
from hub.rules.consequences import Notices
from hub.rules.disclose import Policy
from hub.rules.due import Clocks, Event, due, told
from hub.rules.editions import Editions, load
from hub.rules.joint_visits import Protocol
from hub.rules.on_duty import There
from hub.rules.route import Routing
from schemas.envelope import Deadline, Envelope, Priority


class Book:
    """Disclosure, routing, notices, joint visits and clocks, each by its editions."""

    def __init__(
        self,
        policies: Editions[Policy],
        routings: Editions[Routing],
        notices: Editions[Notices],
        joint_visits: Editions[Protocol],
        clocks: Editions[Clocks],
        services: Services,
        digest: str,
    ):
        self._policies = policies
        self._routings = routings
        self._notices = notices
        self._joint_visits = joint_visits
        self._clocks = clocks
        self._since = at(clocks.since, time()).at
        self.services = services
        self.digest = digest

    @classmethod
    def read(cls, folder: Path, calendars: Path) -> "Book":
        """All rules and calendars of a site; raises `RuleError` with every mistake."""
        return cls(
            load(folder / "disclosure", Policy),
            load(folder / "routing", Routing),
            load(folder / "notices", Notices),
            load(folder / "joint_visits", Protocol),
            load(folder / "clocks", Clocks),
            load_services(calendars),
            _digest(folder),
        )

    def policy(self, moment: datetime) -> Policy:
        """The disclosure policy in force at an instant."""
        return self._policies.edition_on(london(moment).date())

    def routing(self, moment: datetime) -> Routing:
        """The routing in force at an instant."""
        return self._routings.edition_on(london(moment).date())

    def notices(self, moment: datetime) -> Notices:
        """What letters say, in force at an instant."""
        return self._notices.edition_on(london(moment).date())

    def joint_visits(self, moment: datetime) -> Protocol:
        """When police and social care visit together, in force at an instant."""
        return self._joint_visits.edition_on(london(moment).date())

    def there(self, moment: datetime) -> There:
        """Which services, by the name of their hours, are there at an instant."""
        return lambda hours: self.services.is_open(hours, moment)

    def due(
        self, envelope: Envelope, body: Mapping[str, Any], taken: datetime, hours: str
    ) -> Deadline | None:
        """By when a receiver with these hours must have acted; None where no rule says so."""
        event = Event(
            envelope.type,
            envelope.occurred_at,
            envelope.priority,
            hours,
            taken,
            told(body, self._since),
        )
        return due(event, self._clocks, self.services)

    def due_anew(
        self, type: str, moment: datetime, priority: Priority, hours: str
    ) -> Deadline | None:
        """By when a receiver to whom it is sent on at this moment must have acted."""
        return due(Event(type, moment, priority, hours), self._clocks, self.services)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        whole.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]
