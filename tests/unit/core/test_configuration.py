"""Roles disagree where their files differ, and never because one of them is of another version."""

from typing import Any

from hub.core.reports import agree
from hub.partners import Partner, Retry
from tests.kit.lasting import MONDAY, cause, told_of
from tests.kit.site import Bench

FILE: dict[str, Any] = {
    "partner": "police",
    "title": "Police",
    "role": "police",
    "agency": "X26POL",
    "authorities": ["383"],
    "transport": {"kind": "http", "push": {"url": "https://police.example.org", "tries": 2}},
    "format": {"kind": "hub-json"},
    "retry": {"first": "PT5S"},
}


class _LaterRetry(Retry):
    added_in_retry: int = 3


class _Later(Partner):
    """What reads the same files, a version on: it knows more, and leaves it to its default."""

    added_before_window: bool = False
    retry: _LaterRetry = _LaterRetry()


def reports(bench: Bench, digests: dict[str, str]) -> None:
    bench.do(lambda work: agree(work, "edge-1", digests), MONDAY)


def test_a_file_has_one_digest_over_versions_that_know_more() -> None:
    assert _Later.model_validate(FILE).digest == Partner.model_validate(FILE).digest


def test_what_a_file_says_more_or_otherwise_is_another_digest() -> None:
    said = Partner.model_validate(FILE)
    swapped = FILE | {"transport": dict(reversed(FILE["transport"].items()))}
    assert Partner.model_validate(swapped).digest == said.digest
    for other in (
        {"window": 3},
        {"retry": {"first": "PT6S"}},
        {"transport": {"kind": "http", "push": {"url": "https://elsewhere.example.org"}}},
        {"authorities": ["383", "384"]},
    ):
        assert Partner.model_validate(FILE | other).digest != said.digest, other


def test_a_real_difference_opens_it_and_the_same_files_close_it(bench: Bench) -> None:
    own = bench.site.directory.digests
    reports(bench, dict(own))
    assert told_of(bench) == []
    reports(bench, own | {"police": bench.site.directory["team"].digest})
    assert cause(bench, "configuration") == "edge-1 and core have read different files for police"
    reports(bench, dict(own))
    assert told_of(bench)[0].over == "the roles agree again"


def test_an_edge_of_a_version_with_other_digests_disagrees_with_nobody(bench: Bench) -> None:
    reports(bench, dict.fromkeys(bench.site.directory.digests, "0123456789ab"))
    assert told_of(bench) == []
    reports(bench, {"nobody-here": "0123456789ab"})
    assert "different files for nobody-here" in cause(bench, "configuration")
