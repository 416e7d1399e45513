"""`hub trace` prints where a message is, who has it and what they said, from the ledger alone."""

import sys
from datetime import datetime

from rich.console import Console
from rich.markup import escape

from hub.clock import london
from hub.directory import partner_files
from hub.ledger.read.journey import WHOLE
from hub.ledger.read.sentences import Name, plain
from hub.ledger.read.stands import stands
from hub.ledger.read.there import ledger_there
from hub.ledger.read.timeline import Event
from hub.ledger.read.trace import Several, Trace, trace
from hub.ledger.session import at_one_moment
from hub.partners import Directory
from hub.settings import Settings

_COLOURS = {"late": "red", "soon": "yellow", "calm": "default"}
_SHAPES = {"late": "▲", "soon": "●", "calm": "○"}


def trace_command(settings: Settings, reference: str) -> None:
    """Prints the journey under a reference; ends with 1 where there is none or its audit is broken."""
    name = names(partner_files.load(settings.partners_dir))
    with ledger_there(settings.ledger_url) as engine, at_one_moment(engine) as conn:
        found = trace(conn, reference, name)
    console = Console(soft_wrap=True, highlight=False)
    if found is None:
        console.print(f"There is nothing under {escape(reference)!r}.")
        sys.exit(1)
    if isinstance(found, Several):
        console.print(f"{len(found.hits)} messages; name one:")
        for hit in found.hits:
            console.print(f"  {hit.message_id}  {moment(hit.recorded_at)}  {hit.type}", end="  ")
            console.print(escape(f"{hit.reference} from {name(hit.partner)}"))
        return
    _print(console, found, name)
    if found.broken:
        sys.exit(1)


def names(directory: Directory) -> Name:
    """What people call partners."""

    def name(partner: str | None) -> str:
        known = directory.get(partner) if partner else None
        return known.title if known else partner or "nobody"

    return name


def moment(at: datetime) -> str:
    """A time of the journey, in Europe/London."""
    return f"{london(at):%a %d %b %H:%M:%S}"


def _print(console: Console, found: Trace, name: Name) -> None:
    console.print(f"[bold]{escape(found.of)}[/]")
    console.print(f"Authority {found.authority}, case {found.case_ref}")
    console.print(f"OpenTelemetry: trace {', '.join(found.watched)}")
    for one in found.custody:
        asked = one.machine == "handover"
        said = escape("  " + plain(stands(one, name), moment))
        console.print(said, style="bold" if asked else None)
    if found.cut:
        console.print(f"● only its newest {WHOLE:,} messages are printed")
    for event in found.events:
        _event(console, event)
    if found.broken:
        console.print(f"▲ the audit chain does not hold: {escape(found.broken)}", style="red")
    else:
        console.print(f"✓ the audit chain holds: {found.entries} entries")


def _event(console: Console, event: Event) -> None:
    indent = "    " if event.lane else ""
    if event.message:
        what = f"{event.message.type} {event.message.reference} from {event.who}: "
    elif event.lane:
        what = f"{'phone' if event.lane.transport == 'call' else 'to'} {event.who}: "
    else:
        what = f"{event.who}: " if event.who else ""
        what = f"{event.about.reference}, {what}" if event.about else what
    words = f"{indent}{_SHAPES[event.mood]} {what}{plain(event.parts, moment)}"
    said = f" — {event.said}" if event.said else ""
    if event.stated:
        said += f" (by their own word {moment(event.stated)})"
    console.print(f"{moment(event.at)}  {escape(words + said)}", style=_COLOURS[event.mood])
    for attempted in event.tries:
        tail = f": {attempted.said}" if attempted.said else ""
        line = f"attempt {attempted.number}, {moment(attempted.at)}: {attempted.outcome}{tail}"
        console.print(f"{' ' * 20}      {escape(line)}")
