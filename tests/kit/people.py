"""Every synthetic builder under one name: the same seed is always the same invented people and words.

`seed % 8` picks the story of the child (`STORIES`: unborn, twin, interpreter, refuge …).
"""

from tests.kit.nights import (
    a_handover,
    a_linking,
    a_police_notification,
    a_query_answer,
    a_receipt,
    a_response,
    a_strategy_record,
    a_strategy_request,
    an_attendance,
)
from tests.kit.persons import (
    NIGHT,
    STORIES,
    a_child,
    a_household,
    a_referrer,
    a_worker,
    an_address,
    name,
    nhs,
    phone,
    seed_of,
    story,
)
from tests.kit.referrals import (
    a_concern,
    a_contact,
    a_decision,
    a_feedback,
    a_knowledge,
    a_passing,
    a_referral,
    a_threshold,
    an_acknowledgement,
)

__all__ = [
    "NIGHT",
    "STORIES",
    "a_child",
    "a_concern",
    "a_contact",
    "a_decision",
    "a_feedback",
    "a_handover",
    "a_household",
    "a_knowledge",
    "a_linking",
    "a_passing",
    "a_police_notification",
    "a_query_answer",
    "a_receipt",
    "a_referral",
    "a_referrer",
    "a_response",
    "a_strategy_record",
    "a_strategy_request",
    "a_threshold",
    "a_worker",
    "an_acknowledgement",
    "an_address",
    "an_attendance",
    "name",
    "nhs",
    "phone",
    "seed_of",
    "story",
]
