"""A form offers what may be said, gives back what it was given, and names mistakes where they stand."""

import orjson
import pytest

from hub.desk.amending import changes, fields, mistakes
from schemas.amend import AMENDABLE, amended, complaints
from schemas.values import Said
from tests.kit import people

BODIES: dict[str, list[Said]] = {
    "edt.handover": [people.a_handover(n) for n in range(8)],
    "health.attendance": [people.an_attendance(n) for n in range(3)],
    "police.notification": [people.a_police_notification(n) for n in range(3)],
    "strategy.requested": [people.a_strategy_request(n) for n in range(3)],
}
SHAPELESS = ("Input should", "it must be one of", 'say {"value"', "the message has no such field")
"""How the schema complains of a value that no form should have offered; the trade's rules may object."""
EACH = [(kind, body) for kind, bodies in BODIES.items() for body in bodies]


def test_every_type_that_may_be_corrected_is_tried_here() -> None:
    assert set(BODIES) == set(AMENDABLE)


@pytest.mark.parametrize(("kind", "said"), EACH)
def test_a_form_sent_back_as_it_came_changes_nothing(kind: str, said: Said) -> None:
    body = said.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found = fields(kind, 1, body, body)
    assert len(found) > 5
    assert len({one.name for one in found}) == len(found)
    assert changes(found, {one.name: one.given for one in found}) == []
    assert not [one for one in found if one.path[0] == "child"]


@pytest.mark.parametrize(("kind", "said"), EACH)
def test_every_choice_and_text_that_is_offered_may_be_said(kind: str, said: Said) -> None:
    body = said.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found = fields(kind, 1, body, body)
    for one in found:
        given = one.options[0][0] if one.options else "Otherwise" if one.kind == "text" else ""
        made = changes([one], {one.name: given}) if given else []
        if made:
            after = orjson.dumps(amended(body, made))
            odd = [why for _, why in complaints(kind, 1, after) if why.startswith(SHAPELESS)]
            assert odd == [], (one.path, given, odd)


def test_what_is_withheld_is_not_offered_even_as_empty() -> None:
    whole = people.a_handover(1).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    less = {name: part for name, part in whole.items() if name != "hazards"}
    less["concern"] = "only the gist"
    names = {one.path[0] for one in fields("edt.handover", 1, less, whole)}
    assert "risk" in names
    assert "concern" not in names, "they see another wording, and would undo what they cannot see"
    assert "hazards" not in names or "hazards" not in whole


def test_a_mistake_is_told_at_its_field_also_inside_a_union() -> None:
    body = people.a_strategy_request(1).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    found = fields("strategy.requested", 1, body, body)
    wrong = amended(body, [(("proposed_kind",), "by pigeon"), (("harm", 0, "code"), "XYZ")])
    at_fields, others = mistakes(found, "strategy.requested", 1, orjson.dumps(wrong))
    assert set(at_fields) == {"f.proposed_kind", "f.harm.0.code"}
    assert others == []
