"""Every web program of ours is served alike: patient within bounds, silent to other people's telemetry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from connectors.renewed import Renewed
from hub.serving.patient_http import HEAD, PatientHttp

SILENT: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
"""FastAPI would tell a collector each address with its query, and what exceptions say: names of children."""


class Served(uvicorn.Server):
    """Serves inside a role, which alone listens to signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the role."""
        yield


def served(app: Any, grace: int = 15, tls: Renewed | None = None) -> Served:
    """The server of an application; its `should_exit` ends it, after `grace` seconds for what is in hand."""
    config = uvicorn.Config(
        app,
        http=PatientHttp,
        ws="none",
        h11_max_incomplete_event_size=HEAD,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=grace,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
    )
    return Served(config)
