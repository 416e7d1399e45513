"""What is deployed is what Kubernetes, Compose and Kustomize take: a word of no meaning there is found here."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from check_jsonschema.builtin_schemas import (  # type: ignore[import-untyped]
    get_builtin_schema,
)
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.shape.made import BASE, COMPOSE, Made, container, made, of, pods, told

_MAJOR, _MINOR = map(int, kubernetes_validate.latest_version().split(".")[:2])
MAINTAINED = [f"{_MAJOR}.{minor}" for minor in range(_MINOR - 3, _MINOR + 1)]
"""The newest version that the package knows, and the three before it: what clusters run."""


@pytest.mark.parametrize("version", MAINTAINED)
def test_every_manifest_is_what_kubernetes_takes(version: str) -> None:
    for one in made():
        assert kubernetes_validate.validate(one, version, strict=True) == version


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("StatefulSet", lambda one: one["spec"].update(replica=2)),
        ("Deployment", lambda one: container(one["spec"]["template"]).pop("name")),
        ("PodDisruptionBudget", lambda one: one["spec"].update(maxUnavailable=[1])),
        ("NetworkPolicy", lambda one: one["spec"].update(egress={"to": []})),
    ],
)
def test_what_kubernetes_does_not_take_is_found(kind: str, change: Any) -> None:
    wrong = of(kind)[0]
    change(wrong)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, MAINTAINED[-1], strict=True)


def test_the_base_has_no_word_that_kustomize_does_not_know() -> None:
    base = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert base.keys() == {"apiVersion", "kind", "namespace", "resources"}
    [space] = of("Namespace")
    assert base["namespace"] == space["metadata"]["name"]
    assert (base["apiVersion"], base["kind"]) == (
        "kustomize.config.k8s.io/v1beta1",
        "Kustomization",
    )
    # Kustomize refuses two of one kind and name.
    named = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in made()]
    assert len(set(named)) == len(named)


def test_compose_takes_the_composition() -> None:
    validator = Draft202012Validator(get_builtin_schema("vendor.compose-spec"))
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    [name, *_] = COMPOSE["services"]
    wrong = COMPOSE | {"services": COMPOSE["services"] | {name: {"imagine": "hub"}}}
    assert not validator.is_valid(wrong)
    for name, service in COMPOSE["services"].items():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"]), name
        mounts = [each.partition(":")[0] for each in service.get("volumes", [])]
        assert {each for each in mounts if each[0].isalnum()} <= set(COMPOSE["volumes"]), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name


def _selects(wanted: Made, pod: Made) -> bool:
    return bool(wanted.items() <= pod["metadata"]["labels"].items())


def _meant(selector: Made, pod: Made) -> bool:
    labels = pod["metadata"]["labels"]
    each = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in each), "this test knows no other"
    among = all(labels.get(one["key"]) in one["values"] for one in each)
    return among and _selects(selector.get("matchLabels", {}), pod)


def test_each_that_stays_has_one_budget_of_its_own_and_a_service() -> None:
    for one in of("StatefulSet", "Deployment"):
        name, template = one["metadata"]["name"], one["spec"]["template"]
        mine = one["spec"]["selector"]["matchLabels"]
        assert _selects(mine, template)
        # One pod alone, or a controller takes another's for its own.
        assert [n for n, pod in pods().items() if _selects(mine, pod)] == [name]
        budgets = [b["spec"] for b in of("PodDisruptionBudget")]
        [budget] = [b for b in budgets if _selects(b["selector"]["matchLabels"], template)]
        # None may be away: a node could never be drained.
        assert budget["maxUnavailable"] < one["spec"]["replicas"]
        [service] = [s for s in of("Service") if _selects(s["spec"]["selector"], template)]
        assert one["spec"].get("serviceName", name) == service["metadata"]["name"]


def test_who_is_called_by_others_ends_only_when_none_comes_any_more() -> None:
    """A service names a pod for a moment after it was told to end; seen as refused connections."""
    for one in of("StatefulSet", "Deployment"):
        template = one["spec"]["template"]
        # The next one ends when everybody knows the new one.
        assert one["spec"]["minReadySeconds"] >= 5
        if "http" not in _ports(template):
            continue
        waits = container(template)["lifecycle"]["preStop"]["sleep"]["seconds"]
        # Of the rest it finishes what it has in hand.
        assert 5 <= waits <= template["spec"]["terminationGracePeriodSeconds"] - 30


def test_every_port_by_name_is_one_of_the_pod_that_it_is_about() -> None:
    for policy in of("NetworkPolicy"):
        spec = policy["spec"]
        listens = [_ports(pod) for pod in pods().values() if _meant(spec["podSelector"], pod)]
        assert listens or not spec.get("ingress"), policy["metadata"]["name"]
        for rule in spec.get("ingress", []):
            for port in rule["ports"]:
                assert all(port["port"] in names for names in listens), policy["metadata"]["name"]
    for service in of("Service"):
        spec = service["spec"]
        [names] = [_ports(pod) for pod in pods().values() if _selects(spec["selector"], pod)]
        for port in spec["ports"]:
            # A headless service stands for names alone.
            assert spec.get("clusterIP") == "None" or port["targetPort"] in names


def _ports(pod: Made) -> dict[str, int]:
    return {each["name"]: each["containerPort"] for each in container(pod).get("ports", [])}


def test_whoever_is_asked_by_the_node_listens_beyond_its_own_pod() -> None:
    for one in of("StatefulSet", "Deployment"):
        template = one["spec"]["template"]
        asked = {container(template)[f"{probe}Probe"]["httpGet"]["port"] for probe in _PROBES}
        given = told(template)
        host = {"probe": "HUB_PROBE_HOST", "http": "HUB_DESK_HOST"}
        assert asked <= _ports(template).keys()
        assert {given[host[port]] for port in asked} == {"0.0.0.0"}
        if "http" in _ports(template) and "probe" in _ports(template):
            assert given["HUB_DOOR_HOST"] == "0.0.0.0"


_PROBES = ("startup", "liveness", "readiness")
