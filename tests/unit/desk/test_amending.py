"""Each place that a form says differently is one change, made in its order, and mistakes stand at their fields."""

from typing import Any

import orjson
import pytest

from hub.desk.repair.amending import SAY, changes, mistakes, unread
from hub.desk.repair.forms import Place, form_of, posted_by
from schemas.amend import AMENDABLE, UNAMENDABLE, Path, Unamendable, amended, complaints
from schemas.census import Abuse
from schemas.register import REGISTER
from tests.kit import people
from tests.unit.desk.test_forms import MAKES, body_of

HANDOVER = "edt.handover"


def edited(kind: str, body: dict[str, Any], **typed: str) -> Place:
    """The form after somebody typed this; `_` stands for a dot, `__` for `_`."""
    named = {
        name.replace("__", "\0").replace("_", ".").replace("\0", "_"): text
        for name, text in typed.items()
    }
    return form_of(kind, 1, body, body, posted_by(form_of(kind, 1, body, body)) | named)


def pressed(kind: str, body: dict[str, Any], posted: dict[str, str], do: str) -> dict[str, str]:
    """What the form holds after a button was pressed in it."""
    return posted_by(form_of(kind, 1, body, body, posted | {"do": do}))


@pytest.mark.parametrize("kind", MAKES)
def test_every_choice_that_is_offered_may_be_said(kind: str) -> None:
    body = body_of(kind, 3)
    posted = posted_by(form_of(kind, 1, body, body))
    for one in form_of(kind, 1, body, body).each():
        for code, _ in one.options:
            typed = posted | {one.name: code}
            made = changes(form_of(kind, 1, body, body, typed))
            after = orjson.dumps(amended(kind, body, made))
            odd = [
                why
                for where, why in complaints(kind, 1, after)
                if why.startswith(("Input should", "it must be one of", "the message has no"))
            ]
            assert odd == [], (one.name, code, odd)


def test_an_item_is_taken_out_and_another_added_in_one_go() -> None:
    body = people.a_handover(1).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    body["not_checked"] = ["GP", "School", "Police"]
    posted = posted_by(form_of(HANDOVER, 1, body, body))
    posted = pressed(HANDOVER, body, posted, "drop:not_checked.0")
    posted = pressed(HANDOVER, body, posted, "add:not_checked")
    posted |= {"f.not_checked.new1": "Housing", "f.not_checked.2": "Police records"}
    made = changes(form_of(HANDOVER, 1, body, body, posted))
    assert made == [
        (("not_checked", 2), "Police records"),
        (("not_checked", 0), None),
        (("not_checked", 2), "Housing"),
    ]
    after = amended(HANDOVER, body, made)
    assert after["not_checked"] == ["School", "Police records", "Housing"]


def test_what_was_not_there_at_all_is_added_whole_and_taken_away_whole() -> None:
    body = body_of("police.notification", 3)
    body.pop("seeing", None)
    posted = posted_by(form_of("police.notification", 1, body, body))
    posted = pressed("police.notification", body, posted, "add:seeing")
    posted |= {"f.seeing.seen": "true", "f.seeing.seen_alone": "true"}
    made = changes(form_of("police.notification", 1, body, body, posted))
    assert made == [(("seeing",), {"seen": True, "seen_alone": True})]
    more = amended("police.notification", body, made)
    gone = pressed(
        "police.notification", more, posted_by(form_of("police.notification", 1, more, more)),
        "drop:seeing",
    )  # fmt: skip
    assert changes(form_of("police.notification", 1, more, more, gone)) == [(("seeing",), None)]


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ({"f.hazards": "A dog"}, {"value": "A dog"}),
        ({"k.hazards": "not_known"}, "not_known"),
        ({"k.hazards": "told", "f.hazards": "A dog"}, {"value": "A dog"}),
    ],
)
def test_three_values_are_told_apart(typed: dict[str, str], made: Any) -> None:
    body = body_of(HANDOVER, 1)
    body.pop("hazards", None)
    posted = posted_by(form_of(HANDOVER, 1, body, body)) | typed
    assert changes(form_of(HANDOVER, 1, body, body, posted)) == [(("hazards",), made)]
    known = body | {"hazards": {"value": "A dog"}}
    posted = posted_by(form_of(HANDOVER, 1, known, known))
    for chosen in ("not_known", "not_asked"):
        form = form_of(HANDOVER, 1, known, known, posted | {"k.hazards": chosen})
        assert changes(form) == [(("hazards",), chosen)]
    assert unread(form_of(HANDOVER, 1, known, known, posted | {"f.hazards": ""})) == {
        "f.hazards": SAY
    }


def test_times_are_civil_and_what_is_none_is_told_at_its_field() -> None:
    body = body_of("strategy.requested", 1) | {"proposed_at": "2026-06-01T09:00:00Z"}
    form = form_of("strategy.requested", 1, body, body)
    [place] = [one for one in form.each() if one.name == "f.proposed_at"]
    assert place.now == "1 June 2026 10:00"
    later = edited("strategy.requested", body, f_proposed__at="2 June 2026 10:00")
    assert changes(later) == [(("proposed_at",), "2026-06-02T09:00:00+00:00")]
    for wrong in ("next Friday", "12345", "25 October 2026 01:30", "29 March 2026 01:30"):
        assert set(unread(edited("strategy.requested", body, f_proposed__at=wrong))) == {
            "f.proposed_at"
        }


def test_what_is_withheld_is_not_offered_even_as_empty() -> None:
    whole = body_of(HANDOVER, 1) | {"not_checked": ["GP", "School"], "hazards": "not_known"}
    whole.pop("medical", None)
    less = {name: part for name, part in whole.items() if name != "hazards"}
    less |= {"concern": "only the gist", "not_checked": ["GP"]}
    form = form_of(HANDOVER, 1, less, whole, None, frozenset({"medical", "visits[].found"}))
    offered = {str(one.keys[0]) for one in form.each() if one.keys}
    assert "risk" in offered
    assert not offered & {"concern", "hazards", "not_checked", "medical"}
    added = form_of(HANDOVER, 1, less, whole, {"do": "add:visits"}, frozenset({"visits[].found"}))
    inside = {
        one.keys[2]
        for one in added.each()
        if one.keys[:2] == ("visits", "new1") and len(one.keys) > 2
    }
    assert "at" in inside and "found" not in inside, "what they may not read they do not write"


def test_an_item_that_they_see_in_part_stays() -> None:
    whole = body_of("police.notification", 3)
    whole["adults"] = [{"role": "witness", "born": "1980-01-01", "warning_markers": ["Violence"]}]
    seen = whole | {"adults": [{"role": "witness", "born": "1980-01-01"}]}
    form = form_of("police.notification", 1, seen, whole)
    assert not [one for one in form.each() if one.at == "adults.0" and one.may_drop]
    posted = posted_by(form) | {"do": "drop:adults.0"}
    assert changes(form_of("police.notification", 1, seen, whole, posted)) == []


def test_a_mistake_is_told_at_its_field_also_inside_a_union_and_behind_a_removal() -> None:
    body = body_of("strategy.requested", 1)
    body["harm"] = [{"code": code.value} for code in list(Abuse)[:3]]
    kind = "strategy.requested"
    posted = posted_by(form_of(kind, 1, body, body))
    posted = pressed(kind, body, posted, "drop:harm.0")
    posted |= {"f.proposed_kind": "by pigeon", "f.harm.2": "XYZ"}
    form = form_of(kind, 1, body, body, posted)
    at_fields, others = mistakes(form, kind, 1, orjson.dumps(amended(kind, body, changes(form))))
    assert set(at_fields) == {"f.proposed_kind", "f.harm.2"}
    assert others == []


def test_a_rule_of_several_fields_is_told_where_it_asks_and_in_the_words_of_the_form() -> None:
    body = body_of("police.notification", 3)
    body["seeing"] = {"seen": True, "seen_alone": True}
    kind = "police.notification"
    posted = posted_by(form_of(kind, 1, body, body)) | {"f.seeing.seen_alone": "false"}
    form = form_of(kind, 1, body, body, posted)
    at_fields, _ = mistakes(form, kind, 1, orjson.dumps(amended(kind, body, changes(form))))
    assert set(at_fields) == {"f.seeing.reason"}
    assert "“Seen alone” is false without a reason" in at_fields["f.seeing.reason"]
    assert "seen_alone" not in str(at_fields)


@pytest.mark.parametrize(
    "path",
    [
        ("child", "name"),
        ("outcome",),
        ("decided_by", "name"),
        ("flags", -1),
        ("flags", 9),
        ("flags", True),
        ("nowhere", "at", "all"),
        (),
    ],
)
def test_no_change_leads_to_the_child_to_a_decision_or_nowhere(path: Path) -> None:
    body = body_of("referral.decision", 1) | {"flags": []}
    with pytest.raises(Unamendable):
        amended("referral.decision", body, [(path, "x")])


def test_no_child_is_brought_in_with_a_whole_part() -> None:
    body = body_of("referral.passed_to_team", 1)
    with pytest.raises(Unamendable, match="who it is about"):
        amended(
            "referral.passed_to_team", body, [(("referral",), {"child": {"born": "2020-01-01"}})]
        )


def test_of_every_type_it_is_said_whether_and_why_nobody_corrects_it() -> None:
    said = {name for name, entry in REGISTER.items() if entry.flow != "acts"}
    assert set(AMENDABLE) | set(UNAMENDABLE) == said
    assert not set(AMENDABLE) & set(UNAMENDABLE)
