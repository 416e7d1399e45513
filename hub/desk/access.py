"""What a person may do is one table of roles and actions, and every no says why in words.

A grant is a role for one authority (or all), as one of an agency and perhaps of one team. Several
grants add up: what one of them allows is allowed. Agency workers (police, a school, a hospital)
are team workers of their agency: they see what their agency or team was sent, or sent itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The roles of the desk."""

    TEAM_WORKER = "team_worker"
    DUTY_MANAGER = "duty_manager"
    SERVICE_MANAGER = "service_manager"
    EDT = "edt"
    OPERATIONS = "operations"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """As people say it."""
        return {"edt": "EDT worker"}.get(self.value, self.value.replace("_", " "))


class Action(StrEnum):
    """What can be done at the desk; the value completes "you may not …"."""

    SEE = "see this"
    OPEN_CONTENT = "open content"
    OPEN_PARCEL = "open unread bytes"
    ANSWER = "answer for this team"
    REPLY = "answer a question about it"
    WITHDRAW = "withdraw it"
    BEGIN = "begin it"
    FINISH = "complete it"
    REASSIGN = "pass it on"
    RECALL = "take it back"
    PLACE = "say where it goes after it was refused"
    RETRY = "send it again"
    REPAIR = "correct it and send it as new"
    REVIEW = "release what the disclosure policy held"
    ABANDON = "give a delivery up"
    TAKE_CALL = "use call sheets"
    HANDLE_PARCEL = "claim or close an unread parcel"
    FIND_CHILD = "look for a child by its number"
    MATCH = "say which child it is"
    CLEAR = "clear a conflict"
    UNSTICK = "try a stuck record again"
    RESOLVE_EARLY = "settle an early message"
    SEE_ROAD = "see partners, failures and incidents"
    PAUSE = "pause or resume a partner"
    CLAIM_INCIDENT = "take an incident"
    TEST = "test a partner's connection"
    CLOSE_INCIDENT = "close an incident"
    VERIFY = "verify the audit"
    SEE_PEOPLE = "see people"
    MANAGE_PEOPLE = "change people"


@dataclass(frozen=True, slots=True)
class Party:
    """An agency, or one team of it, that something was sent to or came from."""

    agency: str
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, and where it holds."""

    role: Role
    authority: str = "*"
    agency: str = ""
    team: str = ""

    def reaches(self, authority: str | None) -> bool:
        """Whether it holds for an authority; what belongs to none is everybody's of the role."""
        return authority is None or self.authority in ("*", authority)

    def reaches_any(self, authorities: Iterable[str]) -> bool:
        """Whether it holds for one of several authorities."""
        return any(self.reaches(authority) for authority in authorities)

    def is_of(self, parties: Iterable[Party]) -> bool:
        """Whether its agency (and team, where both name one) is among the parties."""
        return any(
            party.agency == self.agency
            and (not self.team or party.team is None or party.team == self.team)
            for party in parties
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What access turns on: whose it is, who was sent it, who sent it, how pressing it is.

    `holder` is the name of who holds it; where they have passed it on and nobody has accepted it
    since, `givers` are whom it was sent to before, and `passed_on` says so. `called` is
    the team that was rung, where it was accepted by telephone.
    """

    authority: str | None = None
    receivers: frozenset[Party] = frozenset()
    senders: frozenset[Party] = frozenset()
    pressing: bool = False
    holder: str = ""
    givers: frozenset[Party] = frozenset()
    passed_on: bool = False
    called: frozenset[Party] = frozenset()

    @property
    def parties(self) -> frozenset[Party]:
        """Everybody who has it already."""
        return self.receivers | self.senders | self.givers

    @property
    def holders(self) -> frozenset[Party]:
        """The team of who holds it."""
        return self.givers or self.receivers


NOTHING = Facts()
"""What belongs to no authority and concerns nobody."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in."""

    person_id: str
    name: str
    email: str = ""
    grants: tuple[Grant, ...] = field(default=())

    @property
    def authorities(self) -> tuple[str, ...]:
        """The authorities of all grants, `*` for all."""
        return tuple(sorted({grant.authority for grant in self.grants}))

    def has(self, *roles: Role) -> bool:
        """Whether one of the roles is held anywhere."""
        return any(grant.role in roles for grant in self.grants)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, by this grant: the act is done in its role."""

    by: Grant

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Denied:
    """No, and why."""

    why: str

    def __bool__(self) -> bool:
        return False


class _Need(StrEnum):
    """What beside the role must hold."""

    AUTHORITY = "authority"
    PARTY = "party"
    RECEIVER = "receiver"
    OWN = "own"
    KEPT = "kept: its sender, or who passed it on"
    HOLDER = "holder"
    HOLDERS = "holder or their team"
    FINISHER = "holder, or the team that took it by telephone"
    CALM = "calm"


_R, _A, _N = Role, Action, _Need
_MANAGERS = (_R.DUTY_MANAGER, _R.SERVICE_MANAGER)
_HOUSE = (*_MANAGERS, _R.EDT)
_HOLDERS = {
    **dict.fromkeys((_R.TEAM_WORKER, _R.EDT), _N.HOLDER),
    **dict.fromkeys(_MANAGERS, _N.HOLDERS),
}

TABLE: dict[Action, dict[Role, _Need]] = {
    _A.SEE: {
        _R.TEAM_WORKER: _N.PARTY,
        **dict.fromkeys((*_HOUSE, _R.OPERATIONS, _R.AUDITOR), _N.AUTHORITY),
    },
    _A.OPEN_CONTENT: {
        _R.TEAM_WORKER: _N.PARTY,
        **dict.fromkeys((*_HOUSE, _R.AUDITOR), _N.AUTHORITY),
    },
    _A.OPEN_PARCEL: dict.fromkeys((*_HOUSE, _R.AUDITOR), _N.AUTHORITY),
    _A.ANSWER: {_R.TEAM_WORKER: _N.RECEIVER, **dict.fromkeys(_HOUSE, _N.RECEIVER)},
    _A.REPLY: {_R.TEAM_WORKER: _N.KEPT, **dict.fromkeys(_HOUSE, _N.KEPT)},
    _A.PLACE: {_R.TEAM_WORKER: _N.KEPT, **dict.fromkeys(_HOUSE, _N.KEPT)},
    _A.WITHDRAW: {_R.TEAM_WORKER: _N.OWN, **dict.fromkeys(_HOUSE, _N.OWN)},
    _A.BEGIN: dict.fromkeys((_R.TEAM_WORKER, *_HOUSE), _N.HOLDER),
    _A.FINISH: _HOLDERS | dict.fromkeys((_R.TEAM_WORKER, _R.EDT), _N.FINISHER),
    _A.REASSIGN: _HOLDERS,
    _A.RECALL: _HOLDERS,
    _A.RETRY: dict.fromkeys((*_HOUSE, _R.OPERATIONS), _N.AUTHORITY),
    _A.REPAIR: dict.fromkeys(_HOUSE, _N.AUTHORITY),
    _A.REVIEW: dict.fromkeys(_MANAGERS, _N.AUTHORITY),
    _A.ABANDON: {
        _R.SERVICE_MANAGER: _N.AUTHORITY,
        **dict.fromkeys((_R.DUTY_MANAGER, _R.OPERATIONS), _N.CALM),
    },
    _A.TAKE_CALL: dict.fromkeys((*_HOUSE, _R.OPERATIONS), _N.AUTHORITY),
    _A.HANDLE_PARCEL: dict.fromkeys((*_HOUSE, _R.OPERATIONS), _N.AUTHORITY),
    _A.FIND_CHILD: dict.fromkeys((*_HOUSE, _R.AUDITOR), _N.AUTHORITY),
    _A.MATCH: dict.fromkeys(_HOUSE, _N.AUTHORITY),
    _A.CLEAR: dict.fromkeys(_HOUSE, _N.AUTHORITY),
    _A.UNSTICK: {_R.OPERATIONS: _N.AUTHORITY},
    _A.RESOLVE_EARLY: dict.fromkeys((*_HOUSE, _R.OPERATIONS), _N.AUTHORITY),
    _A.SEE_ROAD: dict.fromkeys(
        (*_HOUSE, _R.OPERATIONS, _R.AUDITOR, _R.ADMINISTRATOR), _N.AUTHORITY
    ),
    _A.PAUSE: dict.fromkeys((_R.OPERATIONS, _R.ADMINISTRATOR), _N.AUTHORITY),
    _A.CLAIM_INCIDENT: dict.fromkeys((*_HOUSE, _R.OPERATIONS, _R.ADMINISTRATOR), _N.AUTHORITY),
    _A.TEST: dict.fromkeys((*_HOUSE, _R.OPERATIONS, _R.ADMINISTRATOR), _N.AUTHORITY),
    _A.CLOSE_INCIDENT: dict.fromkeys((_R.SERVICE_MANAGER, _R.OPERATIONS), _N.AUTHORITY),
    _A.VERIFY: dict.fromkeys((_R.SERVICE_MANAGER, _R.AUDITOR), _N.AUTHORITY),
    _A.SEE_PEOPLE: dict.fromkeys((_R.ADMINISTRATOR, _R.AUDITOR), _N.AUTHORITY),
    _A.MANAGE_PEOPLE: {_R.ADMINISTRATOR: _N.AUTHORITY},
}


def may(person: Person, action: Action, facts: Facts = NOTHING) -> Allowed | Denied:
    """Whether this person may do this with what the facts describe. Pure."""
    table = TABLE[action]
    whys: list[str] = []
    for grant in person.grants:
        need = table.get(grant.role)
        if need is None:
            continue
        why = _missing(person, grant, need, facts)
        if why is None:
            return Allowed(grant)
        whys.append(why)
    if whys:
        return Denied(whys[0])
    roles = ", ".join(sorted({grant.role.label for grant in person.grants})) or "nobody yet"
    return Denied(f"that is for {_any_of(table)}, and you are {roles}")


def _any_of(roles: Iterable[Role]) -> str:
    """`duty manager, service manager or EDT worker`."""
    *first, last = (role.label for role in Role if role in roles)
    return f"{', '.join(first)} or {last}" if first else last


def reach(person: Person, action: Action) -> tuple[str, ...] | None:
    """The authorities in which their roles let them do it; None where that is all of them. Pure."""
    found = {grant.authority for grant in person.grants if grant.role in TABLE[action]}
    return None if "*" in found else tuple(sorted(found))


def _missing(person: Person, grant: Grant, need: _Need, facts: Facts) -> str | None:
    if not grant.reaches(facts.authority):
        return "it belongs to another authority"
    if need is _N.PARTY and not grant.is_of(facts.parties):
        return "it was not sent to your team"
    if need is _N.RECEIVER and not grant.is_of(facts.receivers):
        return "it was not sent to your team: only its receiver can answer"
    if need is _N.OWN and not grant.is_of(facts.senders):
        return "only its sender can do that"
    if need is _N.KEPT and not facts.passed_on and not grant.is_of(facts.senders):
        return "only its sender can do that"
    if need is _N.KEPT and facts.passed_on:
        need = _HOLDERS[grant.role]
    if need in (_N.HOLDER, _N.HOLDERS, _N.FINISHER) and not _holds(person, grant, need, facts):
        return f"it is held by {facts.holder}" if facts.holder else "nobody holds it"
    if need is _N.CALM and facts.pressing:
        return "an immediate or urgent delivery is given up only by a service manager"
    return None


def _holds(person: Person, grant: Grant, need: _Need, facts: Facts) -> bool:
    """Whether they hold it themselves, or may act for whoever of their team does."""
    if not facts.holder or not grant.is_of(facts.holders):
        return False
    for_them = need is _N.HOLDERS or (need is _N.FINISHER and grant.is_of(facts.called))
    return for_them or facts.holder == person.name
