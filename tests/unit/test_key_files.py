"""Keys are whole or not there, and read only from files that nobody else reads but those whom an orchestrator names."""

import errno
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.key_files import KeyWrong, write_key
from hub.seal import ROOTS, KeyMissing, Keyring


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
@pytest.mark.parametrize(
    ("owner", "mode", "we", "taken"),
    [
        (1000, 0o600, 1000, True),
        (1000, 0o640, 1000, False),
        (0, 0o440, 1000, True),
        (0, 0o444, 1000, False),
        (0, 0o460, 1000, False),
        (0, 0o640, 0, False),
        (0, 0o600, 0, True),
    ],
)
def test_who_may_read_a_key(
    owner: int, mode: int, we: int, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "road.key"
    path.write_text("00" * 32)
    os.chown(path, owner, owner)
    path.chmod(mode)
    monkeypatch.setattr("os.geteuid", lambda: we)
    if taken:
        assert Keyring.load(tmp_path).key("road") == bytes(32)
        return
    with pytest.raises(KeyWrong, match="readable by others"):
        Keyring.load(tmp_path)


@pytest.mark.parametrize("text", ["", "\n", "not hexadecimal\n", "ab" * 31, "ab" * 33, "é" * 64])
def test_what_is_no_key_is_refused_with_its_file_and_what_to_do(text: str, tmp_path: Path) -> None:
    """A key file that a full disk left empty would seal under what anybody can derive."""
    Keyring.first_start(tmp_path)
    (tmp_path / "road.key").write_text(text)
    for look in (Keyring.load, Keyring.first_start):
        with pytest.raises(KeyWrong) as told:
            look(tmp_path)
        assert str(tmp_path / "road.key") in str(told.value)
        assert "64 hexadecimal digits" in str(told.value) and "copy" in str(told.value)


def test_a_key_that_could_not_be_written_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made again with room, it is a whole one; those that were there stay as they are."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Keyring.first_start(tmp_path)
    before = (tmp_path / "case.key").read_text()
    (tmp_path / "road.key").unlink()
    with monkeypatch.context() as disk:
        disk.setattr("hub.key_files.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            Keyring.first_start(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{name}.key" for name in ROOTS if name != "road"
    )
    assert len(Keyring.first_start(tmp_path).key("road")) == 32
    assert (tmp_path / "case.key").read_text() == before


def test_nothing_writes_over_a_key_that_is_there(tmp_path: Path) -> None:
    """Two roles may start for the first time at once: both go on with the same keys."""
    assert write_key(tmp_path / "road.key", bytes(32))
    assert not write_key(tmp_path / "road.key", b"\1" * 32)
    assert Keyring.load(tmp_path).key("road") == bytes(32)
    assert [path.name for path in tmp_path.iterdir()] == ["road.key"]


def test_who_lacks_keys_is_told_which_and_where(tmp_path: Path) -> None:
    Keyring.first_start(tmp_path)
    (tmp_path / "case.key").unlink()
    (tmp_path / "road.key").rename(tmp_path / "road.parcels.key")
    with pytest.raises(KeyMissing, match=r"lacks case\.key") as told:
        Keyring.load(tmp_path, needs=("road", "case"))
    assert str(tmp_path) in str(told.value) and "`hub keys make`" in str(told.value)
    Keyring.load(tmp_path, needs=("road", "order"))


def test_keys_that_cannot_be_made_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HUB_KEYS_DIR", str(tmp_path / "file" / "keys"))
    done = CliRunner().invoke(app, ["keys", "make"])
    assert done.exit_code == 78 and str(tmp_path / "file" / "keys") in done.stderr
    monkeypatch.setenv("HUB_KEYS_DIR", str(tmp_path / "keys"))
    assert CliRunner().invoke(app, ["keys", "make"]).exit_code == 0
    (tmp_path / "keys" / "road.key").write_text("")
    done = CliRunner().invoke(app, ["keys", "make"])
    assert done.exit_code == 78 and "road.key is no key" in done.stderr
