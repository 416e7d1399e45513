"""A partner whose system can only collect finds its messages in an outbox it polls over HTTP."""

from typing import ClassVar

from pydantic import Field

from connectors.base import Settings as Base
from connectors.held import Held
from connectors.secrets import Secrets


class OutboxSettings(Base):
    """A polling outbox at the desk; what the partner sends us comes through the door."""

    token: Secrets = Field(
        description="Bearer token the partner shows, by reference; several count at once"
    )


class Outbox(Held):
    """The transport `outbox`."""

    name: ClassVar[str] = "outbox"
    Settings: ClassVar[type[Base]] = OutboxSettings
