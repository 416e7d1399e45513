"""A small site for tests of core: four partners, all keys, the rules of `deploy`, and an empty ledger."""

import weakref
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from hub import ids
from hub.clock import now
from hub.core.app import _know
from hub.core.arrival import Arrival
from hub.core.dispatch import dispatch
from hub.core.record import record_messages
from hub.core.work import Site, Work
from hub.ledger.migrate import migrate_engine
from hub.ledger.session import open_ledger
from hub.ledger.version import OtherVersion, check_version
from hub.partners import Directory, Partner, Receives, Role
from hub.rules.book import Book
from hub.seal import Keyring
from hub.settings import Settings
from hub.wire import Outbound, read
from schemas.envelope import Envelope, Priority, Sender, Subject
from schemas.register import child_of, entry_of
from schemas.values import Said

LEEDS = "383"


def a_partner(name: str, role: Role, kind: str = "http", **more: Any) -> Partner:
    """A partner of the test site."""
    settings: dict[str, Any] = {"kind": kind}
    defaults: dict[str, Any] = {
        "partner": name,
        "title": name.replace("-", " ").title(),
        "role": role,
        "agency": f"X26{name[:3].upper()}",
        "authorities": (LEEDS,),
        "transport": settings,
        "format": {"kind": "hub-json"},
    }
    return Partner(**defaults | more)


def the_partners() -> list[Partner]:
    """A hospital, an assessment team, EDT and the police."""
    types = ("health.attendance", "edt.handover", "referral.received", "strategy.record")
    team = tuple(Receives(type=name) for name in types)
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=team, order="case", window=8),
        a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        a_partner("police", Role.POLICE, receives=(Receives(type="strategy.record"),)),
    ]


the_book = lru_cache(Book.read)
"""The shipped rules, read once."""


class Bench:
    """A core without Kafka: messages in, orders out, the ledger between."""

    def __init__(self, url: str, folder: Path, partners: Iterable[Partner] | None = None):
        self.engine = open_ledger(url, by_index=True)
        # A bench that nobody has any more lets go of its ledger: Python 3.13 tells of what is left open.
        weakref.finalize(self, self.engine.dispose)
        try:
            check_version(self.engine)
        except OtherVersion:
            migrate_engine(self.engine)
        settings = Settings(data=folder, instance="1")
        self.site = Site(
            settings,
            Keyring.first_start(folder / "keys"),
            Directory(the_partners() if partners is None else partners),
            the_book(settings.rules_dir, settings.calendars_dir),
        )
        self.out: list[Outbound] = []
        self.do(lambda work: _know(work.conn, [p.partner for p in self.site.directory]))

    def close(self) -> None:
        """Lets go of the ledger."""
        self.engine.dispose()

    def do(self, effect: Callable[[Work], Any], at: datetime | None = None) -> Any:
        """One transaction, with what it hands out gathered in `out`."""
        with self.engine.begin() as conn:
            work = Work(conn, self.site, at or now())
            done = effect(work)
            work.flush()
            dispatch(work)
            work.flush()
        self.out += work.out
        return done

    def record(self, *arrivals: Arrival, at: datetime | None = None) -> None:
        """Records messages as one batch; what says no time of its own happened, and came, then."""
        for one in arrivals if at is not None else ():
            said = one.envelope
            happened = at if said.occurred_at == said.recorded_at else said.occurred_at
            times = {"occurred_at": happened, "recorded_at": at}
            one.envelope = said.model_copy(update=times)
        self.do(lambda work: record_messages(work, arrivals), at)

    def orders(self) -> list[dict[str, Any]]:
        """What was handed to edge since the last look: the orders' facts, in order."""
        found = []
        for out in self.out:
            if out.topic.startswith("deliveries."):
                headers = {name: value.encode() for name, value in out.headers.items()}
                record = read(self.site.keys, out.topic, headers, out.value)
                found.append({**record.meta, "topic": out.topic, "body": orjson.loads(record.blob)})
        self.out = []
        return found

    def all(self, sql: str, **named: Any) -> list[Any]:
        """Rows of the ledger."""
        from hub.ledger.write import rows

        with self.engine.connect() as conn:
            return rows(conn, sql, **named)


def an_arrival(
    type: str,
    body: Said,
    partner: str = "hospital",
    reference: str = "1",
    priority: Priority = Priority.ROUTINE,
    **more: Any,
) -> Arrival:
    """A message as the road would bring it."""
    content = body.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    digest = ids.digest(content)
    message_id = ids.message_id(partner, "default", reference, "1", digest)
    entry = entry_of(type)
    child = child_of(body)
    number = getattr(getattr(child, "nhs_number", None), "value", None) if child else None
    given = getattr(number, "number", None) or (number if isinstance(number, str) else None)
    moment = now()
    envelope = Envelope(
        message_id=message_id,
        type=type,
        schema_version=entry.version,
        occurred_at=moment,
        recorded_at=moment,
        correlation_id=message_id,
        idempotency_key=reference,
        authority=LEEDS,
        sender=Sender(agency=f"X26{partner[:3].upper()}", system=partner),
        recipients=more.pop("recipients", ()),
        priority=priority,
        ack_expected=entry.ack,
        labels=more.pop("labels", ()),
    )
    facts: dict[str, Any] = {"parcel_id": ids.fresh()} | more
    return Arrival(
        str(message_id),
        type,
        entry.version,
        partner,
        "default",
        reference,
        "1",
        digest,
        envelope,
        content,
        facts.pop("subject", Subject(nhs_number=given)),
        **facts,
    )
