"""Every field says what kind of data it holds, every record what narrows it: disclosure is look-up.

Kinds are the rows of the disclosure matrix; restrictions are labels that narrow a row (the most
restrictive wins). Source: DfE Information sharing advice (2024); the hub's domain pages 6.4, 6.5.
"""

from enum import StrEnum


class DataKind(StrEnum):
    """What a field tells about whom; one row of the disclosure policy each."""

    CHILD_IDENTITY = "child_identity"
    CURRENT_ADDRESS = "current_address"
    CONCERN_NARRATIVE = "concern_narrative"
    DECISION = "decision"
    REFERRER_IDENTITY = "referrer_identity"
    POLICE_INTELLIGENCE = "police_intelligence"
    OTHER_PARENT = "other_parent"
    THIRD_PARTY_HEALTH = "third_party_health"
    ADOPTION_LINK = "adoption_link"
    DELIVERY_METADATA = "delivery_metadata"


class Restriction(StrEnum):
    """A label on a record; several compose and the most restrictive wins."""

    ADOPTION = "ADOPTION"
    SAFE_ADDRESS = "SAFE_ADDRESS"
    POLICE_RESTRICTED = "POLICE_RESTRICTED"
    STAFF_FAMILY = "STAFF_FAMILY"
    PDS_SENSITIVE = "PDS_SENSITIVE"
    COURT_ORDER = "COURT_ORDER"
    WITNESS = "WITNESS"


class Depth(StrEnum):
    """What of a row remains where the policy says summary: only fields that carry `SUMMARY`."""

    SUMMARY = "summary"
