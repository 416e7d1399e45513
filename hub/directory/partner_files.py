"""A hub starts only with partner files that are right, and a wrong one names every line and its cure."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.formats import FORMATS
from connectors.secrets import missing
from connectors.transports import TRANSPORTS
from hub.calendar import countable
from hub.directory.marked_yaml import Complaint, Marked, Spot, read
from hub.directory.partner_fit import misfits
from hub.directory.partner_words import complaints, meant
from hub.partners import Directory, Partner
from hub.settings import Settings
from hub.wrong import SetUpWrong

_SECRET = re.compile(
    r"(^|_)(tokens?|passwords?|passphrase|secrets?|api_?key|credentials?)$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\A\w+://[^/\s:@]+:[^/\s@]+@|\Awhsec_", re.IGNORECASE
)
_CLAIMS: dict[Spot, str] = {
    ("partner",): "name",
    ("transport", "listen", "port"): "port",
    ("transport", "inbound", "path"): "folder",
}
_REFERENCE = "{env: NAME_OF_VARIABLE} or {file: /path/of/secret}"


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong in one line of one file."""

    file: Path
    line: int
    what: str
    write_instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}. Write {self.write_instead}"


class PartnersWrong(SetUpWrong, ValueError):
    """The hub does not start with these files; `mistakes` is all of them."""

    def __init__(self, mistakes: list[Mistake]):
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True)
class _File:
    path: Path
    marked: Marked
    partner: Partner | None
    transport: BaseModel | None = None


def load(directory: Path, calendars: Path | None = None) -> Directory:
    """Every partner of a directory; raises `PartnersWrong` with every mistake of every file.

    Names of hours are looked up where `calendars` (the directory of them) is given.
    """
    files, mistakes = _read_all(directory, calendars)
    if mistakes:
        raise PartnersWrong(mistakes)
    return Directory(file.partner for file in files if file.partner is not None)


def check(directory: Path, calendars: Path | None = None) -> list[Mistake]:
    """Every mistake of every file, in the order of files and lines; otherwise as `load`."""
    return _read_all(directory, calendars)[1]


def _read_all(directory: Path, calendars: Path | None) -> tuple[list[_File], list[Mistake]]:
    if not directory.is_dir():
        return [], [Mistake(directory, 0, "there is no such directory", "HUB_PARTNERS_DIR=…")]
    files: list[_File] = []
    mistakes: list[Mistake] = []
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix in (".yml", ".json", ".toml"):
            cure = f"it as {path.stem}.yaml: other files are not read"
            mistakes.append(Mistake(path, 0, "this is not a partner file", cure))
        elif path.suffix == ".yaml":
            file, found = _read_one(path)
            files.append(file)
            mistakes += (Mistake(path, each.line, each.what, each.write_instead) for each in found)
    mistakes += _between(files)
    mistakes += _hours(files, calendars)
    return files, sorted(set(mistakes))


def _read_one(path: Path) -> tuple[_File, list[Complaint]]:
    try:
        marked = read(path.read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        what = f"it cannot be read ({type(error).__name__})"
        return _File(path, Marked(), None), [Complaint(1, what, "it as UTF-8, readable by the hub")]
    if marked.value is None and marked.complaints:
        return _File(path, marked, None), marked.complaints
    if not isinstance(marked.value, dict):
        cure = "`partner: name-of-it` in the first line"
        return _File(path, marked, None), [Complaint(1, "this is no partner", cure)]
    secrets = dict(_secrets(marked.value, ()))
    found = [*marked.complaints]
    found += (Complaint(marked.line(at), what, _REFERENCE) for at, what in secrets.items())
    quiet = {marked.line(at) for at in secrets}
    partner: Partner | None = None
    try:
        partner = Partner.model_validate(marked.value)
    except ValidationError as error:
        found += complaints(marked, Partner, error)
    transport = _settings(marked, "transport", TRANSPORTS, found)
    format = _settings(marked, "format", FORMATS, found)
    if partner is not None:
        fits = misfits(partner, transport, format)
        found += (Complaint(marked.line(spot), what, instead) for spot, what, instead in fits)
    # A secret's line has its own complaint, and pydantic's words would quote it.
    found = [each for each in found if each.line not in quiet or each.write_instead == _REFERENCE]
    return _File(path, marked, partner, transport), found


def _settings(marked: Marked, part: str, register: Any, found: list[Complaint]) -> BaseModel | None:
    """The settings of a transport or format, or None and what is wrong with them in `found`."""
    words = marked.value.get(part)
    if not isinstance(words, dict):
        return None
    kind = words.get("kind")
    known = sorted(register)
    if kind is None:
        cure = f"kind: {' or '.join(known)}"
        found.append(Complaint(marked.line((part,)), f"`{part}.kind` is missing", cure))
        return None
    if kind not in register:
        line = marked.line((part, "kind"))
        found.append(Complaint(line, f"there is no {part} `{kind}`", meant(str(kind), known)))
        return None
    model: type[BaseModel] = register[kind].Settings
    try:
        return model.model_validate({key: words[key] for key in words if key != "kind"})
    except ValidationError as error:
        found += complaints(marked, model, error, (part,))
        return None


def _secrets(value: Any, spot: Spot, within: str = "") -> Iterator[tuple[Spot, str]]:
    """Where secrets stand in clear; `within` is the word whose list this is."""
    pairs: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        at = (*spot, key)
        word = key if isinstance(key, str) else within
        plain = isinstance(inner, str | int | float) and not isinstance(inner, bool)
        if plain and (_SECRET.search(word) or _SECRET_VALUE.search(str(inner))):
            yield at, f"`{word or key}` holds a secret in clear"
        else:
            yield from _secrets(inner, at, word if isinstance(inner, list) else "")


def _between(files: list[_File]) -> Iterator[Mistake]:
    """What two files claim and only one can have."""
    taken: dict[tuple[Spot, str], Path] = {}
    for file in files:
        for spot, noun in _CLAIMS.items():
            claim = file.marked.spelled.get(spot)
            if claim is None or (noun == "port" and claim == "0"):
                continue
            before = taken.setdefault((spot, claim), file.path)
            if before != file.path:
                what = f"{noun} {claim} is already taken by {before.name}"
                yield Mistake(file.path, file.marked.line(spot), what, f"another {noun}")


def _hours(files: list[_File], calendars: Path | None) -> Iterator[Mistake]:
    if calendars is None:
        return
    known = [path.stem for path in calendars.glob("*.yaml")]
    if not known and files:
        what = f"its hours cannot be known: there is no calendar in {calendars}"
        cure = "the directory that has them into HUB_CALENDARS_DIR"
        yield Mistake(files[0].path, files[0].marked.line(("hours",)), what, cure)
        return
    counted = countable(calendars)
    for file in files:
        if file.partner is None:
            continue
        expects = file.partner.expects
        names: dict[Spot, str] = {("hours",): file.partner.hours}
        if expects is not None:
            names["expects", "within"] = expects.within
        for spot, name in names.items():
            line = file.marked.line(spot)
            if name not in known:
                what = f"there are no hours `{name}` in {calendars}"
                yield Mistake(file.path, line, what, meant(name, known))
            elif spot != ("hours",) and name not in counted:
                what = f"`{name}` is there whenever another is not: its hours are not counted"
                yield Mistake(file.path, line, what, f"within: {' or '.join(counted)}")


def check_command(settings: Settings) -> int:
    """`hub partners check`: prints every mistake, or how many partners are right; the exit code."""
    files, mistakes = _read_all(settings.partners_dir, settings.calendars_dir)
    for mistake in mistakes:
        print(mistake)
    if mistakes:
        wrong = len({mistake.file for mistake in mistakes})
        print(f"{len(mistakes)} to mend in {wrong} of {len(files)} files", file=sys.stderr)
        return 1
    print(f"{len(files)} partner files in {settings.partners_dir}: nothing to mend")
    # No mistake of the files: where they are checked, secrets need not be.
    for file in files:
        for secret in missing(file.transport):
            print(f"{file.path}: {secret} here; where its edge runs, it must", file=sys.stderr)
    return 0


def named(directory: Directory, name: str) -> Partner:
    """The partner of that name; raises `LookupError` that says which name is near."""
    partner = directory.get(name)
    if partner is None:
        known = [each.partner for each in directory]
        if not known:
            raise LookupError(
                f"there is no partner `{name}`: no file in HUB_PARTNERS_DIR is of one"
            )
        raise LookupError(f"there is no partner `{name}`: write {meant(name, known)}")
    return partner
