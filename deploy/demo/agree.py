"""The partners' own books are held against the ledger, and where they differ is named."""

import asyncio
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from rich.table import Table
from sqlalchemy import Connection, text

from deploy.demo.stage import Stage
from deploy.demo.teller import Teller
from hub.ledger.audit import verify
from hub.ledger.reconcile import reconcile

PARTNERS = {
    "hospital": "exemplar-hospital",
    "contact-centre": "contact-centre",
    "form": "referral-form",
    "police": "exemplar-police",
    "edt": "edt",
    "team": "assessment-north",
    "letters": "millrace-school",
    "operations": "operations-mail",
}


@dataclass(frozen=True)
class Found:
    """One check: what was compared, and what is wrong with it."""

    what: str
    figures: str
    wrong: tuple[str, ...] = ()


def _owned(conn: Connection, partner: str, sent: list[tuple[str, str, str, str]]) -> Found:
    """Every message acknowledged is in the ledger, or is counted as not ours to keep."""
    taken = [row for row in sent if row[2] == "taken"]
    sql = "select reference from message where partner = :p"
    known = {row[0] for row in conn.execute(text(sql), {"p": partner})}
    sql = "select reference from parcel where partner = :p"
    known |= {row[0] for row in conn.execute(text(sql), {"p": partner})}
    sql = "select coalesce(sum(not_ours), 0) from tally where partner = :p"
    dropped = int(conn.execute(text(sql), {"p": partner}).scalar_one())
    lost = [ref for ref, kind, _, _ in taken if _name(ref, kind) not in known]
    figures = f"{len(taken)} acknowledged = {len(taken) - dropped} owned + {dropped} not ours"
    wrong = [] if len(lost) == dropped else [f"not in the ledger: {', '.join(lost) or 'none'}"]
    return Found(f"{partner}: all it was acknowledged for", figures, tuple(wrong))


def _name(reference: str, kind: str) -> str:
    """A file is known by a digest of its name: names may say too much."""
    return sha256(reference.encode()).hexdigest()[:32] if kind == "export" else reference


def _given(conn: Connection, partner: str, books: list[tuple[str, str, str]]) -> Found:
    """Delivered there is received here and the other way round, repeats under one reference."""
    sql = (
        "select reference from delivery where partner = :p and state = 'delivered'"
        " and transport not in ('inbox', 'call')"
    )
    ours = {row[0] for row in conn.execute(text(sql), {"p": partner})}
    theirs = Counter(reference for reference, _, _ in books)
    wrong = [f"delivered, not in their books: {ref}" for ref in sorted(ours - set(theirs))]
    wrong += [f"in their books, not delivered: {ref}" for ref in sorted(set(theirs) - ours)]
    under: dict[str, set[str]] = defaultdict(set)
    for reference, _, content in books:
        under[content].add(reference)
    wrong += [f"one content, {len(refs)} references" for refs in under.values() if len(refs) > 1]
    repeats = sum(theirs.values()) - len(theirs)
    figures = f"{len(ours)} delivered = {len(theirs)} received, {repeats} repeats"
    return Found(f"{partner}: all it was given", figures, tuple(wrong))


def _told_once(conn: Connection, subjects: list[str]) -> Found:
    """Each incident of which operations are told is in their mailbox once, and once more when over."""
    sql = (
        "select i.incident_id, i.kind, i.closed_at from alert a"
        " join incident i on i.incident_id = a.incident_id where a.partner = 'operations-mail'"
    )
    told = Counter(subjects)
    wanted: Counter[str] = Counter()
    for incident, kind, closed in conn.execute(text(sql)):
        number = f"{kind.replace('_', ' ')}, {incident[:8]}"
        wanted[f"Hub incident opened: {number}"] += 1
        wanted[f"Hub incident over: {number}"] += closed is not None
    wrong = [f"not in the mailbox: {one}" for one in (wanted - told)]
    wrong += [f"in the mailbox, not an incident: {one}" for one in (told - wanted)]
    over = sum(one.startswith("Hub incident over") for one in subjects)
    figures = f"{wanted.total()} to tell = {len(subjects) - over} opened + {over} over"
    return Found("operations: what went wrong, told once", figures, tuple(wrong))


def compare(stage: Stage, conn: Connection) -> Iterator[Found]:
    """Every check, one after another."""
    even = reconcile(conn)
    for source in even.sources:
        kept = source.messages + source.repeats + source.quarantined
        figures = f"{source.owned} owned = {kept} kept + {source.not_ours} not ours"
        wrong = (
            [] if source.balanced else [f"{len(source.missing)} missing, {source.unheard} unheard"]
        )
        yield Found(f"equation 1, {source.partner}", figures, tuple(wrong))
    sent = even.deliveries
    figures = (
        f"{sent.planned} planned = {sent.delivered} delivered + {sent.under_way} under way"
        f" + {sent.for_a_person} for a person + {sent.withheld} withheld"
    )
    uneven = [f"{what} is uneven" for what in (*sent.uneven, *sent.unexplained)]
    yield Found("equation 2", figures, tuple(uneven) if uneven or sent.balanced else ("uneven",))
    entries = conn.execute(text("select count(*) from audit")).scalar_one()
    broken = [f"{place.case_ref} {place.seq}: {place.why}" for place in verify(conn)]
    yield Found("audit", f"{entries} entries verified", tuple(broken))
    stuck = conn.execute(text("select reason from stuck where closed_at is null")).all()
    yield Found("stuck", f"{len(stuck)} records", tuple(str(row[0]) for row in stuck))
    for name, partner in PARTNERS.items():
        with closing(sqlite3.connect(stage.books(name))) as books:
            told = books.execute("select reference, kind, answer, note from sent").fetchall()
            given = books.execute("select reference, kind, digest from received").fetchall()
        books.close()
        if told:
            yield _owned(conn, partner, told)
        if given:
            yield _given(conn, partner, given)
        if name == "operations":
            yield _told_once(conn, [subject for _, subject, _ in given])


def _look(stage: Stage, teller: Teller) -> list[Found]:
    with teller.ledger.connect() as conn:
        return list(compare(stage, conn))


async def agree(stage: Stage, teller: Teller) -> bool:
    """Compares until all agrees, or says what does not; what is still on its way gets its time."""
    found: list[Found] = []
    for _ in range(40):
        found = await asyncio.to_thread(_look, stage, teller)
        if not any(one.wrong for one in found):
            break
        await asyncio.sleep(0.5)
    table = Table("", "what is compared", "figures", box=None, pad_edge=False)
    for one in found:
        table.add_row("[red]✗" if one.wrong else "[green]✓", one.what, one.figures)
        for wrong in one.wrong:
            table.add_row("", "", f"[red]{wrong}")
    teller.out.print(table)
    return not any(one.wrong for one in found)
