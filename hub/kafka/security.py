"""Every Kafka client of the hub proves itself and its cluster in the same way, from the settings alone."""

import ssl
from typing import Any

from connectors.renewed import TlsWrong
from connectors.tls import ClientTls
from hub.settings import Settings
from hub.wrong import SetUpWrong


class KafkaSettingsWrong(SetUpWrong):
    """The settings cannot open a secure connection; the text says which and what to set instead."""


def kafka_security(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client (producer, consumer, admin); raises where wrong."""
    known: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security in ("SSL", "SASL_SSL"):
        known["ssl_context"] = _tls(settings)
    if settings.kafka_security.startswith("SASL"):
        if settings.kafka_username is None:
            raise KafkaSettingsWrong(
                f"HUB_KAFKA_SECURITY={settings.kafka_security} needs HUB_KAFKA_USERNAME"
            )
        known["sasl_mechanism"] = settings.kafka_sasl_mechanism
        known["sasl_plain_username"] = settings.kafka_username
        known["sasl_plain_password"] = _password(settings)
    return known


def to_check(settings: Settings) -> str:
    """What may be wrong where a cluster gives no answer: it hangs up on a wrong password as on no TLS."""
    names = ["HUB_KAFKA_BOOTSTRAP"]
    if settings.kafka_security in ("SSL", "SASL_SSL"):
        names.append("HUB_KAFKA_CA_FILE")
    if settings.kafka_security.startswith("SASL"):
        names += ["HUB_KAFKA_SASL_MECHANISM", "HUB_KAFKA_USERNAME", "HUB_KAFKA_PASSWORD_FILE"]
    return f"HUB_KAFKA_SECURITY={settings.kafka_security}; check {', '.join(names)}"


def _tls(settings: Settings) -> ssl.SSLContext:
    for name in ("ca", "cert", "key"):
        path = getattr(settings, f"kafka_{name}_file")
        if path is not None and not path.is_file():
            raise KafkaSettingsWrong(f"HUB_KAFKA_{name.upper()}_FILE={path}: no such file")
    if settings.kafka_key_file is not None and settings.kafka_cert_file is None:
        raise KafkaSettingsWrong("HUB_KAFKA_KEY_FILE needs HUB_KAFKA_CERT_FILE beside it")
    cert, key = settings.kafka_cert_file, settings.kafka_key_file
    try:
        return ClientTls(
            ca=settings.kafka_ca_file, certificate=cert, key=key or cert, server_name=None
        ).context("kafka")
    except TlsWrong as error:
        raise KafkaSettingsWrong(
            f"HUB_KAFKA_CA_FILE, …_CERT_FILE and …_KEY_FILE must be matching PEM files: {error}"
        ) from error


def _password(settings: Settings) -> str:
    if settings.kafka_password is not None:
        return settings.kafka_password.get_secret_value()
    if settings.kafka_password_file is None:
        raise KafkaSettingsWrong(
            f"HUB_KAFKA_SECURITY={settings.kafka_security} needs HUB_KAFKA_PASSWORD_FILE "
            "(or HUB_KAFKA_PASSWORD)"
        )
    try:
        return settings.kafka_password_file.read_text().strip()
    except OSError as error:
        raise KafkaSettingsWrong(
            f"HUB_KAFKA_PASSWORD_FILE={settings.kafka_password_file}: {error.strerror}"
        ) from error
