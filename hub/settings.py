"""What a site may set: from the environment (`HUB_…`) or `hub.toml`, checked at start, secrets hidden.

Secrets are given by reference: a directory of key files, or a file named by `…_FILE`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part for each in value.split(",") if (part := each.strip()))
    return value


Csv = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """The effective settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_ignore_empty=True, toml_file="hub.toml", extra="ignore"
    )

    site: str = Field("Front Door Hub", description="Shown on every page")
    data: Path = Field(Path("build/hub"), description="Embedded Kafka, SQLite ledger and keys")
    partners_dir: Path = Field(Path("deploy/partners"), description="One file a partner")
    rules_dir: Path = Field(Path("deploy/rules"), description="Rules with editions")
    calendars_dir: Path = Field(Path("deploy/calendars"), description="Service hours")
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

    database_url: SecretStr | None = Field(None, description="postgresql+psycopg://…; none: SQLite")
    people_url: SecretStr | None = Field(
        None, description="People and sessions; none: as the ledger"
    )

    log_level: Literal["DEBUG", "INFO", "WARNING"] = Field(
        "INFO", description="The least that is logged"
    )
    desk_host: str = Field("127.0.0.1", description="Where the desk listens")
    desk_port: int = Field(8080, description="0: any free port, told in the log")
    metrics_token: SecretStr | None = Field(
        None, description="Shown by who reads /metrics of the desk; none: this machine only"
    )
    door_host: str = Field("127.0.0.1", description="Where the HTTP door listens")
    door_port: int = Field(8081, description="The HTTP door of edge; 0: any free port")
    probe_host: str = Field("127.0.0.1", description="Where a role answers probes")
    probe_port: int | None = Field(
        None,
        description="/health, /ready and /metrics of edge, of core, and of `hub run` for all of them;"
        " none: not answered; 0: any free port. The desk answers at its own",
    )
    partners: Csv = Field(
        (),
        validation_alias=AliasChoices("HUB_PARTNERS", "partners"),
        description="This edge speaks with these alone; none: with all",
    )

    edge_part: Literal["both", "in", "out"] = Field(
        "both", description="What an edge does: take in, send out, or both"
    )

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
