"""Opening, accepting, asking, refusing and taking back move custody, or are refused with who holds it."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from hub.core import custody
from hub.core.acts.deed import Deed, Refused
from hub.core.answers import spoken, tell
from hub.core.record import record_messages
from hub.core.work import Work
from hub.journeys.machine import Illegal, Moved
from hub.journeys.steps import Heard, Step, steps
from hub.ledger.write import rows, run
from schemas.envelope import AckLevel


def about(work: Work, deed: Deed) -> Heard:
    """What a deed is about, and for which receiver the person acts."""
    cases = (
        "select case_ref from message where message_id = :id"
        " union select case_ref from journey where subject = :id"
    )
    # The case's lock first, as whoever settles receipts takes it, so that neither waits for the other.
    work.open_cases(row.case_ref for row in rows(work.conn, cases, id=deed.subject))
    on = custody.concerned(work, deed.subject)
    if on is None:
        raise Refused("there is no such message")
    partner = deed.body.get("partner") or _party(work, deed, on.receivers)
    return Heard(UUID(deed.act_id), work.now, AckLevel.NONE, partner, (), on.journey, on)


def _party(work: Work, deed: Deed, receivers: tuple[str, ...]) -> str:
    """The receiving partner whose inbox this person serves."""
    for name in receivers:
        partner = work.site.partner(name)
        if partner is None or partner.agency != deed.who.get("agency"):
            continue
        team = deed.who.get("team")
        if not team or not partner.team or team == partner.team:
            return name
    only = len(receivers) == 1 and deed.type != "content.opened"
    return receivers[0] if only else ""


def _answered(work: Work, deed: Deed) -> str:
    """Accept, query or refuse what waits in an inbox; or answer a query one was asked."""
    heard = about(work, deed)
    answer = deed.body.get("response") or deed.body.get("answer")
    if answer not in ("accepted", "queried", "refused"):
        text = {"name": deed.who["name"], "role": deed.who["role"], "reason": deed.reason}
        return moved(work, deed, steps("handover.answered", text, heard), heard)
    said = {
        "response": answer,
        "by": {"name": deed.who["name"], "role": deed.who["role"].replace("_", " ")},
        "query": deed.body.get("query") or deed.body.get("text"),
        "reason": deed.reason or deed.body.get("text"),
    }
    done = moved(work, deed, steps("handover.response", said, heard), heard)
    by = said["by"] | {"agency": deed.who.get("agency") or ""}
    body = spoken(work, answer, by, said["query"] or "", said["reason"] or "")
    work.flush()
    record_messages(work, tell(work, deed.subject, deed.act_id, body))
    return done


def _withdrawn(work: Work, deed: Deed) -> str:
    said = {"name": deed.who["name"], "role": deed.who["role"], "reason": deed.reason}
    heard = about(work, deed)
    return moved(work, deed, steps("handover.withdrawn", said, heard), heard)


def moved(
    work: Work,
    deed: Deed,
    found: list[Step],
    heard: Heard,
    anew: Mapping[str, Any] | None = None,
) -> str:
    """The journeys moved, and the ledger's answer in words; raises `Refused`.

    `anew` as in `custody.take`.
    """
    done = ""
    for one in found:
        taken = custody.take(work, one, deed.act_id, who=deed.name, on=heard.on, anew=anew)
        if one.machine != "handover":
            # Custody has moved; what a discussion makes of it is noted on its own journey.
            continue
        if taken is None:
            raise Refused("nothing waits for an answer here")
        if isinstance(taken, Illegal):
            raise Refused(taken.reason)
        done = taken.why or taken.state.replace("_", " ")
        if isinstance(taken, Moved):
            _closes(work, deed, taken.state, heard.partner)
    if not found:
        raise Refused("nothing waits for an answer here")
    return done


def _closes(work: Work, deed: Deed, state: str, partner: str) -> None:
    """An answer in the inbox is its receipt as well; a withdrawal takes back what is not there."""
    if state == "withdrawn":
        take_back(work, deed)
    elif state in ("accepted", "queried", "refused", "opened"):
        _deliveries_become(work, deed, "delivered", "('offered')", partner)


def take_back(work: Work, deed: Deed, which: str = "", partner: str | None = None) -> None:
    """What has not got there is not sent or handed over any more, and holds up nothing behind it.

    What is on its way may still arrive, and then that counts; failed, it is not tried again.
    """
    among = "('waiting', 'under_way', 'offered', 'needs_person')"
    sql = f"select partner from delivery where message_id = :id and state in {among}{which}"
    found = rows(work.conn, sql, id=deed.subject)
    _deliveries_become(work, deed, "withdrawn", among, partner, which)
    work.partners |= {row.partner for row in found if partner in (None, row.partner)}


def _deliveries_become(
    work: Work, deed: Deed, state: str, among: str, partner: str | None = None, which: str = ""
) -> None:
    only = which + (" and partner = :p" if partner is not None else "")
    named = {"p": partner} if partner is not None else {}
    reached = ""
    if state == "delivered":
        # What a person answers at the desk has not reached the system that collects it.
        reached, only = " level_reached = level_needed,", f" and transport <> 'outbox'{only}"
    run(
        work.conn,
        "update delivery set state = :state, who = :who, changed_at = :now, reason = :why,"
        f"{reached} version = version + 1 where message_id = :id"
        f" and state in {among}{only}",
        state=state,
        who=deed.name,
        now=work.now,
        why=f"{state} by {deed.name}",
        id=deed.subject,
        **named,
    )


def _opened(work: Work, deed: Deed) -> str:
    if rows(work.conn, "select 1 from parcel where parcel_id = :id", id=deed.subject):
        return "opened"
    heard = about(work, deed)
    said = {"name": deed.who["name"], "role": deed.who["role"]}
    for one in steps("content.opened", said, heard):
        taken = custody.take(work, one, deed.act_id, who=deed.name)
        if isinstance(taken, Moved):
            _closes(work, deed, "opened", heard.partner)
    return "opened"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "handover.answered": _answered,
    "handover.response": _answered,
    "handover.withdrawn": _withdrawn,
    "content.opened": _opened,
}
