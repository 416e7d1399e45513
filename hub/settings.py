"""What a site may set: from the environment (`HUB_…`) or `hub.toml`, checked at start, secrets hidden.

Secrets are given by reference: a directory of key files, or a file named by `…_FILE`.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ByteSize, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

FILE = Path("hub.toml")
"""Where a site writes what is not in its environment."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part for each in value.split(",") if (part := each.strip()))
    return value


_DATABASE = re.compile(
    r"sqlite:///?.*|postgresql\+psycopg://([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]*)(:\d*)?(/[^?]*)?(\?.*)?"
)


def _a_database(value: SecretStr) -> SecretStr:
    if not _DATABASE.fullmatch(value.get_secret_value()):
        # What stands there is not repeated: it may hold a password.
        raise ValueError("write postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE")
    return value


Csv = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Database = Annotated[SecretStr, AfterValidator(_a_database)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """The effective settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_ignore_empty=True, toml_file=FILE, extra="ignore"
    )

    site: str = Field("Front Door Hub", description="Shown on every page")
    data: Path = Field(Path("build/hub"), description="Embedded Kafka, SQLite ledger and keys")
    partners_dir: Path = Field(Path("deploy/partners"), description="One file a partner")
    rules_dir: Path = Field(Path("deploy/rules"), description="Rules with editions")
    calendars_dir: Path = Field(Path("deploy/calendars"), description="Service hours")
    runbook_dir: Path = Field(
        Path("deploy/runbook"),
        description="incidents/KIND.md: what to do, shown at the desk and told",
    )
    keys_dir: Path | None = Field(None, description="Key files; made under `data` when embedded")
    instance: str = Field("1", description="This process's slot: a static consumer's name")

    kafka_bootstrap: str | None = Field(None, description="host:port,… ; none: embedded")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None
    kafka_session_timeout: float = Field(30.0, description="Seconds a silent consumer is kept")
    kafka_partitions: int = Field(1, ge=1, description="Of the content topics; few on one node")
    kafka_replication: int = Field(1, ge=1)
    kafka_heap: str = Field("512m", description="Of the embedded Kafka")
    kafka_prefix: str = Field("", description="Before consumer groups, where hubs share a cluster")

    database_url: Database | None = Field(None, description="postgresql+psycopg://…; none: SQLite")
    people_url: Database | None = Field(
        None, description="People and sessions; none: as the ledger"
    )

    log_level: Literal["DEBUG", "INFO", "WARNING"] = Field(
        "INFO", description="The least that is logged"
    )
    desk_host: str = Field("127.0.0.1", description="Where the desk listens")
    desk_port: Port = Field(8080, description="0: any free port, told in the log")
    desk_url: str | None = Field(
        None, description="The desk's address as people reach it, for alerts; none: not said"
    )
    metrics_token: SecretStr | None = Field(
        None, description="Shown by who reads /metrics of the desk; none: this machine only"
    )
    door_host: str = Field("127.0.0.1", description="Where the HTTP door listens")
    door_port: Port = Field(8081, description="The HTTP door of edge; 0: any free port")
    probe_host: str = Field("127.0.0.1", description="Where a role answers probes")
    probe_port: Port | None = Field(
        None,
        description="/health, /ready and /metrics of edge, of core, and of `hub run` for all of them;"
        " none: not answered; 0: any free port. The desk answers at its own",
    )
    door_tls_cert: Path | None = Field(None, description="Certificate and chain of the HTTP door")
    door_tls_key: Path | None = Field(None, description="Its private key")
    door_tls_client_ca: Path | None = Field(
        None,
        description="Authorities of client certificates; partner files say whose are asked for",
    )
    desk_tls_cert: Path | None = Field(None, description="Certificate and chain of the desk")
    desk_tls_key: Path | None = Field(None, description="Its private key")
    desk_tls_client_ca: Path | None = Field(
        None, description="Nobody reaches the desk without a certificate from these authorities"
    )
    tls_in_front: bool = Field(
        False, description="A proxy in front of door and desk does TLS; they may listen without"
    )
    certificate_days: float = Field(
        21.0, gt=0, description="A certificate with fewer days left is an incident"
    )
    partners: Csv = Field(
        (),
        validation_alias=AliasChoices("HUB_PARTNERS", "partners"),
        description="This edge speaks with these alone; none: with all",
    )

    edge_part: Literal["both", "in", "out"] = Field(
        "both", description="What an edge does: take in, send out, or both"
    )

    disk_free_min: ByteSize = Field(
        ByteSize(2 * 10**9),
        description="Below this, e.g. 2GB, a disk that is nearly full is an incident",
    )
    heartbeat_url: SecretStr | None = Field(
        None, description="A monitor that core calls while it is well; {instance} is its slot"
    )
    heartbeat_token: SecretStr | None = Field(None, description="Bearer token that it shows there")
    heartbeat_token_file: Path | None = Field(None, description="The file that holds it")
    heartbeat_seconds: float = Field(60.0, ge=1, description="Seconds between two calls")

    lease: float = Field(30.0, description="Seconds until an attempt no edge answered is unknown")
    session_hours: float = Field(8.0, description="A sign-in ends after")
    session_idle_minutes: float = Field(30.0, description="A sign-in unused ends after")
    intake_bytes: int = Field(64 * 1024 * 1024, description="Held by edge at most, unacknowledged")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def keys(self) -> Path:
        """The directory of key files."""
        return self.keys_dir or self.data / "keys"

    @property
    def embedded(self) -> bool:
        """True where this hub starts its own Kafka."""
        return self.kafka_bootstrap is None

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy's address of the ledger (synchronous drivers: sqlite, psycopg)."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'ledger.db'}"

    @property
    def people_database(self) -> str:
        """SQLAlchemy's address of people and sessions: a file of their own beside SQLite."""
        if self.people_url is not None:
            return self.people_url.get_secret_value()
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'people.db'}"
