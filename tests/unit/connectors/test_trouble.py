"""A hiccup is not told; what lasts is, until it has not been so for a while."""

from connectors.trouble import LASTS, Trouble


def test_what_lasts_is_told_and_ends_when_it_is_not_met_again() -> None:
    source = Trouble(calm=10)
    assert source.says(0) == ""
    for at in range(0, int(LASTS), 5):
        source.met("gone", at)
        assert source.says(at) == ""
    source.met("locked", LASTS)
    assert source.says(LASTS) == "locked"
    assert source.says(LASTS + 10) == "locked"
    assert source.says(LASTS + 11) == ""


def test_two_hiccups_far_apart_are_not_one() -> None:
    source = Trouble(calm=10)
    source.met("gone", 0)
    source.met("gone", LASTS + 20)
    assert source.says(LASTS + 20) == ""
