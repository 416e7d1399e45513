"""Every kind of incident that core can open has a title, a page of what to do, and a way to end."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.incident_words import KINDS
from hub.ledger.read.incidents import BY_HAND

CORE = Path("hub/core")
PAGES = Path("deploy/runbook/incidents")
PARTS = ("**What it means.**", "**At risk.**", "**First**", "**It ends.**", "**Escalate.**")


@dataclass(frozen=True)
class Place:
    """A call, and what is needed to know what its words mean."""

    call: ast.Call
    within: ast.FunctionDef | ast.AsyncFunctionDef | None
    module: ast.Module


def calls() -> Iterator[Place]:
    """Every call in core."""
    for path in sorted(CORE.rglob("*.py")):
        module = ast.parse(path.read_text("utf-8"))
        inside = {
            id(node): function
            for function in ast.walk(module)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                yield Place(node, inside.get(id(node)), module)


ALL = list(calls())


def named(name: str) -> Iterator[Place]:
    """Calls of a function or method of that name."""
    for place in ALL:
        found = place.call.func
        if getattr(found, "attr", getattr(found, "id", None)) == name:
            yield place


def words(node: ast.expr, place: Place) -> set[str]:
    """What an expression may be: constants, names of the module, what a function is called with."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return words(node.body, place) | words(node.orelse, place)
    if not isinstance(node, ast.Name):
        return set()
    for line in place.module.body:
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == node.id:
            return words(line.value, place)
    found: set[str] = set()
    for loop in ast.walk(place.within) if place.within else ():
        if isinstance(loop, ast.For) and getattr(loop.target, "id", "") == node.id:
            found |= {w for each in getattr(loop.iter, "elts", ()) for w in words(each, place)}
    if place.within is not None:
        found |= given(place.within, node.id)
    return found


def given(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> set[str]:
    """What a parameter is called with, and its default."""
    parameters = function.args.args
    names = [each.arg for each in parameters]
    if name not in names:
        return set()
    spot = names.index(name)
    found: set[str] = set()
    if (back := spot - len(names) + len(function.args.defaults)) >= 0:
        default = function.args.defaults[back]
        found |= {default.value} if isinstance(getattr(default, "value", None), str) else set()  # type: ignore[attr-defined]
    for place in named(function.name):
        if len(place.call.args) > spot:
            found |= words(place.call.args[spot], place)
    return found


def kinds(method: str) -> set[str]:
    """The kinds with which a method of `Work` is called, `lasting` among its callers."""
    found = {word for place in named(method) for word in words(place.call.args[0], place)}
    return found | {w for place in named("lasting") for w in words(place.call.args[1], place)}


OPENED = sorted(kinds("incident"))
ENDED = kinds("recovered")


def test_they_are_found() -> None:
    """Each way in which core names a kind: outright, by a constant, by what it is called with."""
    assert {"partner_down", "two_of_one_name", "stuck", "foreign", "queue_old", "silent"} <= set(
        OPENED
    )
    assert len(OPENED) >= 27


@pytest.mark.parametrize("kind", OPENED)
def test_a_kind_has_a_title_a_page_and_an_end(kind: str) -> None:
    assert kind in KINDS, "hub/desk/shown/incident_words.py has no title for it"
    assert kind in ENDED or kind in BY_HAND, "nothing closes it, and nobody may"
    page = PAGES / f"{kind}.md"
    assert page.is_file(), f"there is no {page}"
    text = page.read_text("utf-8")
    assert text.startswith("# ")
    assert [part for part in PARTS if part not in text] == []
    assert len(text) < 3_000, "it is read by somebody in a hurry"


def test_nothing_stands_for_a_kind_that_nobody_opens() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == OPENED
    assert sorted(KINDS) == OPENED
    assert set(BY_HAND) <= set(OPENED)
