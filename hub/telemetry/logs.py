"""A log line is a fixed sentence and facts from a known list, so that nobody's data can be in it.

`set_up` once a process; then `structlog.get_logger().info("owned", partner=…, topic=…)`. The first
argument is always a literal (a test reads the source), facts not in `FACTS` are dropped, and an
exception is logged by its type and place, never by its words: those may quote what was read.
"""

import logging
import sys
import time
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

_NAMES = """
event level timestamp role logger pid port instance partner transport format topic partition offset
group message_id delivery_id parcel_id incident_id attempt priority kind type state count suppressed
reader seconds bytes code error errors at why digest version edition window bootstrap directory setting
exit_code signal delay connection step table revision oldest_seconds waiting since until trace_id
"""
FACTS = frozenset(_NAMES.split())
"""What may stand beside an event: ids of our own making, names from configuration, figures."""

TALKATIVE = ("aiokafka", "faststream")
TRUSTED = (*TALKATIVE, "uvicorn.error", "alembic")
"""Libraries whose words are about connections and never about content."""

_LIBRARIES = {
    "aiokafka": logging.WARNING,
    "alembic": logging.WARNING,
    "faststream": logging.ERROR,
    "uvicorn.error": logging.WARNING,
    # These print addresses with their queries, and a query may name a child.
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.CRITICAL,
    "httpcore": logging.CRITICAL,
    # It would say each statement.
    "sqlalchemy": logging.WARNING,
    # A collector of traces that is away is said once, by `hub.telemetry.otlp`; these say it with every batch.
    "opentelemetry": logging.CRITICAL,
    "urllib3": logging.CRITICAL,
}
"""The least that each may say."""
_LONGEST = 300

Facts = MutableMapping[str, Any]


def set_up(
    role: str,
    level: str = "INFO",
    instance: str = "",
    stream: TextIO | None = None,
    pretty: bool | None = None,
) -> None:
    """Everything this process logs goes to `stream` (stderr): JSON lines, or words on a terminal."""
    out = stream if stream is not None else sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_role(role, instance),
        _type_and_place,
        keep_facts,
    ]
    if out.isatty() if pretty is None else pretty:
        last: Any = structlog.dev.ConsoleRenderer(colors=out.isatty())
    else:
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.addFilter(OnceASecond(TALKATIVE))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                last,
            ],
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library, least in _LIBRARIES.items():
        logging.getLogger(library).setLevel(least)
    # FastStream brings a handler of its own, whose lines nobody filters.
    logging.getLogger("faststream").handlers.clear()
    logging.getLogger("faststream").propagate = True
    sys.excepthook = _last_words


class OnceASecond(logging.Filter):
    """Lets one line a second pass for each talkative library; the next one tells how many did not."""

    def __init__(self, libraries: tuple[str, ...], second: float = 1.0):
        super().__init__()
        self._libraries = libraries
        self._second = second
        self._next: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True where the line may pass."""
        library = record.name.partition(".")[0]
        if library not in self._libraries:
            return True
        now = time.monotonic()
        if now < self._next.get(library, 0.0):
            self._held[library] = self._held.get(library, 0) + 1
            return False
        self._next[library] = now + self._second
        record.suppressed = self._held.pop(library, 0)
        return True


def keep_facts(logger: Any, method: str, facts: Facts) -> Facts:
    """Drops what is not in `FACTS`, tells which by name, and cuts what is long."""
    private = [key for key in facts if key.startswith("_")]
    dropped = sorted(key for key in facts if key not in FACTS and key not in private)
    kept = {key: _short(value) for key, value in facts.items() if key in FACTS}
    if dropped:
        kept["dropped"] = dropped
    return {**{key: facts[key] for key in private}, **kept}


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_short(each) for each in value[:20]]
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _name_role(role: str, instance: str) -> Any:
    def name(logger: Any, method: str, facts: Facts) -> Facts:
        facts.setdefault("role", role)
        if instance:
            facts.setdefault("instance", instance)
        return facts

    return name


def _foreign(logger: Any, method: str, facts: Facts) -> Facts:
    """A library's own words: whole from the trusted, the bare template's first line from others."""
    record = cast(logging.LogRecord, facts["_record"])
    if not record.name.startswith(TRUSTED):
        facts["event"] = str(record.msg).partition("\n")[0]
    facts["logger"] = record.name
    if getattr(record, "suppressed", 0):
        facts["suppressed"] = record.suppressed  # type: ignore[attr-defined]
    if record.exc_info:
        facts["exc_info"] = record.exc_info
        # The formatter would append the traceback with its words.
        record.exc_info = record.exc_text = None
    facts.pop("positional_args", None)
    return facts


def _type_and_place(logger: Any, method: str, facts: Facts) -> Facts:
    told = facts.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    if isinstance(told, BaseException):
        told = (type(told), told, told.__traceback__)
    if told and told[1] is not None:
        facts["error"] = _chain(told[1])
        frames = traceback.extract_tb(told[2])[-6:]
        facts["at"] = [f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in frames]
    return facts


def _chain(error: BaseException) -> str:
    named = type(error).__qualname__
    if isinstance(error, OSError) and error.strerror:
        named += f" ({error.strerror})"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{named} from {_chain(cause)}" if cause is not None else named


def _last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    structlog.get_logger().critical("ended by an error", exc_info=(kind, error, trace))
