"""An effect is had whole or not at all, and a database that is away is nobody's fault but its own."""

from collections.abc import Callable
from typing import Any

from hub.core.work import Work
from hub.ledger.session import away
from hub.ledger.write import savepoint


def whole(work: Work, effect: Callable[[], Any]) -> Exception | None:
    """Has the effect under a savepoint; the error, where it failed and nothing of it is left.

    A `hopeful` work takes no savepoints, and raises: whoever began it does all of it anew, not
    hopeful. Next to nothing ever fails, and two questions less to the database are a tenth of a message.
    """
    if work.hopeful:
        effect()
        work.flush()
        return None
    mark, out = work.mark(), len(work.out)
    try:
        with savepoint(work.conn):
            effect()
            work.flush()
    except Exception as error:  # whatever one record can do wrong, the others must go on
        if away(error):
            raise
        work.back_to(mark)
        del work.out[out:]
        return error
    return None
