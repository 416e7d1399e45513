"""The last rung of every ladder is a person who rings another, and the desk notes who took the call."""

from typing import ClassVar

from pydantic import Field

from connectors.base import Settings as Base
from connectors.held import Held


class CallSettings(Base):
    """A call sheet at the desk."""

    who: str = Field(min_length=1, description="Whom to ask for: a role, not a person's name")
    phone: str = Field(min_length=3, description="The number to ring")


class Call(Held):
    """The transport `call`."""

    name: ClassVar[str] = "call"
    Settings: ClassVar[type[Base]] = CallSettings
