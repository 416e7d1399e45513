"""What partners wrote down suffices to see that nothing was lost, invented, renamed or turned around."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.crash.teams import Arrived
from tests.faults.crash.wards import Said

MOST = 600
"""Characters of one case: enough to find it, and a screen is not flooded by ten thousand."""


@dataclass
class Verdict:
    """What was found wrong, in sentences, and what was counted."""

    wrong: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def fault(self, what: str, cases: Iterable[object]) -> None:
        """One sentence a promise, with a few of the cases."""
        found = [str(case) for case in cases]
        if found:
            some = "; ".join(case[:MOST] for case in found[:5])
            self.wrong.append(f"{what}: {len(found)}, e.g. {some}")


def nothing_lost(verdict: Verdict, name: str, said: list[Said], arrived: list[Arrived]) -> None:
    """What was acknowledged is there, and nothing else."""
    there = {one.visit for one in arrived}
    lost = [one.name for one in said if one.acknowledged and one.visit not in there]
    verdict.fault(f"acknowledged and not at {name}", lost)
    verdict.fault(f"at {name} and never sent", there - {one.visit for one in said})


def in_order(verdict: Verdict, name: str, arrived: list[Arrived]) -> None:
    """A child's numbers arrive for the first time in the order in which they were sent."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    wrong = []
    for one in arrived:
        if one.visit in seen:
            continue
        seen.add(one.visit)
        child, _, number = one.visit.rpartition("-")
        if int(number) != last.get(child, -1) + 1:
            wrong.append(f"{one.visit} after {last.get(child)}")
        last[child] = int(number)
    verdict.fault(f"out of a child's order at {name}", wrong)


def one_reference(verdict: Verdict, name: str, arrived: list[Arrived]) -> None:
    """However often a message comes, it has the same name."""
    visits: dict[str, set[str]] = defaultdict(set)
    for one in arrived:
        visits[one.visit].add(one.reference)
    verdict.fault(
        f"one message under two references at {name}",
        [visit for visit, names in visits.items() if len(names) > 1],
    )
