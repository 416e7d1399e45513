"""A folder from which nothing can be taken is an incident of its partner, until it works again."""

from hub.core.incidents.sources import collected
from tests.kit.lasting import MONDAY, Told, cause, told_of
from tests.kit.site import Bench

WHY = "its folder cannot be used: No such file or directory"
SUBJECT = "contact-centre|collected"


def says(bench: Bench, sources: dict[str, str]) -> None:
    bench.do(lambda work: collected(work, sources), MONDAY)


def test_a_broken_source_opens_one_and_a_working_one_closes_it(bench: Bench) -> None:
    says(bench, {"contact-centre": ""})
    assert told_of(bench) == []
    says(bench, {"contact-centre": WHY})
    says(bench, {"contact-centre": WHY})
    assert cause(bench, "partner_down") == WHY
    says(bench, {})
    assert told_of(bench) == [Told("partner_down", SUBJECT, 1, None)]
    says(bench, {"contact-centre": ""})
    [told] = told_of(bench)
    assert told.over == "what it leaves can be taken again"


def test_an_answer_to_what_it_is_sent_does_not_close_it(bench: Bench) -> None:
    says(bench, {"contact-centre": WHY})
    bench.do(lambda work: work.recovered("partner_down", "contact-centre", "it answers again"))
    assert told_of(bench) == [Told("partner_down", SUBJECT, 1, None)]
