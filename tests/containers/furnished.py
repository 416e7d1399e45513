"""A new site has all that `deploy/compose.yaml` asks for: partner files, and secrets apart by who may read them."""

import base64
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.kafka.acls import User
from tests.contract.transports.certificates import Authority

BROKERS = ("kafka-1", "kafka-2", "kafka-3")
USERS = tuple(f"hub-{user}" for user in User)
ROLES = ("hub_owner", "hub_core", "hub_desk", "hub_backup")
_HUB, _KAFKA, _POSTGRES = 10001, 10002, 10003


@dataclass(frozen=True)
class Place:
    """Where partners outside find the hub, and it finds them: `host` is this machine as containers reach it."""

    host: str
    door: int
    mllp: int
    desk: int
    by_case: int
    team: int
    token: str


def furnish(docker: Any, home: Path, partners: Mapping[str, str]) -> dict[str, str]:
    """Writes everything, and returns what Compose is told in its environment.

    Keys are made by the image itself, as an operator makes them.
    """
    (home / "partners").mkdir()
    for name, text in partners.items():
        (home / "partners" / f"{name}.yaml").write_text(text)
    password = {name: secrets.token_urlsafe(24) for name in ("kafka-admin", *USERS, *ROLES)}
    authority = Authority(home)
    broker = authority.pair("kafka-broker", 2, *BROKERS)
    ca = authority.file.read_text()
    ours = home / "secrets"
    store = broker.key.read_text() + broker.certificate.read_text()
    admin = {"kafka-admin": password["kafka-admin"]}
    _put(ours / "kafka", {"ca.pem": ca, "broker.pem": store} | admin)
    _put(ours / "postgres", {name: password[name] for name in ROLES})
    told = {f"users/{name}": password[name] for name in USERS}
    _put(ours / "kafka-admin", {"ca.pem": ca, "password": password["kafka-admin"]} | told)
    for user in User:
        _put(ours / user, {"ca.pem": ca, "password": password[f"hub-{user}"]})
    _own(ours, _HUB)

    def hub(*words: str) -> None:
        docker.containers.run(
            "front-door-hub-hub",
            list(words),
            remove=True,
            network_mode="none",
            cap_drop=["ALL"],
            environment={"HUB_KEYS_DIR": "/run/hub/core/keys", "HUB_PARTNERS_DIR": "/etc/partners"},
            volumes=[f"{ours}:/run/hub", f"{home / 'partners'}:/etc/partners:ro"],
        )

    hub("keys", "make")
    hub("keys", "export", "--partners", ",".join(partners), "/run/hub/edge/keys")
    shutil.copytree(ours / "core/keys", ours / "desk/keys")
    _own(ours, _HUB)
    _own(ours / "kafka", _KAFKA)
    _own(ours / "postgres", _POSTGRES)
    databases = {
        f"HUB_{name.upper()}_DATABASE_URL": address(f"hub_{name}", password[f"hub_{name}"])
        for name in ("owner", "core", "desk", "backup")
    }
    return databases | {
        "HUB_SECRETS": str(ours),
        "HUB_PARTNERS": str(home / "partners"),
        "HUB_CLUSTER_ID": base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("="),
    }


def address(role: str, password: str, host: str = "postgres") -> str:
    """SQLAlchemy's address of the ledger for one of its roles."""
    return f"postgresql+psycopg://{role}:{password}@{host}/hub"


def _put(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _own(folder: Path, user: int) -> None:
    """Nobody else may read what is there."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)
        path.chmod(0o700 if path.is_dir() else 0o600)
