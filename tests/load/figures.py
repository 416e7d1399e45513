"""Figures stand beside the goal and this issue's floor: medians, with the least and the most."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

Target = tuple[str, float, float, bool]
TARGETS: tuple[Target, ...] = (
    ("intake/s, 8 connections", 2000, 1000, True),
    ("drain/s, one lane", 1200, 700, True),
    ("drain/s, lane a case", 1200, 700, True),
    ("p50 ms at 100/s", 7, 12, False),
    ("p99 ms at 100/s", 30, 60, False),
    ("ack p99 ms at 100/s", 12, 20, False),
    ("first acknowledgement after kill -9 of edge-in, s", 1, 2, False),
    ("first delivery after kill -9 of edge-in, s", 1, 2, False),
    ("first acknowledgement after kill -9 of edge-out, s", 1, 2, False),
    ("first delivery after kill -9 of edge-out, s", 1, 2, False),
    ("first acknowledgement after kill -9 of core, s", 1, 2, False),
    ("first delivery after kill -9 of core, s", 1, 2, False),
)
"""Figure, goal, floor, and whether more is better."""


def gathered(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, least and most of every figure over the runs that have it."""
    names = dict.fromkeys(name for run in runs for name in run)
    found = {name: [run[name] for run in runs if name in run] for name in names}
    return {
        name: {"median": median(values), "least": min(values), "most": max(values)}
        for name, values in found.items()
    }


def verdict(name: str, value: float) -> str:
    """`goal`, `floor` or `below` for a figure that has targets; nothing for others."""
    for target, goal, floor, more in TARGETS:
        if target == name:
            sign = 1 if more else -1
            if sign * value >= sign * goal:
                return "goal"
            return "floor" if sign * value >= sign * floor else "below"
    return ""


def show(
    console: Console,
    results: Mapping[str, Mapping[str, Mapping[str, float]]],
    title: str = "MLLP in, MLLP out; medians (least to most)",
) -> None:
    """One table: a row for each figure, a column for each ledger."""
    table = Table(title=title)
    table.add_column("figure")
    for ledger in results:
        table.add_column(ledger, justify="right")
    table.add_column("goal", justify="right")
    table.add_column("floor", justify="right")
    targets = {name: (goal, floor) for name, goal, floor, _ in TARGETS}
    for name in dict.fromkeys(name for found in results.values() for name in found):
        cells = [_cell(name, found.get(name)) for found in results.values()]
        goal, floor = targets.get(name, ("", ""))
        table.add_row(name, *cells, _plain(goal), _plain(floor))
    console.print(table)


def _cell(name: str, found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    colour = {"goal": "green", "floor": "yellow", "below": "red", "": ""}
    text = _plain(found["median"])
    if found["least"] != found["most"]:
        text += f" ({_plain(found['least'])} to {_plain(found['most'])})"
    shade = colour[verdict(name, found["median"])]
    return f"[{shade}]{text}[/]" if shade else text


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
