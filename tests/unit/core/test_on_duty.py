"""What comes at 02:00 is with somebody who is there, and custody says with whom."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.clock import LONDON
from hub.partners import Partner, Receives, Role
from schemas.envelope import For, Priority
from tests.kit.deeds import act
from tests.kit.people import a_police_notification
from tests.kit.site import Bench, a_partner, an_arrival

NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=LONDON)
MORNING = NIGHT + timedelta(hours=8)
NIGHT_WORKER: dict[str, Any] = {"agency": "X26EDT", "partner": "edt"}


@pytest.fixture
def bench(a_bench: Callable[[list[Partner]], Bench]) -> Bench:
    """A daytime team, EDT, and the police who speak in the night."""
    takes = (Receives(type="police.notification", purpose=For.ACTION),)
    team, edt = Role.ASSESSMENT_TEAM, Role.EDT
    return a_bench(
        [
            a_partner("police", Role.POLICE, sends=("police.notification",)),
            a_partner("north", team, "inbox", receives=takes, hours="leeds-daytime"),
            a_partner("edt", edt, "inbox", receives=takes, hours="leeds-edt"),
        ]
    )


def comes(bench: Bench, at: datetime) -> str:
    body = a_police_notification(1)
    arrival = an_arrival("police.notification", body, "police", priority=Priority.IMMEDIATE)
    bench.record(arrival, at=at)
    return arrival.message_id


def purposes(bench: Bench) -> list[tuple[str, str]]:
    sql = "select partner, purpose from delivery order by partner, purpose"
    return [(row.partner, row.purpose) for row in bench.all(sql)]


def custody(bench: Bench) -> Any:
    [row] = bench.all("select * from journey where machine = 'handover'")
    return row


def test_the_night_owns_what_comes_in_the_night(bench: Bench) -> None:
    comes(bench, NIGHT)
    assert purposes(bench) == [("edt", "action"), ("north", "information")]
    row = custody(bench)
    assert (row.receiver, row.custodian) == ("edt", "sender")
    assert row.due_at is not None


def test_the_day_owns_what_comes_by_day(bench: Bench) -> None:
    comes(bench, MORNING)
    assert purposes(bench) == [("edt", "information"), ("north", "action")]
    assert custody(bench).receiver == "north"


def test_in_the_morning_the_night_passes_it_on_and_holds_it_until_it_is_taken(
    bench: Bench,
) -> None:
    message = comes(bench, NIGHT)
    answered: dict[str, Any] = {"response": "accepted", "at": NIGHT + timedelta(minutes=5)}
    assert act(bench, "handover.answered", message, **NIGHT_WORKER, **answered)[0] == "done"
    passes: dict[str, Any] = {"to": "north", "reason": "the shift is over", "at": MORNING}
    done = act(bench, "handover.reassigned", message, **NIGHT_WORKER, **passes)
    assert done[0] == "done", done
    assert ("north", "action") in purposes(bench)
    row = custody(bench)
    assert (row.receiver, row.holder) == ("north", "Aisling Example")
