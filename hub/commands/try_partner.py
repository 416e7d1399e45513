"""What came of trying a partner by hand is one sentence and one exit code, whatever was tried."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from connectors.base import OutcomeUnknown, Refused, Transport, TryAgain
from connectors.transports import make_transport
from hub.directory.partner_files import PartnersWrong, load, named
from hub.partners import Partner
from hub.settings import Settings


def probe_command(settings: Settings, name: str) -> int:
    """`hub partners test P`: opens the connection and says what was found; the exit code."""
    partner = partner_of(settings, name)
    return 1 if partner is None else asyncio.run(tried(partner, lambda there: there.probe()))


def partner_of(settings: Settings, name: str) -> Partner | None:
    """The partner of that name; none where its files are wrong or there is none, and why is printed."""
    try:
        return named(load(settings.partners_dir, settings.calendars_dir), name)
    except (PartnersWrong, LookupError) as error:
        print(error, file=sys.stderr)
        return None


async def tried(
    partner: Partner, how: Callable[[Transport], Awaitable[str]], reference: str = "it"
) -> int:
    """0 with what was found; 2 not now, 3 not as things are, 4 nobody knows."""
    transport = make_transport(partner.partner, partner.transport)
    try:
        print(f"{partner.partner}: {await how(transport)}")
    except TryAgain as error:
        print(f"{partner.partner}: not now: {error}", file=sys.stderr)
        return 2
    except Refused as error:
        print(f"{partner.partner}: mend its file or its side: {error}", file=sys.stderr)
        return 3
    except OutcomeUnknown as error:
        print(f"{partner.partner}: look whether {reference} is there: {error}", file=sys.stderr)
        return 4
    finally:
        await transport.close()
    return 0
