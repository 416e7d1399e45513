"""A partner file names its secrets and never holds one: each is an environment variable or a file."""

import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from connectors.base import Settings, TryAgain


class SecretRef(Settings):
    """Where a secret is to be found: `{env: NAME}` or `{file: path}`, exactly one of them."""

    env: str | None = Field(None, description="Environment variable that holds the secret")
    file: Path | None = Field(None, description="File that holds the secret, e.g. a mounted one")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("write either `env: NAME` or `file: path`")
        return self

    def read(self) -> str:
        """The secret as it stands now, so that a rotated one is taken up; `TryAgain` if missing."""
        try:
            found = (
                os.environ.get(self.env or "")
                if self.file is None
                else self.file.read_text(encoding="utf-8")
            )
        except (OSError, UnicodeError) as error:
            raise TryAgain(f"{self} cannot be read", connection=True) from error
        if not (secret := (found or "").strip()):
            raise TryAgain(f"{self} holds no secret", connection=True)
        return secret

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.file is None else f"file {self.file}"


def _listed(written: Any) -> Any:
    if not isinstance(written, list | tuple):
        return [written]
    if not written:
        raise ValueError("{env: NAME} or {file: path} in the list")
    return written


Secrets = Annotated[tuple[SecretRef, ...], BeforeValidator(_listed)]
"""One reference or a list of them; each may hold several secrets, one a line, that count at once."""


def every(references: Sequence[SecretRef]) -> list[str]:
    """All secrets that count now, in their order; `TryAgain` where not one can be read.

    One that is not there (the new one before it was put in place, the old one after it was taken
    away) takes nothing from the others.
    """
    found: list[str] = []
    missing: TryAgain | None = None
    for reference in references:
        try:
            found += (line.strip() for line in reference.read().splitlines() if line.strip())
        except TryAgain as error:
            missing = error
    if not found and missing is not None:
        raise missing
    return found


def missing(settings: Any) -> Iterator[str]:
    """Which secrets of a transport's settings are not there now, each in a sentence."""
    values = settings.__dict__.values() if isinstance(settings, BaseModel) else ()
    for value in values:
        listed = value if isinstance(value, tuple) else (value,)
        references = [each for each in listed if isinstance(each, SecretRef)]
        try:
            every(references)
        except TryAgain as error:
            yield str(error)
        if not references:
            yield from missing(value)


def is_one_of(shown: str, known: Iterable[str]) -> bool:
    """Whether what a caller shows is one of these; how long it takes tells nothing of them."""
    same = [hmac.compare_digest(shown.encode(), each.encode()) and each != "" for each in known]
    return any(same)
