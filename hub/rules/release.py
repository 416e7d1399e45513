"""Whether a recipient was ever released its rendering stands on its delivery, whatever became of that.

Source: the hub's domain pages 6.2 and 6.5.
"""

from hub.rules.disclose import Verdict

_BY_A_PERSON = f": {Verdict.REVIEW.value}, released;"
_HELD = f": {Verdict.REVIEW.value};"
_PERMITTED = f": {Verdict.PERMIT.value};"


def decided(edition: str, verdict: Verdict, routing: str) -> str:
    """How the decision on a delivery is written down, with the editions that made it. Pure."""
    return f"{edition}: {verdict.value}; routing {routing}"


def awaits_review(decision: str | None) -> bool:
    """Whether a second person has not released yet what the policy held. Pure."""
    return _HELD in (decision or "")


def let_go(decision: str | None) -> str:
    """The decision once a second person has released what the policy held. Pure."""
    return (decision or "").replace(_HELD, _BY_A_PERSON)


def was_released(decision: str | None, attempts: int) -> bool:
    """Whether the policy or a second person ever let this recipient have its rendering. Pure.

    Only what was released is handed out, so one attempt is proof enough for a delivery that was
    released before that was written down.
    """
    found = decision or ""
    return _PERMITTED in found or _BY_A_PERSON in found or attempts > 0
