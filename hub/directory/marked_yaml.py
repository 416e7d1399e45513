"""A YAML file is read with the line and the original spelling of each of its words."""

from dataclasses import dataclass, field
from typing import Any

import yaml

Spot = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where there is one: every role reads all rules when it starts, also after a crash."""


@dataclass(frozen=True)
class Complaint:
    """What is wrong with the file as YAML, before anybody asks what it means."""

    line: int
    what: str
    write_instead: str


@dataclass
class Marked:
    """A document; `lines` and `spelled` are by path: `("transport", "listen", "port")`."""

    value: Any = None
    lines: dict[Spot, int] = field(default_factory=dict)
    spelled: dict[Spot, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line(self, spot: Spot) -> int:
        """The line of a place, or of the nearest thing around it that is there."""
        while spot and spot not in self.lines:
            spot = spot[:-1]
        return self.lines.get(spot, 1)


def read(text: str) -> Marked:
    """The document, or complaints where it is not plain YAML; safe with any input."""
    marked = Marked()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                # References would make one line mean two places (and can make a file explode).
                marked.complaints.append(
                    Complaint(
                        _line(event.start_mark),
                        f"`*{event.anchor}` refers to another place",
                        "the words themselves, written out",
                    )
                )
        if marked.complaints:
            return marked
        node = yaml.compose(text, Loader=_LOADER)
        if node is not None:
            _walk(marked, node, ())
            marked.value = yaml.load(text, Loader=_LOADER)  # noqa: S506 (it is a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        marked.complaints.append(_broken(error))
    return marked


def _walk(marked: Marked, node: yaml.Node, spot: Spot) -> None:
    marked.lines.setdefault(spot, _line(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = _line(key.start_mark)
            if key.tag != "tag:yaml.org,2002:str":
                marked.complaints.append(
                    Complaint(line, f"`{key.value}` is not a word to YAML", f'"{key.value}":')
                )
                continue
            at = (*spot, key.value)
            if at in marked.lines:
                marked.complaints.append(
                    Complaint(
                        line,
                        f"`{key.value}` stands here twice (first in line {marked.lines[at]})",
                        "it once",
                    )
                )
                continue
            marked.lines[at] = line
            _walk(marked, value, at)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(marked, item, (*spot, index))
    elif isinstance(node, yaml.ScalarNode):
        marked.spelled[spot] = node.value


def _broken(error: Exception) -> Complaint:
    line, what = 1, str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = _line(mark)
        what = " ".join(part for part in (error.context, error.problem) if part)
    elif isinstance(error, yaml.reader.ReaderError):
        what = f"a character that YAML does not allow: {error.reason}"
    cure = "`word: value` on a line of its own, two spaces deeper for what belongs to it, no tabs"
    return Complaint(line, f"this is not YAML ({what})", cure)


def _line(mark: Any) -> int:
    return mark.line + 1 if mark is not None else 1
