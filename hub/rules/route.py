"""Whoever must get a message is planned for it, with the reason, and so is whoever does not.

Named recipients first; where none is named, partners who receive the type for that authority and
whose role the routing edition names. Nobody gets their own words back unless the edition says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import Field

from hub.partners import Partner, Receives, Role
from hub.rules.editions import Data, Edition
from hub.rules.on_duty import OnDuty, There, turn
from schemas.envelope import AckLevel, Envelope, For, Priority, Recipient
from schemas.register import REGISTER


class Shared(Data):
    """What one message type is shared for."""

    purpose: str = Field(description="What for, as a code")
    gateway: str = Field(description="Address of the provision under which it is shared")


class Way(Data):
    """How one message type is routed."""

    to: tuple[Role, ...] = Field(default=(), description="Roles served where no recipient is named")
    named_only: bool = Field(default=False, description="Only to the recipients it names")
    back_to_sender: bool = Field(default=False, description="Its sender gets a copy too")
    to_asker: bool = Field(
        default=False, description="The hub passes it on to the system whose message it answers"
    )
    on_duty: OnDuty | None = Field(
        default=None, description="Who acts when: by day, and out of hours where it cannot wait"
    )
    nowhere: str = Field(default="", description="Why it is never delivered, where that is so")
    informs: bool = Field(
        default=False, description="A site may have it go to its teams for information alone"
    )
    settled_by: tuple[str, ...] = Field(
        default=(),
        description="Fields of which any says what has become of it: nobody else need act then",
    )


class Routing(Edition):
    """Where message types go, and what for, by edition."""

    shared: dict[str, Shared]
    types: dict[str, Way]


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery to be made: to which partner, for which recipient, and why."""

    partner: str
    recipient: Recipient
    purpose: For
    why: str
    ack: AckLevel
    priority: Priority


@dataclass(frozen=True, slots=True)
class Missed:
    """A recipient or partner who gets nothing, and why.

    `owed`: the sender named them to act on it. `meant`: it is kept from them on purpose.
    """

    whom: str
    why: str
    owed: bool = False
    meant: bool = False


@dataclass(frozen=True, slots=True)
class Routed:
    """All deliveries of a message; `none` says why where there is not one."""

    planned: tuple[Planned, ...]
    missed: tuple[Missed, ...]
    edition: str

    @property
    def acting(self) -> tuple[Planned, ...]:
        """Deliveries to those who must act."""
        return tuple(one for one in self.planned if one.purpose is For.ACTION)

    @property
    def none(self) -> str | None:
        """Why the message has no delivery, or None where it has one."""
        if self.planned:
            return None
        return "; ".join(f"{m.whom}: {m.why}" for m in self.missed) or "nobody receives it"


def route(
    type: str,
    envelope: Envelope,
    partners: Iterable[Partner],
    edition: Routing,
    asker: str | None = None,
    there: There = lambda hours: True,
) -> Routed:
    """Who gets this message, for what, and at which acknowledgement level. Pure.

    `asker` is the partner whose message it answers, where the hub passes an answer on; `there`
    says which services are there now.
    """
    way = edition.types.get(type, Way())
    if way.nowhere:
        return Routed((), (Missed(type, way.nowhere),), edition.edition)
    known = sorted(partners, key=lambda partner: partner.partner)
    if way.to_asker and asker is not None:
        planned, missed = _to_asker(type, envelope, asker, known, way)
    elif envelope.recipients:
        planned, missed = _by_name(type, envelope, known, way)
    elif way.to_asker:
        planned, missed = [], [Missed(type, "the hub passes it on to whom it answers")]
    elif way.named_only:
        planned, missed = [], [Missed(type, "it goes only to recipients it names, and names none")]
    else:
        planned, missed = _by_role(type, envelope, known, way, there)
    return Routed(tuple(dict.fromkeys(planned)), tuple(missed), edition.edition)


def _to_asker(
    type: str, envelope: Envelope, asker: str, partners: list[Partner], way: Way
) -> tuple[list[Planned], list[Missed]]:
    """Only the system that asked: another one of the same agency would not know the number."""
    partner = next((one for one in partners if one.partner == asker), None)
    if partner is None:
        return [], [Missed(asker, "no partner of that name is known any more")]
    receives = _receives(partner, type, partner.team)
    why_not = _why_not(type, envelope, partner, way, receives)
    if why_not:
        return [], [Missed(asker, why_not)]
    [recipient] = envelope.recipients
    why = "it answers their message"
    return [_plan(envelope, partner, recipient, recipient.purpose, why)], []


def _by_name(
    type: str, envelope: Envelope, partners: list[Partner], way: Way
) -> tuple[list[Planned], list[Missed]]:
    planned: list[Planned] = []
    missed: list[Missed] = []
    for recipient in envelope.recipients:
        whom = "/".join(filter(None, (recipient.agency, recipient.team)))
        serving = _serving(type, recipient, envelope, partners)
        must = recipient.purpose is For.ACTION
        if not serving:
            why = f"no partner serves it for authority {envelope.authority}"
            missed.append(Missed(whom, why, owed=must))
        own: list[Planned] = []
        left_out: list[Missed] = []
        for partner in serving:
            receives = _receives(partner, type, recipient.team)
            why_not = _why_not(type, envelope, partner, way, receives)
            if why_not:
                left_out.append(_missed(whom, why_not, envelope, partner, receives, must))
            else:
                own.append(
                    _plan(envelope, partner, recipient, recipient.purpose, "named by the sender")
                )
        # Of several systems behind one recipient it is enough that one takes it.
        missed += [replace(one, owed=one.owed and not own) for one in left_out]
        planned += own
    return planned, missed


def _missed(
    whom: str,
    why: str,
    envelope: Envelope,
    partner: Partner,
    receives: Receives | None,
    must: bool = False,
) -> Missed:
    """Who sent it has it, and a live system is spared a test: neither is missing."""
    meant = receives is not None and partner.live and envelope.test
    return Missed(whom, why, must and not meant and not _is_sender(envelope, partner), meant)


def _by_role(
    type: str, envelope: Envelope, partners: list[Partner], way: Way, there: There
) -> tuple[list[Planned], list[Missed]]:
    planned: list[Planned] = []
    missed: list[Missed] = []
    able = (one for one in partners if _able(type, envelope, one, way))
    duty = turn(way.on_duty, able, envelope.priority, there)
    for partner in partners:
        receives = _receives(partner, type, None)
        called = partner.partner in duty.called
        if receives is None or (way.to and partner.role not in way.to and not called):
            continue
        if envelope.authority not in partner.authorities:
            missed.append(Missed(partner.partner, f"does not serve {envelope.authority}"))
            continue
        why_not = _why_not(type, envelope, partner, way, receives)
        if why_not:
            missed.append(_missed(partner.partner, why_not, envelope, partner, receives))
            continue
        informed = partner.partner in duty.informed
        purpose = For.INFORMATION if informed else receives.purpose
        recipient = Recipient(agency=partner.agency, team=partner.team, purpose=purpose)
        why = f"receives {type} as {partner.role.value}"
        if called:
            why += ", who is on duty"
        elif informed:
            why += ", for information: others are on duty"
        planned.append(_plan(envelope, partner, recipient, purpose, why))
    return planned, missed


def _able(type: str, envelope: Envelope, partner: Partner, way: Way) -> bool:
    """Whether this partner could act on it, if it is their turn."""
    receives = _receives(partner, type, None)
    acts = receives is not None and receives.purpose is For.ACTION
    served = envelope.authority in partner.authorities
    return acts and served and not _why_not(type, envelope, partner, way, receives)


def _plan(
    envelope: Envelope, partner: Partner, recipient: Recipient, purpose: For, why: str
) -> Planned:
    ack = envelope.ack_expected
    if purpose is For.INFORMATION and ack.rank > AckLevel.RECEIVED.rank:
        ack = AckLevel.RECEIVED
    return Planned(partner.partner, recipient, purpose, why, ack, envelope.priority)


def _serving(
    type: str, recipient: Recipient, envelope: Envelope, partners: list[Partner]
) -> list[Partner]:
    """The systems behind a named recipient: the team's own, else those of the whole agency."""
    agency = [
        p for p in partners if p.agency == recipient.agency and envelope.authority in p.authorities
    ]
    if recipient.team is None:
        return [p for p in agency if _receives(p, type, None)] or agency
    own = [p for p in agency if _has_team(p, recipient.team)]
    return own or [p for p in agency if p.team is None]


def _has_team(partner: Partner, team: str) -> bool:
    return partner.team == team or any(receives.team == team for receives in partner.receives)


def _receives(partner: Partner, type: str, team: str | None) -> Receives | None:
    """The row that matches: one that names a team takes only what names that team."""
    rows = [r for r in partner.receives if r.type == type and r.team in (None, team)]
    return rows[0] if rows else None


def _why_not(
    type: str, envelope: Envelope, partner: Partner, way: Way, receives: Receives | None
) -> str | None:
    if never_to(type, partner.role):
        return f"{type} never goes to family"
    if receives is None:
        return f"{partner.partner} does not receive {type}"
    if not way.back_to_sender and _is_sender(envelope, partner):
        return "it sent the message itself"
    if partner.live and envelope.test:
        return f"{partner.partner} is live and the message is a test"
    return None


def _is_sender(envelope: Envelope, partner: Partner) -> bool:
    sender = envelope.sender
    if sender.system == partner.partner:
        return True
    return sender.agency == partner.agency and sender.team == partner.team


def never_to(type: str, role: Role) -> bool:
    """Whether no policy and no review lets this role have the type (domain pages 6.2, 6.6). Pure."""
    entry = REGISTER.get(type)
    return entry is not None and entry.not_to_family and role.is_family


def takes(partner: Partner, type: str, authority: str, sender: Partner | None = None) -> bool:
    """Whether a person may send this on to a partner: it receives the type, to act on it. Pure."""
    receives = _receives(partner, type, partner.team)
    back = sender is not None and (
        partner.partner == sender.partner
        or (partner.agency, partner.team) == (sender.agency, sender.team)
    )
    wanted = receives is not None and receives.purpose is For.ACTION
    fit = authority in partner.authorities and not never_to(type, partner.role)
    return wanted and fit and not back


def sent_on(type: str, envelope: Envelope, partner: Partner, edition: Routing) -> Routed:
    """The one delivery to a partner whom a person chose, or why there is none. Pure."""
    way = edition.types.get(type, Way())
    receives = _receives(partner, type, partner.team)
    why_not = _why_not(type, envelope, partner, way, receives)
    if why_not is None and not takes(partner, type, envelope.authority):
        why_not = f"{partner.partner} does not act on {type} for authority {envelope.authority}"
    if why_not:
        return Routed((), (Missed(partner.partner, why_not),), edition.edition)
    recipient = Recipient(agency=partner.agency, team=partner.team, purpose=For.ACTION)
    planned = _plan(envelope, partner, recipient, For.ACTION, "sent on to them by a person")
    return Routed((planned,), (), edition.edition)


def authorised(type: str, envelope: Envelope, edition: Routing) -> Envelope:
    """The envelope with what this edition says it is shared for, and under which provision. Pure."""
    shared = edition.shared.get(type)
    return envelope.model_copy(update=shared.model_dump()) if shared else envelope
