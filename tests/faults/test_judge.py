"""Each rule of the crash campaign's judge bites: a book or a ledger that breaks it is told, and a true one is not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.formats.ack import control_id
from hub.ledger.write import run
from hub.partners import Partner, Receives, Role
from tests.faults.crash.books import Verdict
from tests.faults.crash.judge import judge
from tests.faults.crash.teams import Arrived
from tests.faults.crash.wards import Said
from tests.kit.deeds import settle, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

CHILDREN, EACH = 2, 3


def _partners() -> list[Partner]:
    takes = (Receives(type="health.attendance"),)
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order="case"),
    ]


class Night:
    """What two children's attendances left in the hospital's book, the team's and the ledger."""

    def __init__(self, folder: Path):
        self.bench = Bench(f"sqlite:///{folder / 'ledger.db'}", folder, _partners())
        self.said: list[Said] = []
        self.arrived: list[Arrived] = []
        for number in range(EACH):
            for child in range(CHILDREN):
                self._attend(child, number)

    def _attend(self, child: int, number: int) -> None:
        visit = f"N{child}-{number}"
        reference = f"M{child}{number}"
        self.said.append(Said(reference, child, visit, number, 1.0, 1, 2.0))
        body = an_attendance(child + 1)
        self.bench.record(
            an_arrival("health.attendance", body, reference=reference, parcel_id=None)
        )
        [order] = self.bench.orders()
        settle(self.bench, told(order))
        self.arrived.append(Arrived(control_id(order["reference"]), visit, 3.0))

    def change(self, statement: str) -> None:
        """Doctors the ledger."""
        with self.bench.engine.begin() as conn:
            run(conn, statement)

    def verdict(self) -> Verdict:
        """What the judge says of it."""
        with self.bench.engine.connect() as conn:
            return judge(conn, self.said, {"team": self.arrived})


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    made = Night(tmp_path)
    yield made
    made.bench.engine.dispose()


def test_a_night_on_which_all_went_well_is_not_faulted(night: Night) -> None:
    assert night.verdict().wrong == []


def _lose(night: Night) -> None:
    del night.arrived[-1]


def _invent(night: Night) -> None:
    night.arrived.append(replace(night.arrived[-1], visit="N1-3"))


def _swap(night: Night) -> None:
    night.arrived[0], night.arrived[2] = night.arrived[2], night.arrived[0]


def _renumber(night: Night) -> None:
    night.change("update delivery set lane_no = 10 - lane_no")


def _repeat(night: Night) -> None:
    night.arrived.append(night.arrived[0])


def _rename(night: Night) -> None:
    night.arrived.append(replace(night.arrived[0], reference="ANOTHER"))


def _leave_open(night: Night) -> None:
    night.change("update delivery set state = 'waiting' where lane_no = 3")


def _unplan(night: Night) -> None:
    night.change("update message set planned = planned + 1")


def _forge(night: Night) -> None:
    night.change("update audit set entry = replace(entry, 'recorded', 'recalled')")


def _stick(night: Night) -> None:
    columns = 'stuck_id, topic, partition, "offset", reason, headers, at'
    values = "'x:0:1', 'x', 0, 1, 'stuck: why', '[]', '2026-11-24 20:00:00.000000'"
    night.change(f"insert into stuck ({columns}) values ({values})")


@pytest.mark.parametrize(
    ("doctor", "rule"),
    [
        (_lose, "acknowledged and not at team"),
        (_invent, "at team and never sent"),
        (_swap, "out of a child's order at team"),
        (_renumber, "inversions in a lane at team"),
        (_repeat, "repeats without an unknown attempt at team"),
        (_rename, "one message under two references at team"),
        (_rename, "at team and not in the ledger"),
        (_leave_open, "deliveries left open"),
        (_unplan, "the equations do not balance"),
        (_forge, "the audit does not verify"),
        (_stick, "stuck records"),
    ],
)
def test_each_broken_promise_is_told(
    night: Night, doctor: Callable[[Night], None], rule: str
) -> None:
    doctor(night)
    assert any(sentence.startswith(rule) for sentence in night.verdict().wrong)


def test_a_repeat_of_an_attempt_without_a_receipt_is_no_fault(night: Night) -> None:
    _repeat(night)
    night.change(
        "insert into attempt (delivery_id, attempt, handed_at, settled_at, outcome, level, code,"
        " detail, edge) select delivery_id, 9, created_at, created_at, 'unknown', 'none', '', '',"
        " '1' from delivery"
    )
    assert night.verdict().wrong == []


def test_what_nobody_acknowledged_may_be_missing(night: Night) -> None:
    night.said[-1].acknowledged = None
    _lose(night)
    assert night.verdict().wrong == []
