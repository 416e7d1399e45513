"""No two children of a history are one, or a load of millions ends at its keys."""

from datetime import datetime
from pathlib import Path

import pytest

from hub.seal import Keyring
from tests.kit.persons import nhs
from tests.load.scale.history import NUMBERS, History, Part
from tests.load.scale.stencil import Form

DAYS = datetime(2026, 1, 1), datetime(2026, 1, 2)


def test_a_child_of_its_own_is_the_next_one_however_much_was_told_before(tmp_path: Path) -> None:
    history = History(Keyring.first_start(tmp_path), "cases", "384")
    forms = {"attended": Form(messages=1), "stopped": Form(messages=1, wrong=True)}
    parts = [Part("attended", 2_000, *DAYS), Part("stopped", 20, *DAYS)]
    assert sum(messages for messages, _ in history.tell(forms, parts, 250)) == 2_020
    assert len(history._children) == 250 + 20
    assert max(history._children) == 250 + 20 - 1


def test_more_children_than_there_are_numbers_are_refused(tmp_path: Path) -> None:
    history = History(Keyring.first_start(tmp_path), "cases", "384")
    with pytest.raises(ValueError, match="no number"):
        history._opened(NUMBERS, DAYS[0])


def test_numbers_below_the_limit_differ() -> None:
    assert len({nhs(seed) for seed in range(0, NUMBERS, 7)}) == len(range(0, NUMBERS, 7))
