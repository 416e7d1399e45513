"""Every way of moving bytes to and from a partner stands in one register, by the name partner files use."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Transport
from connectors.instant import Now, utc_now
from connectors.transports.call import Call
from connectors.transports.folder import Folder
from connectors.transports.http import Http
from connectors.transports.inbox import Inbox
from connectors.transports.mllp import Mllp
from connectors.transports.outbox import Outbox
from connectors.transports.smtp import Smtp

TRANSPORTS: dict[str, type[Transport]] = {
    transport.name: transport for transport in (Call, Folder, Http, Inbox, Mllp, Outbox, Smtp)
}


def make_transport(partner: str, config: Mapping[str, Any], now: Now = utc_now) -> Transport:
    """The transport a partner file describes as `{kind, ...settings}`.

    Raises `pydantic.ValidationError` for wrong settings and `ValueError` for an unknown kind, both
    naming what to write instead. `now` is the civil clock that stamps what arrives.
    """
    settings = dict(config)
    kind = settings.pop("kind", None)
    if kind not in TRANSPORTS:
        raise ValueError(
            f"unknown transport {kind!r}: write one of {', '.join(sorted(TRANSPORTS))}"
        )
    transport = TRANSPORTS[kind]
    return transport(partner, transport.Settings.model_validate(settings), now)
