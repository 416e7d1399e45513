"""A source from which nothing can be collected is an incident, because nobody at either end would notice."""

from collections.abc import Mapping

from hub.core.work import Work
from hub.ledger.write import run

_KIND = "partner_down"


def collected(work: Work, sources: Mapping[str, str]) -> None:
    """What an edge says of the sources that it has: why it cannot collect, or nothing."""
    for partner, why in sorted(sources.items()):
        # Not the partner alone: its answers to what it is sent close that one.
        subject = f"{partner}|collected"
        if not why:
            work.recovered(_KIND, subject, "what it leaves can be taken again")
        elif work.wrong_until(_KIND, subject) is None:
            work.incident(_KIND, subject, why)
        else:
            key = f"{_KIND}|{subject}"
            sql = "update incident set last_seen = :now, cause = :why where open_key = :key"
            run(work.conn, sql, now=work.now, why=why, key=key)
