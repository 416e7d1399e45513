"""What was measured at each size is drawn as lines, so that growth is seen at a glance; plain SVG."""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

WIDE, HIGH, LEFT, LOW = 460, 260, 60, 40
COLOURS = ("#1d70b8", "#d4351c", "#00703c", "#4c2c92", "#f47738", "#0b0c0c")


def plot(panels: Mapping[str, Sequence[str]], results: Mapping[int, Mapping[str, float]]) -> str:
    """One panel for each unit, a line for each figure, sizes on a logarithmic axis; from zero up."""
    drawn = [
        f'<g transform="translate(0,{at * HIGH})">{_panel(unit, names, results)}</g>'
        for at, (unit, names) in enumerate(panels.items())
    ]
    size = f'width="{WIDE + 240}" height="{HIGH * len(panels)}"'
    style = "text{font:11px sans-serif}"
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>'
    return f"{head}{ground}{''.join(drawn)}</svg>"


def _panel(unit: str, names: Sequence[str], results: Mapping[int, Mapping[str, float]]) -> str:
    sizes = sorted(results)
    known = [name for name in names if any(name in results[size] for size in sizes)]
    # Named from the top down, as the lines end.
    known.sort(key=lambda name: -results[sizes[-1]].get(name, 0.0))
    most = max((results[size].get(name, 0.0) for size in sizes for name in known), default=1) or 1
    ends = log10(sizes[0]), log10(sizes[-1])
    width = (ends[1] - ends[0]) or 1

    def x(size: int) -> float:
        return LEFT + (log10(size) - ends[0]) / width * (WIDE - LEFT - 20)

    def y(value: float) -> float:
        return HIGH - LOW - value / most * (HIGH - LOW - 30)

    parts = [f'<text x="{LEFT}" y="16">{escape(unit)}</text>']
    for share in (0, 0.5, 1):
        at = y(most * share)
        parts.append(f'<path d="M{LEFT} {at:.0f}H{WIDE}" stroke="#ccc"/>')
        parts.append(f'<text x="4" y="{at + 4:.0f}">{most * share:,.4g}</text>')
    parts += [f'<text x="{x(size) - 14:.0f}" y="{HIGH - 20}">{size:,}</text>' for size in sizes]
    for at, name in enumerate(known):
        colour = COLOURS[at % len(COLOURS)]
        spots = [(x(size), y(results[size][name])) for size in sizes if name in results[size]]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in spots)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in spots]
        where = f'x="{WIDE + 10}" y="{40 + 16 * at}"'
        parts.append(f'<text {where} fill="{colour}">{escape(name)}</text>')
    return "".join(parts)
