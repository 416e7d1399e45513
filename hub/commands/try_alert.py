"""Whether alerts reach whom they are for is tried before anything is wrong, and says that nothing is."""

import asyncio
import sys
from uuid import UUID

import orjson

from connectors.base import Transport
from connectors.formats import make_format
from connectors.transports import TRANSPORTS
from hub.clock import now
from hub.commands.try_partner import partner_of, tried
from hub.ids import fresh
from hub.partners import Partner
from hub.rules.alerts import OPENED
from hub.settings import Settings
from schemas.envelope import Envelope, Marking, Sender
from schemas.incident import IncidentOpened
from schemas.register import HUB, entry_of


def try_command(settings: Settings, name: str) -> int:
    """`hub partners test P --alert`: sends one alert that says it is a test; the exit code.

    It goes straight to the partner and stands in no ledger: the hub need not run.
    """
    partner = partner_of(settings, name)
    if partner is None:
        return 1
    if not any(each.type == OPENED for each in partner.receives):
        print(f"{name} receives no `{OPENED}`: write it below `receives:`", file=sys.stderr)
        return 1
    if TRANSPORTS[partner.transport["kind"]].mode == "held":
        print(f"{name} collects what it gets: nothing is sent to it", file=sys.stderr)
        return 1
    return asyncio.run(_send(settings, partner))


async def _send(settings: Settings, partner: Partner) -> int:
    reference = fresh()
    written = make_format(partner.format).write(*_alert(settings, partner, reference), reference)

    async def push(transport: Transport) -> str:
        pushed = await transport.push(written)
        return f"it took {reference} ({pushed.detail or pushed.level.value})"

    return await tried(partner, push, reference)


def _alert(
    settings: Settings, partner: Partner, reference: str
) -> tuple[Envelope, dict[str, object]]:
    moment, entry = now(), entry_of(OPENED)
    envelope = Envelope(
        message_id=UUID(reference),
        type=OPENED,
        schema_version=entry.version,
        occurred_at=moment,
        recorded_at=moment,
        correlation_id=UUID(reference),
        idempotency_key=reference,
        authority=partner.authorities[0],
        sender=Sender(agency=HUB, system=HUB),
        ack_expected=entry.ack,
        marking=Marking.OFFICIAL,
        test=True,
    )
    body = IncidentOpened(
        incident=reference,
        kind="test",
        title=f"This is a test of the alerts of {settings.site}, and nothing is wrong",
        subject=partner.partner,
        first_seen=moment,
        count=1,
        cause="somebody at the hub tried whether alerts get here",
        what_to_do="Nothing. No second message follows.",
        runbook=f"{settings.runbook_dir}/heartbeat.md",
    )
    told: dict[str, object] = orjson.loads(body.model_dump_json(exclude_defaults=True))
    return envelope, told
