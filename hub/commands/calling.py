"""A command gets checked settings, and what keeps it from its work is a sentence that says what to mend."""

import errno
import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from hub.wrong import WRONG_SET_UP, SetUpWrong

if TYPE_CHECKING:
    from pydantic import ValidationError

    from hub.settings import Settings

_FULL = 75
"""`EX_TEMPFAIL`: room may come."""
_CODES = {
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST), WRONG_SET_UP
    ),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
}
"""Files and disks that somebody must see to; of what else fails the place matters, and is logged."""


class InWords(TyperGroup):
    """All commands of `hub`, and its roles: a set-up that cannot work is a sentence and 78 for each."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except SetUpWrong as error:
            fail(str(error))
        except BaseExceptionGroup as group:
            # One of a role's tasks may have found it.
            wrong, other = group.split(SetUpWrong)
            if wrong is None or other is not None:
                raise
            fail("\n".join(map(str, _leaves(wrong))))
        except OSError as error:
            if error.filename is None or error.errno not in _CODES:
                raise
            fail(f"{error.filename}: {error.strerror}", _CODES[error.errno])


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


def fail(sentence: str, code: int = WRONG_SET_UP) -> NoReturn:
    """Ends the command."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(code)


def effective(**named: Any) -> "Settings":
    """The settings of this process; what the command line names wins."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from hub.commands.spelt import misspelt
    from hub.settings import FILE, Settings

    set_here = {name.upper() for name in os.environ}
    try:
        written = tomllib.loads(FILE.read_text()) if FILE.exists() else {}
        settings = Settings(**named)
    except ValidationError as error:
        fail("\n".join(_wrong(error, set_here | {f"HUB_{name}".upper() for name in named})))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fail(f"{FILE.absolute()}: {error}")
    except (SettingsError, ValueError) as error:
        fail(str(error))
    for sentence in misspelt(Settings.model_fields, os.environ, written, str(FILE)):
        print(sentence, file=sys.stderr)
    return settings


def _wrong(error: "ValidationError", set_here: set[str]) -> Iterator[str]:
    """Each setting that is wrong, and the file where it stands in one."""
    from hub.settings import FILE

    for each in error.errors(include_url=False, include_input=False):
        name = f"HUB_{'.'.join(map(str, each['loc'])).upper().removeprefix('HUB_')}"
        where = "" if name in set_here else f"{FILE.absolute()}: "
        yield f"{where}{name}: {each['msg'].removeprefix('Value error, ')}"


def on_the_road(settings: "Settings") -> "Settings":
    """The same with Kafka's address, where this hub's own Kafka runs."""
    if settings.kafka_bootstrap is not None:
        return settings
    from hub.embedded import EmbeddedKafka

    status = EmbeddedKafka(settings.data).status()
    if status is None or status.pid is None:
        fail("No Kafka: start ours with `hub kafka start`, or name yours in HUB_KAFKA_BOOTSTRAP")
    return settings.model_copy(update={"kafka_bootstrap": status.bootstrap})


def ask(module: str, function: str, settings: "Settings", *arguments: Any) -> None:
    """Runs a command that needs the ledger; where its database says no, that is a sentence."""
    from sqlalchemy.exc import DBAPIError

    try:
        call(module, function, settings, *arguments)
    except DBAPIError as error:
        from hub.ledger.session import named

        fail(f"the ledger, {named(settings.ledger_url)}, does not serve: {error.orig}".strip())


def call(module: str, function: str, *arguments: Any) -> None:
    """Runs a command of another module; an exit code that it returns is ours."""
    code = getattr(importlib.import_module(module), function)(*arguments)
    if code:
        raise typer.Exit(code)
