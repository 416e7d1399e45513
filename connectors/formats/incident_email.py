"""Whoever keeps the hub running reads what is wrong, since when and what to do, and once that it is over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from connectors.base import Outgoing, Refused
from connectors.formats.letter import Letter, clock, labelled
from connectors.formats.quiet import Quiet
from connectors.formats.said import moment
from schemas.envelope import Envelope


class IncidentEmail(Quiet):
    """`incident.opened` and `incident.recovered` as plain text; the subject names kind and number."""

    name: ClassVar[str] = "incident-email"

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """Raises `Refused` for any other type."""
        letter = Letter()
        if envelope.type == "incident.opened":
            became = "opened"
            _opened(letter, body, follows=not envelope.test)
        elif envelope.type == "incident.recovered":
            became = "over"
            _over(letter, body)
        else:
            raise Refused(f"{envelope.type} is no incident: give the partner another format")
        letter.section("Desk", body.get("desk"))
        letter.section(
            "References", *labelled([("Incident", _text(body, "incident")), ("Alert", reference)])
        )
        kind = _text(body, "kind").replace("_", " ")
        return Outgoing(
            reference,
            letter.text.encode(),
            self.media_type,
            # So much of the number tells two apart that are wrong in the same way on one day.
            subject_line=f"Hub incident {became}: {kind}, {_text(body, 'incident')[:8]}",
        )


def _opened(letter: Letter, body: Mapping[str, Any], follows: bool) -> None:
    letter.line(f"{_text(body, 'title')}.")
    letter.section("Why", body.get("cause"))
    letter.section("Since", clock(body.get("first_seen")))
    letter.section("What it is about", body.get("subject"))
    letter.section("What to do", body.get("what_to_do"))
    letter.section("Its page in the runbook", body.get("runbook"))
    if body.get("more"):
        letter.section(
            "And more of these",
            "Many of this kind open now. You hear of none of them one by one; the desk shows"
            " them all, and you hear once when all of them are over.",
        )
    elif follows:
        letter.line("You hear once more, when it is over.")


def _over(letter: Letter, body: Mapping[str, Any]) -> None:
    count = body.get("incidents", 1)
    letter.line(f"Over: {_text(body, 'title')}.")
    if count > 1:
        letter.line(f"All {count} incidents of this kind that began then are over.")
    begun, ended = moment(body.get("first_seen")), moment(body.get("over_at"))
    lasted = _span(ended - begun) if begun and ended else ""
    letter.section(
        "When",
        *labelled(
            [
                ("From", clock(body.get("first_seen"))),
                ("To", clock(body.get("over_at"))),
                ("It lasted", lasted),
                ("Seen", _times(body.get("count", 1))),
            ]
        ),
    )
    letter.section("What it was about", body.get("subject"))
    letter.line("There is nothing to do.")


def _text(body: Mapping[str, Any], name: str) -> str:
    return str(body.get(name) or "")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _span(gap: timedelta) -> str:
    minutes, seconds = divmod(int(gap.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s" if not hours else "")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n and unit) or "less than a second"
