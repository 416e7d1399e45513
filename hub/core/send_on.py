"""What goes to another receiver is planned for them anew, with a deadline of their own, and its custody follows."""

from typing import Any

from hub.core.early import again
from hub.core.plan import sent_on
from hub.core.work import Work
from hub.partners import Partner

Anew = dict[str, Any]
"""Receiver, team and deadline of a custody, from now on."""


def send_on(work: Work, message_id: str, case_ref: str, to: Partner, cause: str) -> Anew | str:
    """Plans a recorded message for `to`; in words, where that may not be, and then nothing is written.

    `cause` is the act or the answer by which it is sent on.
    """
    try:
        arrival = again(work, message_id, None)
    except LookupError as erased:
        return str(erased)
    arrival.anew, arrival.case_ref = cause, case_ref
    why_not = sent_on(work, arrival, to)
    return why_not or {"receiver": to.partner, "team": to.team, "due_at": arrival.due_at}
