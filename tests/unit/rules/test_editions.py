"""A rule is in force without a gap, from a source, and a mistake is named with its file and line."""

from datetime import date
from pathlib import Path

import pytest

from hub.rules.editions import Edition, RuleError, load

HEAD = "edition: {name}\nsource: Guidance\nverified: true\neffective_from: {start}\n"


def write(folder: Path, name: str, start: str, end: str | None, more: str = "") -> None:
    text = HEAD.format(name=name, start=start) + (f"effective_to: {end}\n" if end else "") + more
    (folder / f"{name}.yaml").write_text(text)


def test_the_edition_of_the_day_is_used(tmp_path: Path) -> None:
    write(tmp_path, "B", "2013-04-15", None)
    write(tmp_path, "A", "2010-03-01", "2013-04-14")
    editions = load(tmp_path, Edition)
    assert editions.edition_on(date(2013, 4, 14)).edition == "A"
    assert editions.edition_on(date(2013, 4, 15)).edition == "B"
    assert editions.named("A").verified
    with pytest.raises(RuleError, match="28 February 2010"):
        editions.edition_on(date(2010, 2, 28))


def test_an_ended_last_edition_leaves_nothing_in_force(tmp_path: Path) -> None:
    write(tmp_path, "A", "2010-03-01", "2013-04-14")
    with pytest.raises(RuleError):
        load(tmp_path, Edition).edition_on(date(2013, 4, 15))


@pytest.mark.parametrize(
    ("end", "start", "says"),
    [
        ("2013-04-13", "2013-04-15", "B.yaml:4: nothing is in force from 2013-04-14 to 2013-04-14"),
        ("2013-04-15", "2013-04-15", "B.yaml:4: B overlaps A (in force to 2013-04-15)"),
        (None, "2013-04-15", "B.yaml:4: B begins while A has no effective_to; write"),
    ],
)
def test_a_gap_or_an_overlap_is_refused(
    tmp_path: Path, end: str | None, start: str, says: str
) -> None:
    write(tmp_path, "A", "2010-03-01", end)
    write(tmp_path, "B", start, None)
    with pytest.raises(RuleError) as caught:
        load(tmp_path, Edition)
    assert says in str(caught.value)


def test_every_mistake_is_named_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "A", "2010-03-01", "2009-01-01")
    write(tmp_path, "B", "soon", None, "colour: blue\n")
    (tmp_path / "C.yaml").write_text("edition: C\n  source: [\n")
    with pytest.raises(RuleError) as caught:
        load(tmp_path, Edition)
    said = str(caught.value)
    assert "A.yaml:1: this edition: Value error, effective_to lies before effective_from" in said
    assert "B.yaml:4: effective_from" in said
    assert "B.yaml:5: colour" in said
    assert "C.yaml:2: this is not YAML" in said


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no edition here"):
        load(tmp_path, Edition)
