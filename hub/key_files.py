"""A key is whole on the disk or is not there, and nothing is sealed with what is none."""

import os
import secrets
from pathlib import Path

from hub.wrong import SetUpWrong

LONG = 32
"""Bytes of a key."""


class KeyWrong(SetUpWrong):
    """A key file that must not be used; the text says which and what to do."""


def read_keys(directory: Path) -> dict[str, bytes]:
    """Every `*.key` (64 hexadecimal digits each) by name; raises `KeyWrong` for the first that is none.

    Our group may read what root owns: so an orchestrator hands secrets to who is not root.
    """
    try:
        there = sorted(directory.iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(directory, error) from error
    return {path.stem: _read(path) for path in there if path.suffix == ".key" and path.stem}


def write_key(path: Path, key: bytes) -> bool:
    """Makes a private key file, flushed to the disk; false where there is one already, which stays."""
    written = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A rename would take the place of a key that another process made meanwhile.
        os.link(written, path)
    except FileExistsError:
        return False
    finally:
        written.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _unreadable(path: Path, error: OSError) -> KeyWrong:
    return KeyWrong(f"{path} cannot be read ({error.strerror}): let this user read it")


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        text = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if found.st_mode & (0o037 if found.st_uid == 0 and os.geteuid() else 0o077):
        raise KeyWrong(f"{path}: readable by others; run chmod 600 {path}")
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != LONG:
        raise KeyWrong(
            f"{path} is no key, which is {2 * LONG} hexadecimal digits: put it back from your copy;"
            " where nothing was ever sealed with it, delete the file and run `hub keys make`"
        )
    return key
