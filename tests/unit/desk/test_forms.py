"""A form holds what its message says, whatever is added, taken away and typed, and says it back."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.repair.amending import changes
from hub.desk.repair.forms import Place, form_of, posted_by
from schemas.amend import AMENDABLE, amended, fixed
from schemas.codes import RiskGrade, RiskLevel
from schemas.register import model_of
from schemas.values import Said
from tests.kit import people
from tests.kit.effort import tries

MAKES: dict[str, Callable[[int], Said]] = {
    "contact.recorded": people.a_contact,
    "referral.received": people.a_referral,
    "referral.acknowledged": people.an_acknowledgement,
    "referral.passed_to_team": people.a_passing,
    "referral.decision": people.a_decision,
    "referrer.decision_feedback": people.a_feedback,
    "strategy.requested": people.a_strategy_request,
    "strategy.record": people.a_strategy_record,
    "police.notification": lambda n: people.a_police_notification(n, list(RiskGrade)[n % 3]),
    "health.attendance": people.an_attendance,
    "edt.handover": lambda n: people.a_handover(n, list(RiskLevel)[n % 5]),
}
every = pytest.mark.parametrize("kind", AMENDABLE)


def body_of(kind: str, seed: int) -> dict[str, Any]:
    return MAKES[kind](seed).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def normal(kind: str, body: dict[str, Any]) -> Said:
    return model_of(kind).model_validate_json(orjson.dumps(body))


def anew(form: Place) -> dict[str, str]:
    """What somebody posts who takes every item out and types the form's own as new ones."""
    found: dict[str, str] = {}
    for one, text in posted_by(form).items():
        kind, _, at = one.partition(".")
        keys = [f"new{int(key) + 1}" if key.isdecimal() else key for key in at.split(".")]
        if kind == "n":
            text = ",".join(f"new{int(key) + 1}" for key in text.split(",") if key != "-") or "-"
        found[".".join([kind, *keys])] = text
    return found


def of_its_own(kind: str, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The other one, but with the one's child and what was decided."""
    made = dict(other)
    for name in {*one, *other}:
        if fixed(kind, (name,)) is not None:
            if name in one:
                made[name] = one[name]
            else:
                made.pop(name, None)
    if "referral" in made:
        made.pop("referral")
    return made


def test_every_type_that_may_be_corrected_is_tried_here() -> None:
    assert set(MAKES) == set(AMENDABLE)


@every
@tries(15)
@given(seed=st.integers(0, 40))
def test_a_form_posted_as_it_came_changes_nothing(kind: str, seed: int) -> None:
    body = body_of(kind, seed)
    form = form_of(kind, 1, body, body)
    again = form_of(kind, 1, body, body, posted_by(form))
    assert changes(again) == []
    assert posted_by(again) == posted_by(form)
    names = [one.name for one in form.each()]
    assert len(names) == len(set(names)) > 4
    assert not [one for one in form.each() if "child" in one.keys]


@every
@tries(15)
@given(first=st.integers(0, 40), second=st.integers(0, 40))
def test_whatever_one_message_says_may_be_typed_over_another(
    kind: str, first: int, second: int
) -> None:
    one, other = (body_of(kind, seed) for seed in (first, second))
    for body in (one, other):
        body.pop("referral", None)
    wanted = of_its_own(kind, one, other)
    typed = anew(form_of(kind, 1, wanted, wanted))
    made = changes(form_of(kind, 1, one, one, typed))
    assert normal(kind, amended(kind, one, made)) == normal(kind, wanted)
