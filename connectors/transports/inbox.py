"""A team without a system reads its messages in the web inbox, where opening one is its receipt."""

from typing import ClassVar

from connectors.base import Settings as Base
from connectors.held import Held


class InboxSettings(Base):
    """The web inbox has no settings: people and their teams are the desk's."""


class Inbox(Held):
    """The transport `inbox`."""

    name: ClassVar[str] = "inbox"
    Settings: ClassVar[type[Base]] = InboxSettings
