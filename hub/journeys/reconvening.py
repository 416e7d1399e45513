"""A discussion that is to be held again by a day is owed until it is, whatever was decided meanwhile.

Beside the discussion's own journey, which goes on with its decision: an inquorate one may start a
section 47 enquiry and must be held again all the same. Source: the hub's domain pages 3.3 and 8.3 (c).
"""

from hub.journeys.machine import Machine, moves

RECONVENING = Machine(
    name="reconvening",
    initial="agreed",
    transitions=(
        *moves(("agreed", "reconvened"), "agreed_by", "to_reconvene", why="a day was agreed"),
        *moves(("to_reconvene",), "agreed_by", None, why="held, and to be held once more"),
        *moves(("to_reconvene",), "held_again", "reconvened"),
        *moves(("reconvened",), "held_again", None, why="it was held before"),
        *moves(("to_reconvene",), "called_off", "called_off", why="the discussion was cancelled"),
    ),
    final=frozenset({"reconvened", "called_off"}),
    owed=frozenset({"to_reconvene"}),
)
