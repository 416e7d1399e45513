"""What a site deploys is read here once, for everything that is asked of it."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
BASE = DEPLOY / "kubernetes"
Made = dict[str, Any]


@cache
def _read() -> tuple[Made, ...]:
    base = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert {path.name for path in BASE.glob("*.yaml")} == {*base["resources"], "kustomization.yaml"}
    texts = [(BASE / name).read_text() for name in base["resources"]]
    return tuple(one for text in texts for one in yaml.safe_load_all(text))


def made() -> Iterator[Made]:
    """Everything that the base makes; the caller may change it."""
    yield from deepcopy(_read())


def of(*kinds: str) -> list[Made]:
    """Everything of these kinds."""
    return [one for one in made() if one["kind"] in kinds]


def pods() -> dict[str, Made]:
    """Every pod's template, by the name of what makes it."""
    kinds = ("StatefulSet", "Deployment", "Job")
    found = {one["metadata"]["name"]: one["spec"] for one in of(*kinds)}
    found |= {one["metadata"]["name"]: one["spec"]["jobTemplate"]["spec"] for one in of("CronJob")}
    return {name: spec["template"] for name, spec in found.items()}


def container(pod: Made) -> Made:
    """The one container of a pod."""
    [one] = pod["spec"]["containers"]
    found: Made = one
    return found


def told(pod: Made) -> dict[str, Any]:
    """A pod's settings: those of all roles, and its own."""
    [config] = of("ConfigMap")
    common: dict[str, Any] = config["data"]
    own = {each["name"]: each.get("value", each) for each in container(pod)["env"]}
    return common | own
