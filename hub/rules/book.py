"""The rules in force on any day stand in one book, read whole at start or refused."""

import hashlib
from datetime import datetime
from pathlib import Path

from hub.clock import london
from hub.rules.consequences import Notices
from hub.rules.disclose import Policy
from hub.rules.editions import Editions, load
from hub.rules.route import Routing


class Book:
    """Disclosure, routing and notices, each by its editions."""

    def __init__(
        self,
        policies: Editions[Policy],
        routings: Editions[Routing],
        notices: Editions[Notices],
        digest: str,
    ):
        self._policies = policies
        self._routings = routings
        self._notices = notices
        self.digest = digest

    @classmethod
    def read(cls, folder: Path) -> "Book":
        """All rules under a folder; raises `RuleError` with every mistake."""
        return cls(
            load(folder / "disclosure", Policy),
            load(folder / "routing", Routing),
            load(folder / "notices", Notices),
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


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        whole.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]
