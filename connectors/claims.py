"""A file is somebody's at any moment: the partner's until it is claimed, ours until its verdict is known.

A claim is a rename into `.claimed/` under a unique name that keeps the partner's own, so a claim
left by a crash is found again and nothing else need be remembered. Blocking: call in a thread.
"""

import errno
import fnmatch
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

CLAIMED = ".claimed"
TAKEN = ".taken"
"""What the hub has and will delete, while somebody may still be writing to it."""
LONGEST_NAME = 200
"""Bytes of a file's name: ours is put before it, and a file system ends at 255."""
_MARK = "__"
_PUT_AWAY = re.compile(r"([0-9a-f]{32})(-[0-9a-f]{8})?(\.[A-Za-z0-9]{1,5})?")
_CALLED = re.compile(r"\.([0-9a-f]{32})(\.[A-Za-z0-9]{1,5})?")
"""What is called by its reference alone; no file of a partner's that is taken begins so."""
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")
_UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload")


@dataclass(frozen=True, slots=True)
class Look:
    """How a file looked: while this changes, somebody is still writing."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that is ours to read; `name` is what the partner called it."""

    path: Path
    name: str


def looks(inbox: Path, pattern: str) -> dict[str, Look]:
    """Files that may be taken, oldest first; links, directories and unfinished names are none."""
    found = []
    with os.scandir(inbox) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                continue
            if not matches(entry.name, pattern):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(state.st_mode):
                found.append((entry.name, Look(state.st_size, state.st_mtime_ns)))
    return dict(sorted(found, key=lambda item: (item[1].changed, item[0])))


def matches(name: str, pattern: str) -> bool:
    """Whether a name is one of those taken; EXPORT.CSV is one of *.csv, as on the systems that write it."""
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def others(inbox: Path, pattern: str) -> int:
    """How many whole files lie there that are not taken, because of their names."""
    return sum(not matches(name, pattern) for name in looks(inbox, "*"))


def claim(inbox: Path, name: str) -> Claim | None:
    """Makes a file ours; None where it went away first."""
    path = _room(inbox, CLAIMED) / f"{uuid4().hex}{_MARK}{name}"
    try:
        (inbox / name).rename(path)
    except FileNotFoundError:
        return None
    return Claim(path, name)


def claim_again(held: Claim, inbox: Path) -> None:
    """Makes a file ours once more whose verdict was known; the reason of a refusal goes."""
    _reason_of(held.path).unlink(missing_ok=True)
    held.path.rename(_room(inbox, CLAIMED) / f"{uuid4().hex}{_MARK}{held.name}")


def left(inbox: Path, room: str = CLAIMED) -> list[Claim]:
    """Claims without a verdict, oldest first: a crash came between, or a name was taken meanwhile."""
    directory = inbox / room
    if not directory.is_dir():
        return []
    states = [(path.lstat(), path) for path in _room(inbox, room).iterdir()]
    files = [(state.st_mtime_ns, path) for state, path in states if stat.S_ISREG(state.st_mode)]
    return [Claim(path, path.name.partition(_MARK)[2]) for _, path in sorted(files)]


def written_since(inbox: Path, since: float) -> list[Claim]:
    """What was put away owned, and written to after that and after `since`, in seconds since 1970.

    A move changes when a file was changed, and not when it was written to: only while the two are
    the same was it written to last. It is called by its reference, which is all that is kept.
    """
    directory = inbox / "done"
    if not directory.is_dir():
        return []
    found = []
    for path in _room(inbox, "done").iterdir():
        state = path.lstat()
        known = _PUT_AWAY.fullmatch(path.name)
        written = state.st_mtime > since and state.st_mtime_ns >= state.st_ctime_ns
        if known and written and stat.S_ISREG(state.st_mode):
            found.append(Claim(path, f".{known[1]}{known[3] or ''}"))
    return found


def reference(name: str) -> str:
    """How the hub calls a file, because its own name may be a child's; one so called keeps it."""
    if known := _CALLED.fullmatch(name):
        return known[1]
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]


def look(path: Path) -> Look:
    """How one file looks now, wherever it lies."""
    state = path.lstat()
    return Look(state.st_size, state.st_mtime_ns)


def too_long(name: str) -> bool:
    """Whether a file of that name cannot be claimed."""
    return len(os.fsencode(name)) > LONGEST_NAME


def read(held: Claim, limit: int) -> bytes:
    """The content, cut at `limit` + 1 bytes where it is longer.

    What was made a link or a pipe since it was looked at is neither followed nor waited for.
    """
    opened = os.open(held.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "not a file")
        return file.read(limit + 1)


def _room(inbox: Path, name: str) -> Path:
    """A folder of ours within the partner's; a link in its place would lead files elsewhere."""
    directory = inbox / name
    directory.mkdir(exist_ok=True)
    if directory.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, "a link stands where a folder of ours belongs")
    return directory


def give_back(held: Claim, inbox: Path) -> None:
    """Puts a file back under its own name; it stays claimed where that is taken by now, or forgotten."""
    if _CALLED.fullmatch(held.name):
        return
    try:
        os.link(held.path, inbox / held.name)
    except OSError:
        return
    held.path.unlink()


def put_away(
    held: Claim, inbox: Path, folder: str, reference: str, reason: str | None = None
) -> Claim:
    """Moves a file to `done` or `refused`, its reason (if any) first.

    There it is called as the hub calls the parcel: its own name may be a child's.
    """
    directory = _room(inbox, folder)
    suffix = Path(held.name).suffix
    ending = suffix if _SUFFIX.fullmatch(suffix) else ""
    target = directory / f"{reference}{ending}"
    if target.exists():
        target = directory / f"{reference}-{uuid4().hex[:8]}{ending}"
    if reason is not None:
        _reason_of(target).write_text(reason, encoding="utf-8")
    held.path.rename(target)
    return Claim(target, held.name)


def set_aside(held: Claim, inbox: Path) -> Claim:
    """Keeps a file that the hub has under our own name, until it is deleted."""
    target = _room(inbox, TAKEN) / held.path.name
    held.path.rename(target)
    return Claim(target, held.name)


def _reason_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.reason.txt")


def put(outbox: Path, name: str, body: bytes) -> None:
    """Writes a whole file or none: under another name, flushed, then renamed.

    Raises OSError while the partner cannot have seen it, `Unflushed` once it may have.
    """
    part = outbox / f".{name}.part"
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.rename(outbox / name)
    try:
        directory = os.open(outbox, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise Unflushed from error


class Unflushed(Exception):
    """The file stands under its name, but nobody promised that it will after a power cut."""
