"""Each rule of the storms' checker bites: books or answers that break it are told, and true ones are not."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.faults.crash.books import Verdict
from tests.faults.crash.teams import Arrived
from tests.faults.crash.wards import Said
from tests.faults.storms.checker import Answers, Done, check
from tests.faults.storms.custody import Custody
from tests.faults.storms.steps import Step

EQUATIONS = """\
source          owned  messages
hospital-north  6      6

planned  delivered  under way  for a person  withheld  withdrawn  expired  abandoned
{:<7}  {:<9}  {:<9}  {:<12}  0         {:<9}  0        0
Both equations balance.
"""
FOREIGN = "Somebody else writes where only this hub writes, or its words were damaged: why"


@dataclass
class Evening:
    """Three attendances of each of two children, and one team that was told of all."""

    said: list[Said] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    custody: Custody = field(
        default_factory=lambda: Custody(
            {"EDT-1", "EDT-2"},
            2,
            [],
            {"Ahmed": ["EDT-1"], "Brook": []},
            {"Ahmed": ["EDT-1"], "Brook": ["EDT-2"]},
        )
    )
    answers: Answers = field(default_factory=lambda: Answers(0, EQUATIONS.format(6, 6, 0, 0, 0), 0))

    def __post_init__(self) -> None:
        for number in range(3):
            for child in range(2):
                visit, name = f"N-{child}-{number}", f"N{child}{number}"
                self.said.append(Said(name, child, visit, number, 1.0, 1, 2.0))
                self.arrived.append(Arrived(f"R{child}{number}", visit, 10.0 + number))

    def again(self, after: float, manner: str = "well") -> None:
        """The first one was answered so, and came once more."""
        self.arrived[0] = replace(self.arrived[0], manner=manner)
        self.arrived.append(replace(self.arrived[0], at=10.0 + after, manner="well"))

    def did(self, what: str, whom: str, began: float, ended: float) -> None:
        """A step, in seconds after the first arrival."""
        self.done.append(Done(Step(0.0, what, whom), 10.0 + began, 10.0 + ended))

    def verdict(self) -> Verdict:
        """What the checker says."""
        return check(self.said, {"team": self.arrived}, self.done, self.answers, self.custody)


def test_an_evening_on_which_all_went_well_is_not_faulted() -> None:
    assert Evening().verdict().wrong == []


def _lose(e: Evening) -> None:
    del e.arrived[-1]


def _invent(e: Evening) -> None:
    e.arrived.append(Arrived("R13", "N-1-3", 14.0))


def _swap(e: Evening) -> None:
    e.arrived[0], e.arrived[2] = e.arrived[2], e.arrived[0]


def _rename(e: Evening) -> None:
    e.arrived.append(replace(e.arrived[0], reference="OTHER"))


def _never(e: Evening) -> None:
    e.said[-1].acknowledged = None


def _again(e: Evening) -> None:
    e.again(2.0)


def _long_after(e: Evening) -> None:
    e.again(60.0)
    e.did("kill", "core", 30.0, 30.0)


def _long_before(e: Evening) -> None:
    e.again(2.0, "twice")
    e.did("twice", "team", -9.0, -2.0)


def _of_another(e: Evening) -> None:
    e.again(2.0)
    e.did("halve", "other-team", 0.0, 2.0)
    e.did("restart", "edge-out", 0.0, 1.0)


def _misled(e: Evening) -> None:
    e.arrived[-1] = replace(e.arrived[-1], manner="wrong")


def _leave(e: Evening) -> None:
    e.answers.equations = EQUATIONS.format(6, 5, 1, 0, 0)


def _ask_somebody(e: Evening) -> None:
    e.answers.equations = EQUATIONS.format(7, 6, 0, 1, 0)


def _say_nothing(e: Evening) -> None:
    e.answers.equations = "the ledger cannot be read"


def _unbalance(e: Evening) -> None:
    e.answers.reconciled = 1


def _forge(e: Evening) -> None:
    e.answers.verified = 1


def _hide(e: Evening) -> None:
    e.answers.left, e.answers.shelf = (12, 12), 11


def _overfill(e: Evening) -> None:
    e.answers.left, e.answers.shelf = (11, 12), 13


def _accuse(e: Evening) -> None:
    e.answers.incidents = [FOREIGN]


def _leave_incident(e: Evening) -> None:
    e.answers.incidents = ["A team does not answer: why"]


def _open_twice(e: Evening) -> None:
    e.answers.incidents = ["A team does not answer: why"] * 2


def _be_late(e: Evening) -> None:
    e.answers.incidents = ["Nobody has accepted a message in time: why"]


def _die(e: Evening) -> None:
    e.answers.deaths = ["with 1: why"]


def _drop(e: Evening) -> None:
    e.custody.holds["Brook"] = []


def _both(e: Evening) -> None:
    e.custody.holds["Brook"] = ["EDT-1", "EDT-2"]


def _from_nowhere(e: Evening) -> None:
    e.custody.holds["Brook"] = ["EDT-2", "EDT-3"]


def _comfort(e: Evening) -> None:
    e.custody.told["Brook"] = ["EDT-1"]


def _file_once(e: Evening) -> None:
    e.custody.copies = 1


def _unread(e: Evening) -> None:
    e.custody.holds["Brook"] = None


def _turn_away(e: Evening) -> None:
    e.custody.refused.append("EDT-3: 422")


@pytest.mark.parametrize(
    ("doctor", "rule"),
    [
        (_lose, "acknowledged and not at team"),
        (_invent, "at team and never sent"),
        (_swap, "out of a child's order at team"),
        (_rename, "one message under two references at team"),
        (_never, "never acknowledged: 1"),
        (_again, "repeats at team that nothing explains"),
        (_long_after, "repeats at team that nothing explains"),
        (_long_before, "repeats at team that nothing explains"),
        (_of_another, "repeats at team that nothing explains"),
        (_misled, "never acknowledged by team and not sent again"),
        (_leave, "deliveries left open"),
        (_ask_somebody, "deliveries left open"),
        (_say_nothing, "deliveries left open"),
        (_unbalance, "the equations do not balance"),
        (_forge, "the audit does not verify"),
        (_hide, "strangers' records on the shelf"),
        (_overfill, "strangers' records on the shelf"),
        (_accuse, "a stranger is seen where none was"),
        (_leave_incident, "incidents left open"),
        (_open_twice, "one thing wrong, two incidents"),
        (_be_late, "incidents left open"),
        (_drop, "handed over and held by nobody"),
        (_both, "held by two"),
        (_from_nowhere, "held and never handed over"),
        (_comfort, "told that they hold what they do not"),
        (_file_once, "handovers in the records"),
        (_unread, "an inbox that nobody could read"),
        (_turn_away, "refused handovers"),
        (_die, "hub run ended by itself"),
    ],
)
def test_each_broken_promise_is_told(doctor: Callable[[Evening], None], rule: str) -> None:
    e = Evening()
    doctor(e)
    assert any(sentence.startswith(rule) for sentence in e.verdict().wrong), e.verdict().wrong


def _hung_up(e: Evening) -> None:
    e.again(6.0, "hang-up")


def _killed(e: Evening) -> None:
    e.again(3.0)
    e.did("kill", "edge-out", 1.0, 1.0)


def _half_a_line(e: Evening) -> None:
    e.again(2.0)
    e.did("halve", "team", -1.0, 1.0)


def _one_answer_too_many(e: Evening) -> None:
    e.again(2.0)
    e.did("twice", "team", -2.0, -0.5)


def _said_twice(e: Evening) -> None:
    e.arrived[-1] = replace(e.arrived[-1], manner="twice")


def _strangers(e: Evening) -> None:
    e.answers.left, e.answers.shelf, e.answers.incidents = (2, 2), 2, [FOREIGN, FOREIGN]


def _tomorrow(e: Evening) -> None:
    e.did("clock", "+14h", 1.0, 5.0)
    e.answers.incidents = ["Nobody has accepted a message in time: why"]
    e.answers.equations = EQUATIONS.format(9, 6, 0, 1, 2)


@pytest.mark.parametrize(
    "doctor",
    [_hung_up, _killed, _half_a_line, _one_answer_too_many, _said_twice, _strangers, _tomorrow],
)
def test_what_was_to_be_expected_is_no_fault(doctor: Callable[[Evening], None]) -> None:
    e = Evening()
    doctor(e)
    assert e.verdict().wrong == []
