"""`hub status` shows the hub on one screen, from the ledger alone, and ends with 1 where it does not balance."""

import sys
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hub.clock import now
from hub.commands.trace import moment, names
from hub.desk.shown.incident_words import incident_cause, incident_title
from hub.directory import partner_files
from hub.ledger.read.partners import Standing
from hub.ledger.read.sentences import Name
from hub.ledger.read.status import Status, status
from hub.ledger.read.there import ledger_there
from hub.ledger.session import at_one_moment
from hub.settings import Settings

MOST = 8
"""Lines of any list: it is one screen."""


def status_command(settings: Settings) -> None:
    """Prints the hub as it is now."""
    directory = partner_files.load(settings.partners_dir)
    with ledger_there(settings.ledger_url) as engine, at_one_moment(engine) as conn:
        found = status(conn, now(), [partner.partner for partner in directory])
    _print(Console(soft_wrap=True, highlight=False), settings.site, found, names(directory))
    if not found.day.balanced:
        sys.exit(1)


@dataclass(frozen=True)
class _Named:
    """What people call a partner, for the words of the desk."""

    name: Name

    def title(self, partner: str | None) -> str:
        return self.name(partner)


def _print(console: Console, site: str, found: Status, name: Name) -> None:
    console.print(f"[bold]{escape(site)}[/] {moment(found.at)}")
    roles = [
        f"{'▲ ' if found.silent(role) else ''}{role.instance} {moment(role.at)[-8:]}"
        for role in found.roles
    ]
    console.print(f"Roles: {', '.join(roles) or 'none has spoken so far'}")
    day = found.day
    balanced = "✓ balanced" if day.balanced else "[red]▲ does not balance: hub ledger reconcile[/]"
    console.print(
        f"Last 24 h: {day.messages} in, {day.planned} planned = {day.delivered} delivered"
        f" + {day.under_way} under way + {day.for_a_person} for a person + {day.withheld} withheld"
        f" + {day.let_go} withdrawn, expired or given up  {balanced}"
    )
    console.print(
        "Flows: " + (", ".join(f"{f.type} {f.messages}" for f in found.flows) or "nothing")
    )
    _waiting(console, found, name)
    _partners(console, found, name)
    for wrong in found.wrong[:MOST]:
        words = f"▲ {incident_title(wrong, _Named(name))}: {incident_cause(wrong)}"
        has = f"; {wrong.claimed_by} has it" if wrong.claimed_by else ""
        since = f" (since {moment(wrong.first_seen)}, {wrong.count}×{has})"
        console.print(escape(words + since), style="red")
    if found.wrong_count > MOST:
        console.print(f"▲ and {found.wrong_count - MOST} more incidents", style="red")
    if not found.wrong:
        console.print("○ no incident is open")


def _waiting(console: Console, found: Status, name: Name) -> None:
    late = f", [red]▲ {len(found.late)} late[/]" if found.late else ""
    console.print(
        f"Waiting: {len(found.waiting)} to be accepted{late}; {found.calls} to ring,"
        f" {found.stopped} stopped, {found.unread} unread, {found.stuck} stuck"
    )
    for one in found.late[:MOST]:
        to = name(one.receiver) if one.receiver else "somebody"
        due = moment(one.due_at) if one.due_at else "no deadline"
        line = f"  ▲ {one.reference} {one.type} from {name(one.sender)} to {to}, due {due}"
        console.print(escape(line), style="red")


def _partners(console: Console, found: Status, name: Name) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("partner", "state"):
        table.add_column(heading)
    for heading in ("in", "out", "waiting", "offered", "for a person"):
        table.add_column(heading, justify="right")
    for partner, standing in found.partners.items():
        waits = standing.waiting
        table.add_row(
            escape(name(partner)),
            _state(standing),
            str(standing.traffic.received),
            str(standing.traffic.delivered),
            str(waits.waiting),
            str(waits.offered),
            str(waits.needs_person),
        )
    console.print(table)
    for partner, standing in found.partners.items():
        left = standing.tallied
        if left.refused or left.unable or left.not_ours:
            line = (
                f"Left outside, from {name(partner)}: {left.not_ours} not ours,"
                f" {left.refused} refused, {left.unable} that could not be taken then"
            )
            console.print(escape(line))


def _state(standing: Standing) -> str:
    state = standing.state
    if state.paused_at is not None:
        return f"● paused since {moment(state.paused_at)}"
    if state.down_since is not None:
        return f"[red]▲ no answer since {moment(state.down_since)}[/]"
    return "○"
