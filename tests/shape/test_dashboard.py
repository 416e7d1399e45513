"""What is drawn and what alarms is measured: no panel and no rule asks for a metric or a label that is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import panelcfg_config
from grafana_foundation_sdk.models.dashboard import Dashboard

from hub.desk.metrics import KAFKA, METERS
from hub.incident_words import KINDS
from hub.telemetry.vitals import ALL

ROOT = Path(__file__).parents[2]
BOARD = json.loads((ROOT / "deploy/grafana/front-door-hub.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/grafana/alerts.yaml").read_text())
LABELS: dict[str, set[str]] = {
    f"{meter.name}_total" if meter.counter else meter.name: set(meter.labels) for meter in METERS
} | {KAFKA[0]: set()}
# Prometheus itself adds where it read.
LABELS |= {vital.exposed: {"role", "instance"} for vital in ALL}
_METRIC = re.compile(r"\b(hub_[a-z_]+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\b(?:by|on) \(([^)]*)\)")


def expressions() -> dict[str, str]:
    """Every question to Prometheus, by who asks it."""
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    asked = {f"alert {rule['alert']}": rule["expr"] for rule in rules}
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            asked[f"panel {panel['title']} {target['refId']}"] = target["expr"]
    return asked


def test_every_metric_and_label_asked_for_is_there() -> None:
    wrong = []
    for who, expression in expressions().items():
        found = _METRIC.findall(expression)
        known = set().union(*(LABELS.get(name, set()) for name, _ in found)) if found else set()
        asked = {part.strip() for by in _BY.findall(expression) for part in by.split(",")}
        for name, inside in found:
            asked_here = set(re.findall(r"(\w+)\s*[=!]", inside))
            if name not in LABELS or not asked_here <= LABELS[name]:
                wrong.append((who, name, inside))
        if found and not asked <= known:
            wrong.append((who, expression, ",".join(asked - known)))
    assert wrong == []


def test_every_metric_is_drawn() -> None:
    drawn = {
        name
        for who, expression in expressions().items()
        if who.startswith("panel")
        for name, _ in _METRIC.findall(expression)
    }
    assert set(LABELS) - drawn == set()


def test_legends_and_words_name_labels_that_are_there() -> None:
    every = set().union(*LABELS.values())
    said: list[str] = [t["legendFormat"] for p in BOARD["panels"] for t in p["targets"]]
    rules: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    said += [rule["annotations"]["summary"].replace("$labels.", "") for rule in rules]
    named = {name for text in said for name in re.findall(r"\{\{\s*(\w+)\s*\}\}", text)}
    assert named <= every
    for rule in rules:
        for page in _pages(rule["annotations"]["runbook"]):
            assert (ROOT / page).exists(), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")


def _pages(runbook: str) -> list[str]:
    """The pages that an alarm may lead to: one for each kind, where the kind is in its name."""
    return [runbook.replace("{{ $labels.kind }}", kind) for kind in KINDS]


def test_two_desks_are_no_two_alarms() -> None:
    """Each desk tells of the whole hub: of theirs the most is taken, never the sum, nor each."""
    told_by_each = "|".join(sorted(LABELS.keys() - {vital.exposed for vital in ALL}))
    # What `unless` leaves out is left out as often as it is said.
    asked = {who: said.split(" unless ")[0] for who, said in expressions().items()}
    assert len(asked) > 20
    for who, said in asked.items():
        without = re.sub(r"\b(max|min)( by \([^)]*\))? ?\((rate\()?hub_", "", said)
        assert not re.search(rf"\b({told_by_each})\b", without), who


def test_panels_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def _lost(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """What Grafana's own types do not know of what we wrote, or know otherwise."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from _lost(value, theirs.get(name, _NOTHING), f"{at}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _lost(one, other, f"{at}[{number}]")
    elif ours != theirs:
        yield at


_NOTHING = object()


def test_the_dashboard_is_what_grafana_takes() -> None:
    """Read and written by the types that Grafana publishes, every word of it is still there."""
    register_default_plugins()
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(BOARD)))
    assert list(_lost(BOARD, theirs)) == []
    for panel in BOARD["panels"]:
        assert panelcfg_config(panel["type"]) is not None, panel["title"]
    wrong = json.loads(json.dumps(BOARD))
    wrong["panels"][0]["options"]["reducedOptions"] = {}
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(wrong)))
    assert list(_lost(wrong, theirs)) == [".panels[0].options.reducedOptions"]
