"""What stands in the ledger under partners' names is turned into the parties that access is decided on."""

from collections.abc import Iterable
from dataclasses import replace

from hub.desk.access import Action, Facts, Grant, Party, Person, Role, may
from hub.ledger.read.handovers import Handover, Receiver, Whose
from hub.partners import Directory, Partner
from hub.partners import Role as Column

_PRESSING = ("immediate", "urgent")
_OF_ROLE = {
    Role.TEAM_WORKER: None,
    Role.DUTY_MANAGER: Column.ASSESSMENT_TEAM,
    Role.SERVICE_MANAGER: Column.ASSESSMENT_TEAM,
    Role.EDT: Column.EDT,
}


def party(directory: Directory, partner: str, team: str | None = None) -> Party | None:
    """The agency and team behind a partner's name; a team named by the message comes first."""
    known = directory.get(partner)
    return Party(known.agency, team or known.team) if known else None


def facts(
    directory: Directory,
    authority: str | None,
    *,
    receivers: Iterable[Receiver] = (),
    senders: Iterable[str] = (),
    priority: str = "routine",
    holder: str = "",
    givers: Iterable[Receiver] = (),
    passed_on: bool = False,
    called: Iterable[Receiver] = (),
) -> Facts:
    """What access turns on, for something in the ledger."""
    to = (party(directory, one.partner, one.team) for one in receivers)
    had = (party(directory, one.partner, one.team) for one in givers)
    rang = (party(directory, one.partner, one.team) for one in called)
    by = (party(directory, name) for name in senders)
    return Facts(
        authority,
        frozenset(one for one in to if one is not None),
        frozenset(one for one in by if one is not None),
        priority in _PRESSING,
        holder,
        frozenset(one for one in had if one is not None),
        passed_on,
        frozenset(one for one in rang if one is not None),
    )


def handover_facts(directory: Directory, one: Handover, to: Iterable[Receiver] = ()) -> Facts:
    """The facts of a message that somebody must accept; `to` as `receivers` reads them."""
    known = list(to)
    named = [Receiver(one.receiver, one.team)] if one.receiver else []
    return facts(
        directory,
        one.authority,
        receivers=[*named, *(there for there in known if not there.past)],
        senders=[one.sender],
        priority=one.priority,
        holder=one.holder or "",
        givers=[there for there in known if there.past] if one.passed_on else (),
        passed_on=one.passed_on,
        called=[there for there in (*named, *known) if there.partner == one.called],
    )


def is_own(directory: Directory, person: Person, partner: str, team: str | None = None) -> bool:
    """Whether a partner (or the team named) is one of the person's own."""
    there = party(directory, partner, team)
    return there is not None and any(grant.is_of([there]) for grant in person.grants)


def concerning(directory: Iterable[Partner], person: Person) -> Whose:
    """What is read of the ledger because it may be this person's to accept, answer or finish."""
    known = list(directory)
    agencies = {grant.agency for grant in person.grants}
    teams = {grant.team for grant in person.grants}
    own = {p.partner for p in known for g in person.grants if g.is_of([Party(p.agency, p.team)])}
    return Whose(
        person.name,
        frozenset(own),
        frozenset(p.partner for p in known if p.agency in agencies),
        None if "" in teams else frozenset(teams),
    )


def sees_all(person: Person, authority: str) -> bool:
    """Whether they see every recipient's copy; agency workers see their own column only."""
    return bool(may(person, Action.SEE, Facts(authority)))


def everything_of(person: Person) -> list[str] | None:
    """The authorities of which they see all that there is; None is every authority."""
    found = {
        grant.authority
        for grant in person.grants
        if may(replace(person, grants=(grant,)), Action.SEE, Facts(_some(grant)))
    }
    return None if "*" in found else sorted(found)


def _some(grant: Grant) -> str | None:
    return None if grant.authority == "*" else grant.authority


def column(directory: Iterable[Partner], grant: Grant) -> Column | None:
    """The column of the disclosure policy by which somebody reads; None: nothing is released.

    An auditor reads all, so has no column; callers ask for that first.
    """
    own = [p for p in directory if p.agency == grant.agency and grant.reaches_any(p.authorities)]
    named = [p for p in own if grant.team and p.team == grant.team]
    found = named or [p for p in own if not grant.team or p.team is None]
    return found[0].role if found else _OF_ROLE.get(grant.role)
