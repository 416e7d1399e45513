"""A message finds its child by keyed tokens of claimed identifiers, or opens a case of its own.

Never on name and birth date. Two identifiers that point to different cases are a person's to
decide, and meanwhile the message flows under a case of its own: a child at risk does not wait for
a match. What carries the adoption label is matched by NHS number alone, so that an identity from
before never meets one from after.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.ids import derived, token
from hub.ledger.session import among, values
from hub.ledger.tables import CaseToken
from hub.ledger.write import rows
from schemas.labels import Restriction


def tokens(key: bytes, arrival: Arrival) -> dict[str, str]:
    """Kind to token: `nhs` (the authority's) and `own` (the sender's own subject number)."""
    found = {}
    authority = arrival.envelope.authority
    subject = arrival.subject
    if subject.nhs_number:
        found["nhs"] = token(key, authority, "nhs", subject.nhs_number)
    if subject.own_number and Restriction.ADOPTION not in arrival.envelope.labels:
        found["own"] = token(key, authority, "own", arrival.partner, subject.own_number)
    return found


def identify(work: Work, arrivals: Sequence[Arrival]) -> None:
    """Gives every arrival its case; new cases are opened, and all of them locked."""
    key = work.site.keys.key("identity")
    wanted = {arrival.message_id: tokens(key, arrival) for arrival in arrivals}
    stand = _standing(work, [one for found in wanted.values() for one in found.values()])
    known, numbered = stand.known, stand.numbered
    answered = _answered(work, arrivals)
    stands = set(known.values()) | set(answered.values())
    opened: dict[str, str] = {}
    for arrival in arrivals:
        found = wanted[arrival.message_id]
        case_ref = arrival.case_hint or answered.get(arrival.message_id)
        if case_ref is None:
            case_ref, ambiguous = _match(found, known, numbered, arrival)
            if ambiguous:
                arrival.state = "ambiguous"
                found = {}
        if case_ref not in stands and arrival.case_hint is None:
            stands.add(case_ref)
            opened[case_ref] = arrival.envelope.authority
        for kind, one in found.items():
            if one not in known:
                known[one] = case_ref
                if kind == "nhs":
                    numbered[case_ref].add(one)
                work.add(CaseToken, {"token": one, "case_ref": case_ref, "kind": kind})
        arrival.case_ref = case_ref
    survivors = stand.survivors | _survivors(work, {a.case_ref for a in arrivals} - stand.asked)
    for arrival in arrivals:
        arrival.case_ref = survivors.get(arrival.case_ref, arrival.case_ref)
    work.make_cases(opened) if opened else None
    work.open_cases(arrival.case_ref for arrival in arrivals)
    for arrival in arrivals:
        # Linked into another while we waited for its lock.
        arrival.case_ref = work.survivors.get(arrival.case_ref, arrival.case_ref)
    work.open_cases(arrival.case_ref for arrival in arrivals)


def _match(
    found: dict[str, str],
    known: dict[str, str],
    numbered: dict[str, set[str]],
    arrival: Arrival,
) -> tuple[str, bool]:
    """The case, and whether a person must say which it is."""
    by_nhs, by_own = known.get(found.get("nhs", "")), known.get(found.get("own", ""))
    fresh = derived("case", arrival.envelope.authority, *found.values(), arrival.message_id)
    if by_nhs and by_own and by_nhs != by_own:
        return fresh, True
    if by_nhs:
        return by_nhs, False
    if by_own and "nhs" in found and numbered[by_own]:
        # Their number stands for a child with another NHS number: a merge, or an adoption.
        return fresh, True
    if by_own:
        return by_own, False
    if found:
        first = found.get("nhs") or found["own"]
        return derived("case", arrival.envelope.authority, first), False
    return fresh, False


@dataclass
class _Standing:
    """What the ledger says of some tokens and of the cases that they lead to."""

    known: dict[str, str] = field(default_factory=dict)
    """The case of each token."""
    numbered: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The NHS tokens of each case."""
    survivors: dict[str, str] = field(default_factory=dict)
    """Where a case went that was linked into another."""
    asked: set[str] = field(default_factory=set)
    """The cases that were looked at."""


_STANDING = """
select t.token, t.case_ref, f.survivor, n.token as nhs from case_token t
 join case_file f on f.case_ref = t.case_ref
 left join case_token n on n.case_ref = t.case_ref and n.kind = 'nhs'
where """


def _standing(work: Work, wanted: list[str]) -> _Standing:
    stand = _Standing()
    if not wanted:
        return stand
    sql = _STANDING + among(work.conn, "t.token")
    for row in rows(work.conn, sql, among=values(work.conn, wanted)):
        stand.known[row.token] = row.case_ref
        stand.asked.add(row.case_ref)
        if row.nhs:
            stand.numbered[row.case_ref].add(row.nhs)
        if row.survivor:
            stand.survivors[row.case_ref] = row.survivor
    return stand


def _answered(work: Work, arrivals: Sequence[Arrival]) -> dict[str, str]:
    """Cases of answers, by what they answer: a message id, or a delivery's reference."""
    asked = {a.message_id: a.answers for a in arrivals if a.answers}
    if not asked:
        return {}
    names = values(work.conn, set(asked.values()))
    by_name: dict[str, tuple[str, str]] = {}
    for column, sql in (
        ("message_id", "select message_id as name, message_id, case_ref from message where "),
        ("reference", "select reference as name, message_id, case_ref from delivery where "),
    ):
        for row in rows(work.conn, sql + among(work.conn, column), among=names):
            by_name[row.name] = (row.message_id, row.case_ref)
    cases = {}
    for arrival in arrivals:
        if arrival.answers in by_name:
            arrival.answered, cases[arrival.message_id] = by_name[arrival.answers]
    return cases


def _survivors(work: Work, refs: set[str]) -> dict[str, str]:
    if not refs:
        return {}
    sql = "select case_ref, survivor from case_file where survivor is not null and " + among(
        work.conn, "case_ref"
    )
    found = rows(work.conn, sql, among=values(work.conn, refs))
    return {row.case_ref: row.survivor for row in found}
