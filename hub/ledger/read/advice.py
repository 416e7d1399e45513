"""What the joint-visit rules advised on a message, and a departure from it, are read from the case's chain."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection

from hub.ledger.session import among, values
from hub.ledger.write import at, rows

ADVISED = "joint visit advised"
DEPARTED = "decided otherwise than advised"
_VISITS = {
    "joint_required": "a joint visit",
    "joint": "a joint visit",
    "single_csc": "a visit by social care alone",
    "single_police": "a visit by police alone",
    "discuss": "that police and social care decide together",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """One such entry, in words."""

    message_id: str
    at: datetime
    departs: bool
    words: str


def advice(conn: Connection, cases: Iterable[str], messages: Iterable[str]) -> tuple[Noted, ...]:
    """The entries about these messages, in their order."""
    wanted = set(messages)
    sql = (
        f"select at, entry from audit where {among(conn, 'case_ref')}"
        " and (entry like :advised or entry like :departed) order by case_ref, seq"
    )
    found = rows(
        conn,
        sql,
        among=values(conn, sorted(set(cases))),
        advised=f'%"did":"{ADVISED}"%',
        departed=f'%"did":"{DEPARTED}"%',
    )
    noted = []
    for row in found:
        facts, moment = orjson.loads(row.entry), at(row.at)
        if facts.get("message") in wanted and moment is not None:
            departs = facts["did"] == DEPARTED
            words = _departed(facts) if departs else _advised(facts)
            noted.append(Noted(facts["message"], moment, departs, words))
    return tuple(noted)


def _advised(facts: dict[str, str]) -> str:
    meeting = f"; {facts['meeting']}" if facts["meeting"] else ""
    return f"the rules advise {_VISITS[facts['advice']]} ({_by(facts)}){meeting}{_open(facts)}"


def _open(facts: dict[str, str]) -> str:
    """Which clauses ask for more, if what the message does not say is so."""
    may = [one.partition(": ") for one in filter(None, facts.get("not_known", "").split("; "))]
    words = [f"{missing.replace('_', ' ')} (clause {clause})" for clause, _, missing in may]
    return f"; not known, and it may ask for more: {'; '.join(words)}" if words else ""


def _departed(facts: dict[str, str]) -> str:
    why = facts["why"].replace("_", " ")
    advised, decided = _VISITS[facts["advice"]], _VISITS[facts["decided"]]
    return f"decided on {decided}, where the rules advise {advised} ({_by(facts)}): {why}"


def _by(facts: dict[str, str]) -> str:
    matched = facts["clause"] != "none matched"
    clause = f"clause {facts['clause']}" if matched else "no clause speaks of it"
    return f"{clause}, {facts['edition']}"
