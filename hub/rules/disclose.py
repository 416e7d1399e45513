"""One recipient gets one rendering: what the policy in force lets their role see, and no more.

Every field's data kind is a row of the policy, every role a column. Restrictions narrow a row and
the most restrictive wins; a kind without a row counts as narrative. Left out means absent. An
originator's handling condition binds every role beside the matrix, and information whose substance
is withheld leaves nothing that tells of it (the hub's domain pages 3.3, 5.6, 8.2 row 22).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from hub.partners import Role
from hub.rules.editions import Data, Edition
from schemas.kinds import Place
from schemas.labels import DataKind, Restriction

Cell = Literal[
    "Y", "S", "-", "own", "C", "C handling", "C household", "C open", "C acknowledgement"
]
"""Y yes · S summary fields only · - never · own about what they told us themselves, or their own
delivery · C where a named person approved it, or the condition holds: the originator's handling
names the role; same household; a referrer who asked for no protection; an acknowledgement."""

Row = dict[Role, Cell]


class Narrowing(Data):
    """What a restriction takes away; `kinds` maps a data kind to a cell for every other role."""

    kinds: dict[DataKind, Cell] = Field(default_factory=dict)
    spares: tuple[Role, ...] = Field(default=(), description="Roles that it does not narrow")
    review: tuple[Role, ...] = Field(
        default=(), description="Roles to whom a second person releases it"
    )
    deny: tuple[Role, ...] = Field(default=(), description="Roles to whom nothing goes")


class Policy(Edition):
    """The disclosure matrix, as data."""

    rows: dict[DataKind, Row]
    to_referrer: tuple[str, ...] = Field(
        default=(), description="Message types about what the recipient told us themselves"
    )
    acknowledgements: tuple[str, ...] = Field(default=(), description="Message types of receipt")
    review: tuple[Role, ...] = Field(
        default=(), description="Roles whose copies a second person releases"
    )
    originators: dict[DataKind, tuple[Role, ...]] = Field(
        default_factory=dict,
        description="Roles this kind comes from: no handling condition on it binds them",
    )
    restrictions: dict[Restriction, Narrowing]

    @model_validator(mode="after")
    def _whole(self) -> "Policy":
        for kind, row in self.rows.items():
            missing = sorted(role.value for role in set(Role) - set(row))
            if missing:
                raise ValueError(f"row {kind.value} has no cell for {', '.join(missing)}")
        if DataKind.CONCERN_NARRATIVE not in self.rows:
            raise ValueError("row concern_narrative is needed: kinds without a row count as it")
        missing = sorted(label.value for label in set(Restriction) - set(self.restrictions))
        if missing:
            raise ValueError(f"restrictions has no entry for {', '.join(missing)}")
        return self


class Verdict(StrEnum):
    """What is to be done with the rendering."""

    PERMIT = "permit"
    REVIEW = "review"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Own:
    """Facts about this recipient and this message on which conditional cells turn.

    `told` that they told us this themselves (the referrer of this referral); `household` that they
    live with the child; `open_referrer` that the referrer asked for no protection; `approved` the
    kinds a named person approved for them; `names` are what they go by as an agency, in small
    letters, so that their own information is known as theirs.
    """

    told: bool = False
    household: bool = False
    open_referrer: bool = False
    acknowledgement: bool = False
    approved: frozenset[DataKind] = frozenset()
    anonymous: bool = False
    names: frozenset[str] = frozenset()


def names(agency: str, title: str) -> frozenset[str]:
    """What an agency goes by where others write down what it told them. Pure."""
    return frozenset(one.strip().casefold() for one in (agency, title, title.split(",")[0]))


def own(
    policy: Policy, type: str, body: Mapping[str, Any], approved: frozenset[DataKind] = frozenset()
) -> Own:
    """The facts that the message itself tells; living together is never among them."""
    referrer = body.get("referrer") or body.get("caller") or {}
    kind = referrer.get("kind") if isinstance(referrer, Mapping) else None
    return Own(
        told=type in policy.to_referrer,
        open_referrer=kind in ("professional", "public_named"),
        acknowledgement=type in policy.acknowledgements,
        approved=approved,
        anonymous=type in policy.to_referrer and kind == "anonymous",
    )


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was left out; `why` names the rule, never the content."""

    path: str
    kind: DataKind
    why: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One rendering for one recipient, and the account of it."""

    body: dict[str, Any]
    released: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    verdict: Verdict
    edition: str
    why: str = ""


class _Grant(IntEnum):
    NONE = 0
    SUMMARY = 1
    FULL = 2


@dataclass(slots=True)
class _Account:
    released: list[str] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)


def disclose(
    policy: Policy,
    places: Iterable[Place],
    body: Mapping[str, Any],
    labels: tuple[Restriction, ...],
    role: Role,
    facts: Own,
) -> Disclosure:
    """What of `body` this recipient gets, what is left out and why. Pure."""
    if facts.anonymous:
        why = "the referrer is anonymous: nobody can be told"
        return Disclosure({}, (), (), Verdict.DENY, policy.edition, why)
    denying = [label.value for label in labels if role in policy.restrictions[label].deny]
    if denying:
        why = f"{', '.join(denying)}: nothing goes to {role.value}"
        return Disclosure({}, (), (), Verdict.DENY, policy.edition, why)
    account = _Account()
    kept = _judge(policy, places, labels, role, facts).keep(dict(body), "", "", account)
    reviewing = [label.value for label in labels if role in policy.restrictions[label].review]
    if not account.released:
        verdict, why = Verdict.DENY, f"nothing in it may go to {role.value}"
    elif role in policy.review:
        verdict, why = Verdict.REVIEW, f"a second person releases what goes to {role.value}"
    elif reviewing:
        verdict, why = Verdict.REVIEW, f"{', '.join(reviewing)}: a second person releases it"
    else:
        verdict, why = Verdict.PERMIT, ""
    return Disclosure(
        kept if isinstance(kept, dict) and verdict is not Verdict.DENY else {},
        tuple(account.released),
        tuple(account.withheld),
        verdict,
        policy.edition,
        why,
    )


def kept_from(
    policy: Policy,
    places: Iterable[Place],
    labels: tuple[Restriction, ...],
    role: Role,
    facts: Own,
) -> frozenset[str]:
    """The places that this role reads of no such message, whatever it says; by general path. Pure."""
    judge = _judge(policy, places, labels, role, facts)
    return frozenset(
        one.path for one in judge.whole if judge._refusal(one.kind, one, None) is not None
    )


_ABSENT = object()
_POSITION = re.compile(r"\[\d+\]")
_SKELETON = "its substance is withheld, and with it that there is any"
_MOST_JUDGES = 4_096


@dataclass(frozen=True, slots=True)
class _Judge:
    """One policy for one kind of recipient of one kind of message; each path is judged once."""

    policy: Policy
    whole: Iterable[Place]
    labels: tuple[Restriction, ...]
    role: Role
    facts: Own
    places: dict[str, Place]
    judged: dict[tuple[str, bool | None], str | None] = field(default_factory=dict)

    def keep(
        self,
        value: Any,
        path: str,
        general: str,
        account: _Account,
        handled: bool | None = None,
    ) -> Any:
        """The part of `value` that may be seen; `_ABSENT` where none may.

        `general` is `path` with list positions taken out: `children[].name` of `children[2].name`;
        `handled` whether an originator's condition names this role, None where none is stated.
        """
        known = self.places.get(general)
        if known is None and isinstance(value, dict):
            if general and f"{general}.handling" in self.places:
                return self._item(value, path, general, account, handled)
            if not general:
                handled = self._handled(value, general, handled)
            return self._parts(value, path, general, account, handled)
        if known is None and isinstance(value, list):
            items = [
                self.keep(item, f"{path}[{n}]", general + "[]", account, handled)
                for n, item in enumerate(value)
            ]
            kept_items = [item for item in items if item is not _ABSENT]
            return kept_items if kept_items or not value else _ABSENT
        kind = known.kind if known else DataKind.CONCERN_NARRATIVE
        at = (general, handled)
        if at not in self.judged:
            self.judged[at] = self._refusal(kind, known, handled)
        refusal = self.judged[at]
        if refusal is None:
            account.released.append(path)
            return value
        account.withheld.append(Withheld(path, kind, refusal))
        return _ABSENT

    def _parts(
        self,
        value: dict[str, Any],
        path: str,
        general: str,
        account: _Account,
        handled: bool | None,
    ) -> Any:
        dot = "." if path else ""
        kept = {}
        for name, part in value.items():
            tail = dot + name
            one = self.keep(part, path + tail, general + tail, account, handled)
            if one is not _ABSENT:
                kept[name] = one
        return kept if kept or not value else _ABSENT

    def _item(
        self,
        value: dict[str, Any],
        path: str,
        general: str,
        account: _Account,
        around: bool | None,
    ) -> Any:
        """Information under a condition: gone altogether where its substance may not be seen."""
        mine = _Account()
        kept = self._parts(value, path, general, mine, self._handled(value, general, around))
        account.withheld += mine.withheld
        if mine.withheld and all(self._is_metadata(one) for one in mine.released):
            metadata = DataKind.DELIVERY_METADATA
            account.withheld += [Withheld(one, metadata, _SKELETON) for one in mine.released]
            return _ABSENT
        account.released += mine.released
        return kept

    def _is_metadata(self, path: str) -> bool:
        known = self.places.get(_POSITION.sub("[]", path))
        return known is not None and known.kind is DataKind.DELIVERY_METADATA

    def _handled(self, value: Mapping[str, Any], general: str, around: bool | None) -> bool | None:
        """Whether the conditions on it, and around it, name this role; None where none is stated.

        An item without one is its originator's alone. A whole message that names nobody states no
        limit: it is sent to be read, and the matrix says by whom.
        """
        if self._originates(value, general):
            return True
        handling = value.get("handling")
        if not isinstance(handling, Mapping):
            return False if general and around is None else around
        shared = handling.get("may_share_with") or ()
        if self.role is Role.PARENT:
            named = bool(handling.get("may_share_with_family"))
        elif not general and not shared:
            return around
        else:
            named = self.role.value in shared
        return named and around is not False

    def _originates(self, value: Mapping[str, Any], general: str) -> bool:
        agency = value.get("agency")
        if isinstance(agency, str) and agency.strip().casefold() in self.facts.names:
            return True
        return any(
            self.role in self.policy.originators.get(one.kind, ())
            for one in self.whole
            if one.path.startswith(f"{general}.")
        )

    def _refusal(self, kind: DataKind, known: Place | None, handled: bool | None) -> str | None:
        if handled is False and not (self.facts.told or kind in self.facts.approved):
            return f"handling for {self.role.value}: its originator does not name them"
        summary = known is not None and known.summary
        for cell, rule in self._cells(kind, known.restrictions if known else ()):
            grant = self._grant(cell, kind, bool(handled))
            if grant is _Grant.FULL or (grant is _Grant.SUMMARY and summary):
                continue
            return f"{rule}: {_MEANING[cell]}"
        return None

    def _cells(
        self, kind: DataKind, restrictions: tuple[Restriction, ...]
    ) -> Iterator[tuple[Cell, str]]:
        counted = kind if kind in self.policy.rows else DataKind.CONCERN_NARRATIVE
        yield self.policy.rows[counted][self.role], f"{kind.value} for {self.role.value}"
        for label in sorted({*self.labels, *restrictions}):
            narrowing = self.policy.restrictions[label]
            cell = narrowing.kinds.get(kind)
            if cell is not None and self.role not in narrowing.spares:
                yield cell, label.value

    def _grant(self, cell: Cell, kind: DataKind, handled: bool) -> _Grant:
        facts = self.facts
        if cell == "S":
            return _Grant.SUMMARY
        holds = {
            "Y": True,
            "own": facts.told or kind is DataKind.DELIVERY_METADATA,
            "C handling": handled,
            "C household": facts.household,
            "C open": facts.open_referrer,
            "C acknowledgement": facts.acknowledgement,
        }
        approved = cell.startswith("C") and kind in facts.approved
        return _Grant.FULL if approved or holds.get(cell, False) else _Grant.NONE


_MEANING: dict[Cell, str] = {
    "Y": "",
    "S": "summary only",
    "-": "never",
    "own": "only what they told us themselves",
    "C": "only with approval",
    "C handling": "only as its originator's handling allows, or with approval",
    "C household": "only to the same household, or with approval",
    "C open": "the referrer's identity is protected",
    "C acknowledgement": "only in an acknowledgement",
}

_JUDGES: dict[tuple[int, int, tuple[Restriction, ...], Role, Own], _Judge] = {}
"""By identity of policy and places, which the judge keeps alive: reading them is what costs."""


def _judge(
    policy: Policy,
    places: Iterable[Place],
    labels: tuple[Restriction, ...],
    role: Role,
    facts: Own,
) -> _Judge:
    key = (id(policy), id(places), labels, role, facts)
    found = _JUDGES.get(key)
    if found is None:
        by_path = {place.path: place for place in places}
        found = _Judge(policy, places, labels, role, facts, by_path)
        if len(_JUDGES) < _MOST_JUDGES:
            _JUDGES[key] = found
    return found
