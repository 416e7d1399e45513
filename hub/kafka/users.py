"""Each role's user of a cluster has the password that its file holds, and may do what `hub.kafka.acls` says."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from hub.kafka.acls import Allowed, User, allowed
from hub.kafka.security import kafka_security, to_check
from hub.kafka.topic_setup import KafkaAway
from hub.partners import Directory
from hub.settings import Settings
from hub.wrong import SetUpWrong

_ROUNDS = 8192
"""Of SCRAM; Kafka takes 4096 and more."""
_ANSWERS = 20.0
_PATTERN = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
}


class UsersWrong(SetUpWrong):
    """The users cannot be set up; the text says what is missing."""


def set_up_users(
    settings: Settings, directory: Directory, passwords: Path, within: float = 60.0
) -> list[str]:
    """Gives every role its user; returns their names once each broker named lets them in.

    What is allowed is set before the password, so that a broker which knows a user knows also what
    it may do. Whatever somebody allowed beside it stays. Raises `UsersWrong` where a password is
    missing or the cluster refuses, `KafkaAway` where it does not answer.
    """
    given = {f"hub-{user}": _password(passwords / f"hub-{user}") for user in User}
    admin = _client(settings)
    bindings = [
        binding(one) for user in User for one in allowed(settings, directory, user, f"hub-{user}")
    ]
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ROUNDS)
    until = time.monotonic() + within
    _until(until, settings, partial(_all, admin.create_acls, bindings))
    wanted = [UserScramCredentialUpsertion(n, scram, p.encode()) for n, p in given.items()]
    _until(until, settings, partial(_all, admin.alter_user_scram_credentials, wanted))
    brokers = (settings.kafka_bootstrap or "").split(",")
    for broker, (name, password) in product(brokers, given.items()):
        _until(until, settings, partial(_signs_in, settings, broker, name, password))
    return list(given)


def binding(one: Allowed) -> AclBinding:
    """The same in the words of Kafka's protocol."""
    words = "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(one.operation))
    return AclBinding(
        _PATTERN[one.kind],
        one.name,
        ResourcePatternType.LITERAL,
        f"User:{one.user}",
        "*",
        AclOperation[words.upper()],
        AclPermissionType.ALLOW,
    )


def _password(file: Path) -> str:
    try:
        if password := file.read_text().strip():
            return password
    except OSError as error:
        raise UsersWrong(f"{file}: {error.strerror}; it holds this user's password") from error
    raise UsersWrong(f"{file} is empty; it holds this user's password")


def _client(settings: Settings, **more: str) -> AdminClient:
    """An administrator's client by the settings of every other one."""
    known = kafka_security(settings)
    files = {"ca": "ssl.ca.location", "cert": "ssl.certificate.location", "key": "ssl.key.location"}
    paths = {key: getattr(settings, f"kafka_{name}_file") for name, key in files.items()}
    proof = {
        "sasl.mechanism": known.get("sasl_mechanism"),
        "sasl.username": known.get("sasl_plain_username"),
        "sasl.password": known.get("sasl_plain_password"),
    }
    told = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security,
        "log_level": "0",
        **paths,
        **proof,
        **more,
    }
    return AdminClient({name: str(value) for name, value in told.items() if value is not None})


def _all(do: Callable[..., Any], what: Iterable[object]) -> None:
    for done in do(list(what), request_timeout=_ANSWERS).values():
        done.result(2 * _ANSWERS)


def _signs_in(settings: Settings, broker: str, name: str, password: str) -> None:
    proof = {"sasl.username": name, "sasl.password": password}
    _client(settings, **{"bootstrap.servers": broker}, **proof).list_topics(timeout=2)


def _until(deadline: float, settings: Settings, do: Callable[[], None]) -> None:
    """A cluster that has just begun refuses for a moment what it will take."""
    while True:
        try:
            return do()
        except KafkaException as error:
            said = error.args[0]
            if time.monotonic() > deadline:
                if said.name().startswith("_"):  # librdkafka's own: nobody answered, or hung up
                    where = settings.kafka_bootstrap
                    raise KafkaAway(f"{where}: {said.str()} ({to_check(settings)})") from error
                raise UsersWrong(f"the cluster refuses: {said.str()}") from error
            time.sleep(0.5)
