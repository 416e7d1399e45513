"""To whom a message had gone by each moment is known, also after it was sent on to somebody else."""

from collections.abc import Iterable, Mapping

from hub.ledger.read.journey import Sent, Step, Way

SENT_ON = ("reassigned", "rerouted")
_GONE = (*SENT_ON, "kept", "recalled")
"""What was sent on may also come back."""


def receivers_then(way: Way) -> Mapping[str, str | None]:
    """The receiver at each step, by the step's id: for a step that sends it on, the new one."""
    to: dict[str, list[Sent]] = {}
    for one in sorted(way.deliveries, key=lambda sent: sent.created_at):
        if one.purpose == "action" and one.transport != "call":
            to.setdefault(one.message_id, []).append(one)
    last = {one.journey_id: one for one in way.steps if one.event in _GONE and not one.refused}
    return {
        one.move_id: _then(one, last.get(one.journey_id), to.get(one.subject, ()))
        for one in way.steps
    }


def _then(one: Step, last: Step | None, sent: Iterable[Sent]) -> str | None:
    """Before it was last sent on, what went out by then says it; whoever may not see that sees nobody."""
    if last is None or one.at >= last.at:
        return one.receiver
    before = [there.partner for there in sent if there.created_at <= one.at]
    return before[-1] if before else None
