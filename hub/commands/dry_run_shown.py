"""`hub partners dry-run` prints what they would hear, what we would have, and who would get which words of it."""

import sys
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape

from connectors.base import Kind
from connectors.transports import TRANSPORTS
from hub import clock
from hub.clock import london
from hub.directory import partner_files
from hub.dry_run import Copy, DryRun, Would, dry_run
from hub.rules.book import Book
from hub.rules.disclose import Verdict
from hub.rules.editions import RuleError
from hub.settings import Settings
from schemas.envelope import AckLevel, For
from schemas.register import REGISTER

_ASKS = {
    AckLevel.NONE: "no answer is asked for",
    AckLevel.TRANSPORT: "their system says that it took it",
    AckLevel.RECEIVED: "their system says that it is there",
    AckLevel.ACCEPTED: "a named person accepts it",
    AckLevel.OUTCOME: "a named person accepts it and says what came of it",
}
_HELD = {
    "outbox": "they collect it",
    "inbox": "it waits in the hub's own inbox",
    "call": "somebody rings them",
}


def dry_run_command(settings: Settings, name: str, file: Path) -> int:
    """Prints what would become of a file; 0 where it would be taken, 1 where not."""
    try:
        directory = partner_files.load(settings.partners_dir, settings.calendars_dir)
        partner = partner_files.named(directory, name)
        body = file.read_bytes()
        book = Book.read(settings.rules_dir, settings.calendars_dir)
    except (partner_files.PartnersWrong, RuleError, LookupError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    found = dry_run(directory, book, partner, body, clock.now())
    _Page(Console(soft_wrap=True, highlight=False)).shown(found)
    return 0 if found.read else 1


class _Page:
    def __init__(self, console: Console):
        self._console = console

    def _line(self, text: str, level: int = 0, style: str = "default") -> None:
        # A partner's bytes are shown, never obeyed: a terminal takes some for commands.
        shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
        self._console.print("  " * level + escape(shown), style=style)

    def _quoted(self, body: bytes, level: int) -> None:
        text = body.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
        for line in text.strip("\n").split("\n"):
            self._line(f"│ {line}", level)

    def shown(self, found: DryRun) -> None:
        """The whole of it."""
        partner, parcel, verdict = found.partner, found.parcel, found.verdict
        size = f"{len(parcel.body):,} bytes of {parcel.media_type}"
        self._line(f"{partner.title} sends {size} by {parcel.transport}", style="bold")
        place = f"{verdict.place}: " if verdict.place else ""
        if verdict.kind is Kind.REFUSED:
            self._line(f"▲ It would be refused: {place}{verdict.reason}", style="red")
        elif verdict.reason:
            self._line(f"▲ It would be kept for a person: {place}{verdict.reason}", style="red")
        elif verdict.kind is Kind.NOT_OURS:
            self._line("○ It would be acknowledged, counted and dropped: no child has a number")
        else:
            number = len(found.messages)
            self._line(f"✓ It would be owned: {number} message{'s' * (number != 1)}")
        if verdict.reply:
            self._line("They would hear:", 1)
            self._quoted(verdict.reply, 2)
        if partner.filtered and found.messages:
            self._line("Only watched children are kept; for others it ends with the answer.", 1)
        if found.dropped and found.messages:
            self._line(f"{found.dropped} more about children without a number are dropped.", 1)
        for message in found.messages:
            self._console.print()
            self._message(message, 0)

    def _message(self, one: Would, level: int) -> None:
        said, envelope = one.said, one.said.envelope
        words = f"{REGISTER[said.type].title} ({said.type}) {said.reference}"
        if said.part:
            words += f", part {said.part}"
        tests = ", marked as a test" if envelope.test else ""
        self._line(f"{words}: {envelope.priority.value}{tests}", level, "bold")
        happened = f"{london(envelope.occurred_at):%a %d %b %Y %H:%M}"
        self._line(f"happened {happened}; id {said.message_id}", level + 1)
        if labels := ", ".join(label.value for label in envelope.labels):
            self._line(f"restricted: {labels}", level + 1)
        for doubt in envelope.doubts:
            self._line(f"● {doubt.label}", level + 1, "yellow")
        if said.answers:
            self._line(f"answers {said.answers}: it goes where that came from", level + 1)
        if one.due:
            by = f"{london(one.due.due_at):%a %d %b %Y %H:%M}"
            rule = f"{one.due.clock_id}, edition {one.due.rule_edition}"
            self._line(f"to be acted on by {by} ({rule})", level + 1)
        for copy in one.copies:
            self._copy(copy, level + 1)
        if one.nowhere:
            words = "" if one.missed else f": {one.nowhere}"
            self._line(f"▲ nobody gets it{words}", level + 1, "red")
        for missed in one.missed:
            self._line(f"✗ not {missed.whom}: {missed.why}", level + 1)
        for unsaid in one.unsaid:
            self._line(f"✗ {unsaid.type} is not said: {unsaid.why}", level + 1)
        for follows in one.follows:
            self._line("The hub says because of it:", level + 1)
            self._message(follows, level + 2)

    def _copy(self, copy: Copy, level: int) -> None:
        planned, told = copy.planned, copy.told
        what = "to act" if planned.purpose is For.ACTION else "for information"
        kind = copy.partner.transport["kind"]
        held = TRANSPORTS[kind].mode == "held"
        way = _HELD[kind] if held else f"sent by {kind}"
        if copy.written and copy.written.recipient:
            way += f" to {copy.written.recipient}"
        asks = _ASKS[planned.ack]
        self._line(f"→ {copy.partner.title}, {what}: {way}; {asks}", level)
        self._line(f"because: {planned.why}", level + 1)
        if told.verdict is Verdict.DENY:
            self._line(f"▲ withheld whole: {told.why}", level + 1, "red")
            return
        if told.verdict is Verdict.REVIEW:
            self._line(f"● a second person releases it first: {told.why}", level + 1, "yellow")
        for left_out in told.withheld:
            self._line(f"withheld {left_out.path}: {left_out.why}", level + 1)
        if copy.unwritten:
            self._line(f"▲ cannot be written for them: {copy.unwritten}", level + 1, "red")
        elif copy.written is None:
            self._quoted(orjson.dumps(told.body, option=orjson.OPT_INDENT_2), level + 1)
        else:
            if copy.written.subject_line:
                self._line(f"subject: {copy.written.subject_line}", level + 1)
            self._quoted(_readable(copy.written.body), level + 1)


def _readable(body: bytes) -> bytes:
    """JSON with line ends; anything else as it is."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    except ValueError:
        return body
