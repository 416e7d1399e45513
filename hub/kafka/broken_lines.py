"""A connection to Kafka that broke a moment ago says so as every other does, and no role ends by it.

uvloop answers a write to what it has just closed with a bare `RuntimeError`; aiokafka knows only
`OSError` there.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def _send_or_say(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"the connection is closed: {error}") from error


def install() -> None:
    """Has every connection of this process say so."""
    AIOKafkaConnection.send = _send_or_say
