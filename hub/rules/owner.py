"""A message that somebody must act on, and nobody gets for that, is known in words and never silent.

Who gets it is decided by routing and disclosure together; here is only judged whom that leaves out.
Source: the hub's domain pages 1 (R3, D7) and 8.2.
"""

from collections.abc import Mapping
from typing import Any

from hub.rules.route import Routed, Way
from schemas.envelope import Envelope
from schemas.register import REGISTER


def nobody_acts(
    envelope: Envelope,
    fields: Mapping[str, Any],
    way: Way,
    routed: Routed,
    kept_back: Mapping[str, str],
) -> str:
    """Who was to act on this and does not get it, and why; empty where nobody is missing. Pure.

    `kept_back` are planned partners from whom the disclosure policy keeps it, and why. A message
    that says what has become of it already needs nobody else.
    """
    entry = REGISTER.get(envelope.type)
    if way.nowhere or way.to_asker or entry is None or not entry.needs_a_person:
        return ""
    if any(fields.get(name) for name in way.settled_by):
        return ""
    missing = [f"{one.whom}: {one.why}" for one in routed.missed if one.owed]
    withheld = [f"{name}: {why}" for name, why in sorted(kept_back.items())]
    if envelope.recipients:
        missing += withheld
    if missing or any(one.meant for one in routed.missed):
        return "; ".join(missing)
    enough = routed.planned if way.informs else routed.acting
    if {one.partner for one in enough} - kept_back.keys():
        return ""
    return "; ".join(withheld) or routed.none or "who gets it gets it for information only"
