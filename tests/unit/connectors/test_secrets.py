"""A secret is found where its reference says, taken up when it changes, and never shown."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from connectors.base import TryAgain
from connectors.secrets import SecretRef, Secrets, every, is_one_of


def test_reads_the_environment_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SecretRef.model_validate({"env": "A_TOKEN"})
    monkeypatch.setenv("A_TOKEN", "one")
    assert secret.read() == "one"
    monkeypatch.setenv("A_TOKEN", "two")
    assert secret.read() == "two"
    assert "two" not in f"{secret} {secret!r} {secret.model_dump_json()}"


def test_reads_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    assert SecretRef.model_validate({"file": tmp_path / "token"}).read() == "one"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_missing_secret_waits_for_somebody(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(TryAgain) as caught:
        SecretRef.model_validate({"file": tmp_path / "token"}).read()
    assert caught.value.connection and "token" in str(caught.value)


@pytest.mark.parametrize("written", ["literal", {}, {"env": "A", "file": "b"}, {"value": "x"}])
def test_anything_but_one_reference_is_a_mistake(written: object) -> None:
    with pytest.raises(ValidationError):
        SecretRef.model_validate(written)


HOLDS = TypeAdapter(Secrets)


def test_several_count_at_once_and_one_that_is_missing_takes_nothing_from_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").write_text("one\n\n two \n")
    written = [{"file": tmp_path / "old"}, {"file": tmp_path / "new"}]
    references = HOLDS.validate_python(written)
    assert every(references) == ["one", "two"]
    (tmp_path / "new").write_text("three")
    assert every(references) == ["one", "two", "three"]
    (tmp_path / "old").unlink()
    assert every(references) == ["three"]
    (tmp_path / "new").unlink()
    with pytest.raises(TryAgain, match="new"):
        every(references)


def test_one_reference_is_a_list_of_one() -> None:
    assert HOLDS.validate_python({"env": "A"}) == (SecretRef(env="A"),)
    with pytest.raises(ValidationError, match="env: NAME"):
        HOLDS.validate_python([])


@pytest.mark.parametrize(
    ("shown", "known", "same"),
    [("a", ["b", "a"], True), ("c", ["b", "a"], False), ("", [""], False), ("é", ["e"], False)],
)
def test_what_is_shown_is_one_of_those_known_or_not(
    shown: str, known: list[str], same: bool
) -> None:
    assert is_one_of(shown, known) is same
