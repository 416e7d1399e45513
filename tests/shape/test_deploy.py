"""What is deployed fits the program: its settings, commands, probes and users are there, and nobody is root."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer

from hub.cli import app
from hub.desk.app import make_app
from hub.kafka.acls import User
from hub.serving.probe import Probe
from hub.serving.probe_app import app_of
from hub.settings import Settings
from hub.topics import LARGEST
from tests.shape.made import BASE, COMPOSE, DEPLOY, container, of, pods, told

SETTINGS = {f"HUB_{name.upper()}" for name in Settings.model_fields}
SQL = (DEPLOY / "postgres/roles.sql").read_text()


def commands() -> set[tuple[str, ...]]:
    """Every command of `hub`."""
    group: Any = typer.main.get_command(app)
    return set(
        chain.from_iterable(
            [(name,), *((name, sub) for sub in getattr(command, "commands", {}))]
            for name, command in group.commands.items()
        )
    )


def words(given: list[str]) -> tuple[str, ...]:
    return tuple(word for word in given[: 1 if given[0] == "edge" else 2] if word[0] not in "-/")


def test_every_setting_and_command_is_one_of_ours() -> None:
    services = {n: s for n, s in COMPOSE["services"].items() if s["image"].endswith("-hub")}
    named = set(chain.from_iterable(told(pod) for pod in pods().values())) - {"POD"}
    named |= set(chain.from_iterable(each["environment"] for each in services.values()))
    dockerfile = (DEPLOY / "images/hub/Dockerfile").read_text()
    named |= set(re.findall(r"\bHUB_[A-Z_]+", dockerfile))
    assert named and named - SETTINGS == set()
    given = [container(pod)["args"] for pod in pods().values()]
    given += [each["command"] for each in services.values()]
    assert {words(each) for each in given} - commands() == set()
    for pod in pods().values():
        # Pydantic takes what is written there.
        plain = {n: v for n, v in told(pod).items() if isinstance(v, str)}
        Settings.model_validate({n.removeprefix("HUB_").lower(): v for n, v in plain.items()})


def test_nobody_is_root_or_writes_where_a_program_stands() -> None:
    for name, pod in pods().items():
        who, how = pod["spec"]["securityContext"], container(pod)["securityContext"]
        assert who["runAsNonRoot"] and who["runAsUser"] >= 10_000, name
        assert how["readOnlyRootFilesystem"] and not how["allowPrivilegeEscalation"], name
        assert how["capabilities"] == {"drop": ["ALL"]}
        assert pod["spec"]["automountServiceAccountToken"] is False
        mounts = container(pod)["volumeMounts"]
        assert {one["name"] for one in mounts} == {one["name"] for one in pod["spec"]["volumes"]}
        writes = {one["mountPath"] for one in mounts if not one.get("readOnly")}
        goes_to = {"hub-backup": "/var/backups/hub"}.get(name)
        assert writes == {told(pod)["HUB_DATA"], goes_to} - {None}, name
        assert goes_to is None or container(pod)["args"][1].startswith(f"{goes_to}/")
        assert "memory" in container(pod)["resources"]["limits"]
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"]
    for path in (DEPLOY / "images").glob("*/Dockerfile"):
        last = path.read_text().rpartition("\nUSER ")[2]
        assert int(last.partition(":")[0]) >= 10_000, path


def test_in_compose_too_an_edge_reaches_no_database_and_each_reads_its_own_secrets() -> None:
    services, networks = COMPOSE["services"], COMPOSE["networks"]
    assert networks["road"]["internal"] and networks["ledger"]["internal"]
    on = {name: set(service["networks"]) for name, service in services.items()}
    assert {name for name, its in on.items() if "ledger" in its} == {
        *("postgres", "migration", "core", "desk")
    }
    assert {name for name, its in on.items() if "outside" in its} == {"edge-in", "edge-out", "desk"}
    reads = {
        name: re.findall(r"SECRETS:\?\}/([a-z-]+):", " ".join(service["volumes"]))
        for name, service in services.items()
        if "volumes" in service
    }
    assert {name: directory for name, [directory] in reads.items()} == {
        **dict.fromkeys(("kafka-1", "kafka-2", "kafka-3"), "kafka"),
        **dict.fromkeys(("edge-in", "edge-out"), "edge"),
        **{name: name for name in ("postgres", "core", "desk")},
        "users": "kafka-admin",
        "topics": "set-up",
    }


def test_who_lacks_an_engine_is_told_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("#!/bin/sh\necho 0\n")
    (tmp_path / "id").chmod(0o755)
    asked = ["/bin/sh", str(DEPLOY / "images/needs.sh"), "compose"]
    done = subprocess.run(
        asked, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for package in ("docker.io", "debootstrap", "docker-compose"):
        assert f" {package}" in done.stderr
    assert done.stderr.count("is missing") == 3


@pytest.mark.parametrize("role", ["edge-in", "edge-out", "core", "desk"])
def test_each_is_asked_at_a_door_that_is_there(role: str) -> None:
    desk = role == "desk"
    probe = Probe(Settings(), role)
    application = make_app(None) if desk else app_of(probe)  # type: ignore[arg-type]
    routes = {getattr(route, "path", "") for route in application.routes}
    pod = pods()[f"hub-{role}"]
    one, given = container(pod), told(pod)
    ports = {each["name"]: each["containerPort"] for each in one["ports"]}
    asks = Settings.model_fields["desk_port"].default if desk else int(given["HUB_PROBE_PORT"])
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = one[name]["httpGet"]
        assert asked["path"] in routes and ports[asked["port"]] == asks, name
    assert one["livenessProbe"]["httpGet"]["path"] != one["readinessProbe"]["httpGet"]["path"]
    [knocks] = re.findall(r":(\d+)/health", str(COMPOSE["services"][role]["healthcheck"]["test"]))
    environment = COMPOSE["services"][role]["environment"]
    assert int(knocks) == (asks if desk else int(environment["HUB_PROBE_PORT"]))


def test_the_http_door_is_published_and_says_who_does_tls() -> None:
    pod = pods()["hub-edge-in"]
    door = Settings.model_fields["door_port"].default
    assert {"name": "http", "containerPort": door} in container(pod)["ports"]
    for given in (
        told(pod),
        told(pods()["hub-desk"]),
        *(COMPOSE["services"][name]["environment"] for name in ("edge-in", "desk")),
    ):
        assert given["HUB_TLS_IN_FRONT"] == "true"


def test_budgets_services_and_policies_select_a_pod() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods().values()]

    def selects(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= has.items() for has in labels)

    budgets = of("PodDisruptionBudget")
    assert len(budgets) == len(of("StatefulSet", "Deployment"))
    for budget in budgets:
        assert selects(budget["spec"]["selector"]["matchLabels"])
        assert budget["spec"]["maxUnavailable"] == 1
    for one in of("StatefulSet", "Deployment"):
        assert one["spec"]["replicas"] >= 2
        assert selects(one["spec"]["selector"]["matchLabels"])
    for service in of("Service"):
        assert selects(service["spec"]["selector"])
    policies = {p["metadata"]["name"]: p["spec"] for p in of("NetworkPolicy")}
    assert policies["nothing-by-default"]["podSelector"] == {}
    for name, spec in policies.items():
        assert selects(spec["podSelector"].get("matchLabels", {})), name
    reach_database = {n for n, spec in policies.items() if "5432" in str(spec)}
    assert reach_database == {"core", "desk", "set-up", "backup"}
    assert "ingress" not in policies["core"]
    # Where a namespace can bear one label of ours, Prometheus must reach the desk by the one it has.
    for name in ("desk", "probes"):
        assert "reads-the-metrics" in str(policies[name]["ingress"]), name
    leave = {n for n, spec in policies.items() if "ipBlock" in str(spec)}
    assert leave == {"core", "edge-in", "edge-out"}


def test_secrets_come_by_name_and_each_has_its_own() -> None:
    readme = (BASE / "README.md").read_text()
    known = set(re.findall(r"`(hub-[a-z-]+)`", readme))
    by_pod: dict[str, set[str]] = {}
    for name, pod in pods().items():
        volumes = [v["secret"]["secretName"] for v in pod["spec"]["volumes"] if "secret" in v]
        env = [
            e["valueFrom"]["secretKeyRef"]["name"]
            for e in container(pod)["env"]
            if "secretKeyRef" in e.get("valueFrom", {})
        ]
        by_pod[name] = {*volumes, *env}
        for setting, value in told(pod).items():
            assert not (isinstance(value, str) and "://" in value), (name, setting)
    assert set().union(*by_pod.values()) - known == set()
    assert not by_pod["hub-edge-in"] & (by_pod["hub-core"] | by_pod["hub-desk"])
    assert "hub-core-database" not in by_pod["hub-desk"]
    users = {told(pod).get("HUB_KAFKA_USERNAME") for pod in pods().values()} - {None}
    assert users == {f"hub-{user}" for user in User}
    roles = set(re.findall(r"'(hub_[a-z]+)'", SQL))
    assert roles == {"hub_owner", "hub_core", "hub_desk", "hub_backup"}


def test_brokers_take_our_largest_and_fill_in_every_word() -> None:
    said = (DEPLOY / "kafka/server.properties").read_text()
    values = dict(line.split("=", 1) for line in said.splitlines() if re.match(r"[a-z]", line))
    for name in (
        "message.max.bytes",
        "replica.fetch.max.bytes",
        "replica.fetch.response.max.bytes",
    ):
        assert int(values[name]) == LARGEST, name
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", said))
    entry = (DEPLOY / "images/kafka/entrypoint.sh").read_text()
    assert wanted - set(re.findall(r"\b[A-Z_]+\b", entry)) == set()
    readme = (DEPLOY / "kafka/README.md").read_text()
    assert wanted - set(re.findall(r"\b[A-Z_]+\b", readme)) == set()
    image = (DEPLOY / "images/kafka/Dockerfile").read_text()
    for name in ("kafka-1", "kafka-2", "kafka-3"):
        given = set(COMPOSE["services"][name]["environment"]) | set(
            re.findall(r"\b[A-Z_]+(?==)", image)
        )
        assert wanted - given == set(), name
