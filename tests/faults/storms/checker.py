"""Whether the hub kept its promises is read from what others wrote down and from what it answers when it is asked.

Nothing of the hub is imported here, nor is its ledger opened: whoever wrote the promise's code
cannot have written its check.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.crash.books import Verdict, in_order, nothing_lost, one_reference
from tests.faults.crash.manners import RIGHT
from tests.faults.crash.teams import Arrived
from tests.faults.crash.wards import Said
from tests.faults.storms.custody import Custody
from tests.faults.storms.steps import MANNERS, Step

TOLD = 8.0
"""Seconds within which an answer has become known to the ledger, if nothing disturbs it."""

LINGERS = 1.0
"""Seconds that a step may still be felt: an answer that came twice lies on the line before the next."""

LETS_GO = ("kill", "stop", "full", "cut", "delay", "halve", "deaf", "mute", "code", *MANNERS)
"""Steps after which the hub may not know what became of a message that was answered."""

ON_THE_WAY = ("edge-out", "core", "run", "kafka", "postgres", "hub")
"""Whom such a step must befall, beside the team itself, to excuse a message that comes again."""


STRANGERS = ("Somebody else writes", "A message is of a version")
"""Incidents that stay until somebody sets aside what a stranger left, one a topic."""

OVERDUE = "Nobody has accepted a message in time"
SHOWN = 200
"""Records that the desk shows at once."""


BY_ITSELF = "ended by itself"
"""What came of a server's disk being full; an operator tried to start the server again."""


@dataclass(slots=True)
class Done:
    """A step as it was carried out, in the same time as the partners' books."""

    step: Step
    began: float
    ended: float
    what_came: str = ""


@dataclass
class Answers:
    """What the hub said of itself when all was quiet."""

    reconciled: int | None = None
    equations: str = ""
    verified: int | None = None
    chains: str = ""
    incidents: list[str] = field(default_factory=list)
    """Titles of the open ones at the desk."""
    shelf: int = 0
    """Records that the desk shows as stuck."""
    left: tuple[int, int] = (0, 0)
    """Records that a stranger left where the desk must show them: confirmed, and all."""
    deaths: list[str] = field(default_factory=list)
    """How `hub run` ended where nobody ended it."""


def check(
    said: list[Said],
    books: dict[str, list[Arrived]],
    done: list[Done],
    answers: Answers,
    custody: Custody | None = None,
) -> Verdict:
    """Every promise of the road, from outside."""
    verdict = Verdict()
    verdict.counted["messages"] = len(said)
    verdict.counted["acknowledged"] = sum(one.acknowledged is not None for one in said)
    verdict.counted["sent again by hospitals"] = sum(max(0, one.tries - 1) for one in said)
    verdict.fault("never acknowledged", [one.name for one in said if one.acknowledged is None])
    for name, arrived in books.items():
        nothing_lost(verdict, name, said, arrived)
        in_order(verdict, name, arrived)
        one_reference(verdict, name, arrived)
        _taken(verdict, name, arrived)
        _repeats_explained(verdict, name, arrived, done)
    if custody is not None:
        _custody(verdict, custody)
    _of_itself(verdict, done, answers)
    return verdict


def _custody(verdict: Verdict, custody: Custody) -> None:
    """Whatever the night handed over has one holder, who was the only one to be told so."""
    holders: dict[str, list[str]] = defaultdict(list)
    for person, held in custody.holds.items():
        verdict.fault("an inbox that nobody could read", [person] if held is None else [])
        for reference in held or ():
            holders[reference].append(person)
    verdict.counted["handovers"] = len(custody.owned)
    verdict.fault("refused handovers", custody.refused)
    verdict.fault("handed over and held by nobody", custody.owned - holders.keys())
    verdict.fault("held and never handed over", holders.keys() - custody.owned)
    if custody.copies != len(custody.owned):
        found = f"{custody.copies} of {len(custody.owned)}"
        verdict.fault("handovers in the records", [found])
    verdict.fault("held by two", [f"{ref}: {who}" for ref, who in holders.items() if len(who) != 1])
    verdict.fault(
        "told that they hold what they do not",
        [
            f"{person}: {reference}"
            for person, told in custody.told.items()
            for reference in told
            if holders[reference] != [person]
        ],
    )


def _taken(verdict: Verdict, name: str, arrived: list[Arrived]) -> None:
    """Whatever was not acknowledged by its own name came again, until it was."""
    last = {one.reference: one for one in arrived}
    doubtful = [
        f"{one.reference} ({one.manner})" for one in last.values() if one.manner not in RIGHT
    ]
    verdict.fault(f"never acknowledged by {name} and not sent again", doubtful)


def _repeats_explained(
    verdict: Verdict, name: str, arrived: list[Arrived], done: list[Done]
) -> None:
    """A message comes again only where its answer was wrong, or may have been lost."""
    times = Counter(one.reference for one in arrived)
    verdict.counted[f"repeats at {name}"] = sum(times.values()) - len(times)
    came: dict[str, list[Arrived]] = defaultdict(list)
    for one in arrived:
        if times[one.reference] > 1:
            came[one.reference].append(one)
    excuses = [one for one in done if one.step.what in LETS_GO]
    excuses = [one for one in excuses if one.step.whom in (*ON_THE_WAY, name)]
    wrong = []
    for reference, arrivals in came.items():
        for before, after in pairwise(arrivals):
            until = min(after.at, before.at + TOLD)
            if before.manner in RIGHT and not any(
                one.began <= until and one.ended + LINGERS >= before.at for one in excuses
            ):
                gap = f"{before.at:.2f} and {after.at:.2f}"
                wrong.append(f"{reference} at {gap}, answered {before.manner}")
    verdict.fault(f"repeats at {name} that nothing explains", wrong)


def _of_itself(verdict: Verdict, done: list[Done], answers: Answers) -> None:
    """What the hub answers must agree with what everybody else saw."""
    if answers.reconciled != 0:
        verdict.fault("the equations do not balance", [answers.equations[-1500:]])
    if answers.verified != 0:
        verdict.fault("the audit does not verify", [answers.chains[-600:]])
    jumped = any(one.step.what == "clock" for one in done)
    open_still = {
        term: count
        for term, count in sent(answers.equations).items()
        if count and term not in ("planned", "delivered", "withdrawn")
    }
    if jumped:
        # Hours that pass at once make deadlines pass: somebody is to be rung.
        open_still.pop("for a person", None)
    verdict.fault("deliveries left open", open_still.items())
    least, most = answers.left
    if not min(least, SHOWN) <= answers.shelf <= most:
        found = f"{answers.shelf} at the desk, {least} to {most} left by a stranger"
        verdict.fault("strangers' records on the shelf", [found])
    wrong = [title for title in answers.incidents if not title.startswith(STRANGERS)]
    twice = [f"{title} ({n}x)" for title, n in Counter(wrong).items() if n > 1]
    verdict.fault("one thing wrong, two incidents", twice)
    verdict.fault(
        "incidents left open",
        [title for title in wrong if not (jumped and title.startswith(OVERDUE))],
    )
    if not answers.left[1]:
        verdict.fault("a stranger is seen where none was", set(answers.incidents) - set(wrong))
    verdict.fault("hub run ended by itself", answers.deaths)
    verdict.counted["incidents open"] = len(answers.incidents)
    verdict.counted["on the shelf"] = answers.shelf
    tries = sum(one.what_came == BY_ITSELF for one in done)
    verdict.counted["servers that an operator had to start"] = tries


def sent(equations: str) -> dict[str, int]:
    """The terms of the second equation as `hub ledger reconcile` prints them."""
    for head, row in pairwise(equations.splitlines()):
        terms = [term.strip() for term in head.split("  ") if term.strip()]
        if terms[:1] == ["planned"]:
            return dict(zip(terms, map(int, row.split()), strict=True))
    return {"that nobody told": 1}
