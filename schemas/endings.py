"""How something that waited for a person ended is one of a few words, each with a label for people."""

from schemas.codes import Code


class ParcelEnd(Code):
    """How an unreadable or unmatched parcel ended."""

    CORRECTED = "corrected", "A corrected one was accepted"
    NOT_OURS = "not_ours", "Not ours to keep"
    TAKEN_BY_PHONE = "taken_by_phone", "Content taken by telephone"
    JUNK = "junk", "No message at all"


class EarlyEnd(Code):
    """What a person decided about a message whose predecessor never came."""

    PROCEED = "proceed", "Take it without its predecessor"
    KEEP_WAITING = "keep_waiting"
    DROP = "drop", "Set aside"


class ConflictEnd(Code):
    """What a person found who looked at two messages under one reference."""

    BOTH_STAND = "both_stand", "Both are right: two matters under one reference"
    SECOND_STANDS = "second_stands", "The second is right: it corrects the first"
    FIRST_STANDS = "first_stands", "The first is right: the second was sent by mistake"
