"""Whoever holds something begins, finishes or passes it on, against the version they saw; nobody else does.

What was taken by telephone is finished by anybody of the team that took the call.
Passed on, it stays with who passed it on until a named person there accepts it, and until then
they may take it back. Refused, it is kept by who sent it or passed it on, or they send it to
somebody else.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hub.core import custody
from hub.core.acts.deed import Deed, Refused
from hub.core.acts.on_handovers import about, moved, take_back
from hub.core.answers import spoken, tell
from hub.core.record import record_messages
from hub.core.send_on import send_on
from hub.core.work import Work
from hub.journeys.handover import HANDOVER, HELD
from hub.journeys.machine import Moved
from hub.journeys.steps import EACH_AGENCY, Heard, Step, steps
from hub.ledger.read.handovers import Receiver, receivers, taken_at
from hub.ledger.write import at
from hub.partners import Partner

_MANAGERS = ("duty_manager", "service_manager")


def _started(work: Work, deed: Deed) -> str:
    _moved(work, deed)
    return "you work on it; it stays yours until it is completed"


def _completed(work: Work, deed: Deed) -> str:
    _moved(work, deed)
    return "completed: it has left the list of what is held"


def _moved(work: Work, deed: Deed) -> None:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    _took(work, deed, steps(deed.type, _said(work, deed, row, heard), heard), heard, row)


def _took(
    work: Work,
    deed: Deed,
    found: list[Step],
    heard: Heard,
    row: Mapping[str, Any],
    anew: Mapping[str, Any] | None = None,
) -> None:
    """Moves custody; where that is impossible, who holds it is said as well."""
    holds = "" if row["state"] in HANDOVER.final else f"it is {_holds(row)}; "
    try:
        moved(work, deed, found, heard, anew)
    except Refused as error:
        if str(error).startswith(f"this {HANDOVER.name} is "):
            raise Refused(f"{holds}{error}") from error
        raise


def _said(work: Work, deed: Deed, row: Mapping[str, Any], heard: Heard) -> dict[str, Any]:
    return {
        "name": deed.who["name"],
        "role": deed.who["role"].replace("_", " "),
        "reason": deed.reason,
        "manages": manages(work, deed, row, heard),
        "took_call": _took_call(work, deed, row),
    }


def _reassigned(work: Work, deed: Deed) -> str:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    to = _receiver(work, deed)
    if heard.on is not None and heard.on.type in EACH_AGENCY and to.partner != row["receiver"]:
        raise Refused("each agency answers this for itself: it is passed on within your team only")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    meant = str(deed.body.get("meant_for") or "").strip()
    said = _said(work, deed, row, heard) | {"to": to.title}
    if meant:
        said["reason"] = f"for {meant}: {deed.reason}"
    found = steps(deed.type, said, heard)
    _sent_on(work, deed, found, heard, row, to)
    body = _answer(work, deed, to, meant)
    work.flush()
    record_messages(work, tell(work, deed.subject, deed.act_id, body))
    return f"passed on to {to.title}: {row['holder']} holds it until somebody there accepts it"


def _kept(work: Work, deed: Deed) -> str:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    anew = _with_giver(work, deed, row) if row["holder"] else None
    _took(work, deed, steps(deed.type, _said(work, deed, row, heard), heard), heard, row, anew)
    return f"kept: it stays with {row['holder'] or _title(work, row['sender'])}"


def _recalled(work: Work, deed: Deed) -> str:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    holder, there = row["holder"], row["receiver"]
    anew = _with_giver(work, deed, row)
    _took(work, deed, steps(deed.type, _said(work, deed, row, heard), heard), heard, row, anew)
    take_back(work, deed, " and purpose = 'action'", there)
    giver = work.site.partner(anew["receiver"])
    if giver is not None:
        body = _answer(work, deed, giver, holder)
        work.flush()
        record_messages(work, tell(work, deed.subject, deed.act_id, body))
    return (
        f"taken back: {holder} goes on with it, and nobody at {_title(work, there)} need accept it"
    )


def _rerouted(work: Work, deed: Deed) -> str:
    heard = about(work, deed)
    row = standing(work, deed, heard)
    to = _receiver(work, deed)
    if heard.on is not None and heard.on.type in EACH_AGENCY:
        raise Refused("each agency answers this for itself: nobody else can take it in their place")
    said = _said(work, deed, row, heard) | {"to": to.title}
    _sent_on(work, deed, steps(deed.type, said, heard), heard, row, to)
    if row["holder"]:
        body = _answer(work, deed, to, "")
        work.flush()
        record_messages(work, tell(work, deed.subject, deed.act_id, body))
    has_it = row["holder"] or _title(work, row["sender"])
    return f"sent on to {to.title}: {has_it} holds it until somebody there accepts it"


def _title(work: Work, partner: str) -> str:
    known = work.site.partner(partner)
    return known.title if known else partner


def _with_giver(work: Work, deed: Deed, row: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody else is asked any more: it is with the team of who holds it, as before."""
    team = _given_by(work, deed, row)
    return {"receiver": team.partner, "team": team.team, "due_at": at(row["due_at"])}


def _given_by(work: Work, deed: Deed, row: Mapping[str, Any]) -> Receiver:
    """The receiver from which it was passed on: the last before that is theirs who act."""
    had = [one for one in receivers(work.conn, [deed.subject])[deed.subject] if one.past]
    own = [one for one in had if _is_of(deed, work.site.partner(one.partner))]
    return (own or had or [Receiver(row["receiver"], row["team"])])[-1]


def _answer(work: Work, deed: Deed, to: Partner, meant: str) -> dict[str, Any]:
    """What its sender is told: with whom it is from now on."""
    by = {
        "name": deed.who["name"],
        "role": deed.who["role"].replace("_", " "),
        "agency": deed.who.get("agency") or "",
    }
    there = {"name": meant, "team": to.team or to.title, "agency": to.agency}
    named = {"reassigned_to": {key: value for key, value in there.items() if value}}
    return spoken(work, "reassigned", by, reason=deed.reason) | named


def _sent_on(
    work: Work, deed: Deed, found: list[Step], heard: Heard, row: Mapping[str, Any], to: Partner
) -> None:
    """The journey moved and a delivery planned for its new receiver, or neither."""
    if not all(isinstance(custody.foreseen(work, one), Moved) for one in found[:1]):
        _took(work, deed, found, heard, row)
    anew = send_on(work, deed.subject, row["case_ref"], to, deed.act_id)
    if isinstance(anew, str):
        raise Refused(anew)
    if row["state"] == "refused":
        take_back(work, deed, " and purpose = 'action'")
    _took(work, deed, found, heard, row, anew)


def _receiver(work: Work, deed: Deed) -> Partner:
    """The partner that they chose."""
    to = work.site.partner(str(deed.body.get("to") or ""))
    if to is None:
        raise Refused("say to whom it goes")
    return to


def standing(work: Work, deed: Deed, heard: Heard) -> Mapping[str, Any]:
    """Custody as it is now; only if it still is what they saw."""
    on = heard.on
    if on is None:
        raise Refused("there is no such message")
    party = heard.partner if on.type in EACH_AGENCY else ""
    named = custody.journey_id(Step("handover", on.message_id, "", party=party))
    row = work.journeys.get(work.conn, named)
    if row is None:
        raise Refused("nobody has to accept this, so nobody holds it")
    if deed.version and row["version"] != deed.version:
        state = row["state"].replace("_", " ")
        raise Refused(f"it has changed since you looked: it is now {state}, {_holds(row)}")
    return row


def _holds(row: Mapping[str, Any]) -> str:
    if not row["holder"]:
        return "held by its sender"
    return f"held by {row['holder']}, {row['holder_role']}"


def manages(work: Work, deed: Deed, row: Mapping[str, Any], heard: Heard) -> bool:
    """Whether they manage a team that it was sent to, any of which may hold what all were sent."""
    if deed.who["role"] not in _MANAGERS:
        return False
    among = {str(row["receiver"])}
    if heard.on is not None and heard.on.type not in EACH_AGENCY:
        among.update(heard.on.receivers)
        if row["holder"] and row["state"] not in HELD:
            # It is under offer to others, and still of those who passed it on.
            had = {
                one.partner
                for one in receivers(work.conn, [deed.subject])[deed.subject]
                if one.past
            }
            among = had or among
    return any(_is_of(deed, work.site.partner(name)) for name in among)


def _took_call(work: Work, deed: Deed, row: Mapping[str, Any]) -> bool:
    """Whether they are of the team that took it by telephone."""
    called = taken_at(work.conn, row["journey_id"])
    return called is not None and _is_of(deed, work.site.partner(called))


def _is_of(deed: Deed, partner: Partner | None) -> bool:
    if partner is None or partner.agency != deed.who.get("agency"):
        return False
    own = deed.who.get("team")
    return not own or not partner.team or own == partner.team


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "handover.started": _started,
    "handover.completed": _completed,
    "handover.reassigned": _reassigned,
    "handover.recalled": _recalled,
    "handover.kept": _kept,
    "handover.rerouted": _rerouted,
}
