"""A partner file names its secrets and never holds one: each is an environment variable or a file."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

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
