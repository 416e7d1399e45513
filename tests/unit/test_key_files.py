"""Keys are read from files that are nobody else's, and from those that an orchestrator hands to our group."""

import os
from pathlib import Path

import pytest

from hub.seal import Keyring


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
    with pytest.raises(PermissionError, match="readable by others"):
        Keyring.load(tmp_path)
