"""Who may verify the audit does so by a program of theirs, and reads chains and daily roots to keep elsewhere."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api.caller import Caller
from hub.desk.api.problems import fails
from hub.desk.frame import nothing_here
from hub.desk.pages.audit import SHOWN
from hub.ledger.audit import Broken as Place
from hub.ledger.audit import verify
from hub.ledger.read.chain import chain, roots, total
from hub.ledger.session import at_one_moment

router = APIRouter(tags=["audit"], responses=fails(401, 403, 422, 503))
Case = Annotated[str, Path(max_length=200)]


class DayRoot(BaseModel):
    """The root over the heads of all chains, as it left the hub."""

    day: str = Field(description="ISO 8601, Europe/London")
    chains: int
    root: str = Field(description="SHA-256, hexadecimal")
    at: AwareDatetime


class Audit(BaseModel):
    """How much is written down, and the last daily roots, newest first."""

    chains: int
    entries: int
    roots: list[DayRoot]


class Broken(BaseModel):
    """A place where a chain does not hold."""

    case: str
    entry: int
    why: str


class Verified(BaseModel):
    """What a check of chains came to."""

    holds: bool
    broken: list[Broken] = Field(description=f"The first {SHOWN}")
    checked_at: AwareDatetime


class Entry(BaseModel):
    """One link of a chain."""

    seq: int
    at: AwareDatetime
    entry: str = Field(description="Canonical JSON (RFC 8785), as it was hashed")
    hash: str


class Chain(BaseModel):
    """The newest 500 entries of a case's chain, oldest first, and whether all of it holds."""

    case: str
    verified: Verified
    entries: list[Entry]


@router.get("/audit")
def audit(visit: Caller) -> Audit:
    """Chains, entries and daily roots."""
    visit.must(Action.VERIFY)
    with at_one_moment(visit.desk.ledger) as conn:
        chains, entries = total(conn)
        days = roots(conn)
    told = [DayRoot(day=one.day, chains=one.chains, root=one.root, at=one.at) for one in days]
    return Audit(chains=chains, entries=entries, roots=told)


@router.get("/audit/verify")
def every_chain(visit: Caller) -> Verified:
    """Checks every chain, link by link: it takes as long as there is to check."""
    visit.must(Action.VERIFY)
    with at_one_moment(visit.desk.ledger) as conn:
        return _verified(visit, verify(conn))


@router.get("/audit/cases/{case_ref}", responses=fails(404))
def one_chain(visit: Caller, case_ref: Case) -> Chain:
    """One case's chain, checked."""
    visit.must(Action.VERIFY)
    with at_one_moment(visit.desk.ledger) as conn:
        links = chain(conn, case_ref)
        if not links:
            raise nothing_here()
        verified = _verified(visit, verify(conn, [case_ref]))
    told = [Entry(seq=one.seq, at=one.at, entry=one.entry, hash=one.hash) for one in links]
    return Chain(case=case_ref, verified=verified, entries=told)


def _verified(visit: Caller, found: Iterator[Place]) -> Verified:
    broken = [Broken(case=one.case_ref, entry=one.seq, why=one.why) for one in islice(found, SHOWN)]
    return Verified(holds=not broken, broken=broken, checked_at=visit.now)
