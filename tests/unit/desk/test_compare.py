"""What two messages say differently is found wherever it stands, and nothing else is shown."""

from hypothesis import given
from hypothesis import strategies as st

from hub.desk.shown.compare import Difference, compared

FIRST = {
    "reference": "1",
    "child": {"name": {"value": {"given": "Amberly", "family": "Marrowby"}}, "born": "2019-05-04"},
    "told": [{"who": "aunt"}, {"who": "school"}],
    "danger": None,
}


def test_differences_are_named_by_their_place() -> None:
    second = {
        "reference": "1",
        "child": {"name": {"value": {"given": "Brindley", "family": "Marrowby"}}},
        "told": [{"who": "aunt"}],
        "danger": {"value": True},
    }
    found = compared(FIRST, second)
    assert found.differing == (
        Difference("child.name.given", "Amberly", "Brindley"),
        Difference("child.born", "2019-05-04", None),
        Difference("told[1].who", "school", None),
        Difference("danger", None, True),
    )
    assert found.same == 3


scalars = st.sampled_from((None, True, "x", "y"))
parts = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from("xy"), scalars)
bodies = st.dictionaries(st.sampled_from("abc"), parts)


@given(bodies, bodies)
def test_the_same_says_the_same_and_order_only_changes_sides(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert compared(one, one).differing == ()
    there, back = compared(one, other), compared(other, one)
    turned = {Difference(d.path, d.second, d.first) for d in back.differing}
    assert set(there.differing) == turned
    assert there.same == back.same
