"""What a monitoring system may count is listed here once, with its meaning, and names nobody.

Counted from the ledger at each reading, so that one place tells of the whole hub. Labels are
names of partners, roles and kinds, all of them a site's own configuration (DESIGN.md, promise 9).
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from hub import clock
from hub.desk.desk import Desk
from hub.desk.frame import desk_of
from hub.ledger.read.metrics import Readings, readings

router = APIRouter(include_in_schema=False)

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Meter:
    """One metric: its meaning with its unit, its labels, and how it follows from the counts. Pure."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    of: Callable[[Readings], Iterable[Sample]]
    counter: bool = False

    def family(self, found: Readings) -> Metric:
        """As Prometheus takes it."""
        kind = CounterMetricFamily if self.counter else GaugeMetricFamily
        family: Any = kind(self.name, self.meaning, labels=self.labels)
        for labels, value in self.of(found):
            family.add_metric(labels, value)
        made: Metric = family
        return made


def _each(counted: Mapping[Any, float]) -> list[Sample]:
    return [
        (label if isinstance(label, tuple) else (label,), value) for label, value in counted.items()
    ]


METERS = (
    Meter(
        "hub_taken",
        "Messages (parcels where nobody could read one) that partners sent, by our answer:"
        " owned, not_ours, refused, unable",
        ("partner", "answer"),
        lambda found: _each(found.taken),
        counter=True,
    ),
    Meter(
        "hub_open_deliveries",
        "Deliveries that have not ended, by state",
        ("partner", "state"),
        lambda found: _each(found.open),
    ),
    Meter(
        "hub_oldest_delivery_seconds",
        "Age of the oldest delivery that its partner has not got",
        ("partner",),
        lambda found: _each(found.oldest),
    ),
    Meter(
        "hub_partner_down_seconds",
        "Since when a partner cannot be reached; 0 where it can",
        ("partner",),
        lambda found: _each(found.down),
    ),
    Meter(
        "hub_partner_paused",
        "1 where a person paused a partner",
        ("partner",),
        lambda found: _each(found.paused),
    ),
    Meter(
        "hub_role_silent_seconds",
        "Since a role's last word, which comes every second",
        ("role",),
        lambda found: _each(found.silent),
    ),
    Meter(
        "hub_open_incidents",
        "Incidents that are open, by kind",
        ("kind",),
        lambda found: _each(found.incidents),
    ),
    Meter(
        "hub_open_handovers",
        "Messages that a named person must accept and nobody has: all of them, and those past"
        " their deadline",
        ("which",),
        lambda found: _each(found.handovers),
    ),
    Meter(
        "hub_open_calls",
        "Call sheets that wait for somebody to ring",
        (),
        lambda found: [((), found.calls)],
    ),
    Meter(
        "hub_unread_parcels",
        "Parcels that nobody could read and nobody has dealt with",
        (),
        lambda found: [((), found.unread)],
    ),
    Meter(
        "hub_stuck_records",
        "Records that failed alone and wait for a person",
        (),
        lambda found: [((), found.stuck)],
    ),
)
KAFKA = ("hub_kafka_up", "1 where Kafka answers the desk, 0 where it does not")


@dataclass(frozen=True, eq=False)
class _Counted(Collector):
    conn: Connection
    desk: Desk
    now: datetime

    def collect(self) -> Iterable[Metric]:
        found = readings(self.conn, self.now, [one.partner for one in self.desk.directory])
        for meter in METERS:
            yield meter.family(found)
        kafka = GaugeMetricFamily(*KAFKA)
        kafka.add_metric((), float(self.desk.road.up))
        yield kafka


@router.get("/metrics")
def metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """For Prometheus: with the token that is set, or from this machine where none is."""
    desk = desk_of(request)
    _allowed(request, desk, authorization)
    registry = CollectorRegistry(auto_describe=False)
    with desk.ledger.connect() as conn:
        registry.register(_Counted(conn, desk, clock.now()))
        told = generate_latest(registry)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _allowed(request: Request, desk: Desk, authorization: str) -> None:
    token = desk.settings.metrics_token
    if token is not None:
        scheme, _, shown = authorization.partition(" ")
        known = token.get_secret_value().encode()
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.encode(), known):
            return
        raise HTTPException(
            401, "show the token of HUB_METRICS_TOKEN", {"WWW-Authenticate": "Bearer"}
        )
    # What a proxy on this machine passes on comes from elsewhere.
    passed_on = {"forwarded", "x-forwarded-for"} & set(request.headers)
    if request.client is None or passed_on or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403, "told on this machine only, unless HUB_METRICS_TOKEN is set")
