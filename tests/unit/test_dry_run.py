"""What a dry run says is what then happens, and until then nothing has."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.base import Kind, Parcel
from connectors.formats import make_format
from hub import topics, wire
from hub.commands.dry_run_shown import dry_run_command
from hub.core.arrival import Arrival, of_record
from hub.dry_run import DryRun, Would, dry_run
from hub.edge.orders import Order
from hub.intake.compose import Composer
from hub.intake.judge import Judge
from hub.partners import Directory, Partner, Receives, Role
from hub.rules.disclose import Verdict
from hub.settings import Settings
from schemas.envelope import Priority, Subject
from schemas.register import REGISTER
from schemas.values import Said
from tests.kit import people
from tests.kit.site import Bench, a_partner, the_book

NOW = datetime(2026, 11, 23, 22, 20, tzinfo=UTC)
ADT = Path("tests/golden/hl7v2/a04_itk24_register.er7")
LETTERS: dict[str, Any] = {"format": {"kind": "referrer-letter"}}


def site() -> list[Partner]:
    """Whoever an evening's messages come from and go to; one of them by letter, one on paper."""
    hears = ("referral.acknowledged", "referrer.decision_feedback")
    acts = ("contact.recorded", "referral.received", "edt.handover", "health.attendance")
    return [
        a_partner("centre", Role.ASSESSMENT_TEAM, sends=("contact.recorded",)),
        a_partner(
            "school",
            Role.SCHOOL,
            agency="999101",
            sends=("referral.received",),
            receives=tuple(Receives(type=name, purpose="information") for name in hears),
            **LETTERS,
        ),
        a_partner("form", Role.SCHOOL, sends=("referral.received", "health.attendance")),
        a_partner(
            "hospital",
            Role.HEALTH,
            "mllp",
            sends=("health.attendance",),
            filtered=True,
            format={"kind": "hl7v2"},
        ),
        a_partner("night", Role.EDT, "inbox", sends=("edt.handover",)),
        a_partner("police", Role.POLICE, sends=("police.notification",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=tuple(Receives(type=n) for n in acts)),
        a_partner(
            "north",
            Role.ASSESSMENT_TEAM,
            agency="383",
            receives=(Receives(type="police.notification"), Receives(type="edt.handover")),
        ),
    ]


def said(type: str, body: Said, **more: Any) -> bytes:
    """A message as a system posts it."""
    told = body.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    whole = {"type": type, "reference": "R-1", "occurred_at": "2026-11-23T22:15:00Z", "body": told}
    return orjson.dumps(whole | more)


STORIES = {
    "contact": ("centre", said("contact.recorded", people.a_contact(3))),
    "contact in danger": ("centre", said("contact.recorded", people.a_contact(2, danger=True))),
    "contact passed on": (
        "centre",
        said(
            "contact.recorded",
            people.a_contact(0, outcome="NEW_REFERRAL", outcome_because="Bruises"),
        ),
    ),
    "referral": ("form", said("referral.received", people.a_referral(3))),
    "protected": (
        "form",
        said(
            "referral.received", people.a_referral(5), labels=["SAFE_ADDRESS", "POLICE_RESTRICTED"]
        ),
    ),
    "police": ("police", said("police.notification", people.a_police_notification(1))),
    "handover": ("night", said("edt.handover", people.a_handover(4))),
    "attendance": ("hospital", ADT.read_bytes()),
}


def planned(would: Would) -> dict[str, tuple[str, str, str, list[str]]]:
    """What matters of each delivery of a message and of what follows: id to receiver and rendering."""
    found = {}
    for copy in would.copies:
        state = {Verdict.DENY: "withheld", Verdict.REVIEW: "needs_person"}.get(copy.told.verdict)
        left_out = [one.path for one in copy.told.withheld]
        key = f"{would.said.message_id} {copy.partner.partner}"
        due = would.due.due_at.isoformat() if would.due else ""
        found[key] = (copy.planned.purpose.value, due, state or "planned", left_out)
    for follows in would.follows:
        found |= planned(follows)
    return found


def recorded(bench: Bench) -> dict[str, tuple[str, str, str, list[str]]]:
    """The same from the ledger."""
    found = {}
    sql = "select message_id, partner, purpose, due_at, state, withheld from delivery"
    for row in bench.all(sql):
        state = row.state if row.state in ("withheld", "needs_person") else "planned"
        due = ""
        if row.due_at:
            due = datetime.fromisoformat(row.due_at).replace(tzinfo=UTC).isoformat()
        left_out = [path for path, _, _ in orjson.loads(row.withheld)]
        found[f"{row.message_id} {row.partner}"] = (row.purpose, due, state, left_out)
    return found


def arrivals(bench: Bench, partner: Partner, body: bytes) -> list[Arrival]:
    """As edge would bring them, under this site's own keys."""

    class Everybody:
        def __contains__(self, whom: tuple[str, Subject], /) -> bool:
            return True

    speaks = make_format(partner.format)
    keys = bench.site.keys
    judge = Judge(Composer(partner, REGISTER, keys), speaks, Everybody())
    parcel = Parcel(partner.partner, partner.transport["kind"], body, speaks.media_type, NOW)
    return [
        of_record(
            wire.read(keys, out.topic, {n: v.encode() for n, v in out.headers.items()}, out.value)
        )
        for out in judge.made(parcel).outbounds
        if out.topic != topics.PARCELS
    ]


def tried(name: str, body: bytes, partners: list[Partner] | None = None) -> DryRun:
    directory = Directory(partners or site())
    settings = Settings()
    book = the_book(settings.rules_dir, settings.calendars_dir)
    return dry_run(directory, book, directory[name], body, NOW)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, site())) as found:
        yield found


@pytest.mark.parametrize("story", STORIES)
def test_a_dry_run_says_what_then_happens(story: str, bench: Bench) -> None:
    name, body = STORIES[story]
    for arrival in arrivals(bench, bench.site.directory[name], body):
        bench.record(arrival, at=NOW)
    found = tried(name, body)
    assert found.verdict.kind is Kind.OWNED
    said = {key: one for would in found.messages for key, one in planned(would).items()}
    assert said == recorded(bench)
    assert said, "a story that reaches nobody proves nothing"


@pytest.mark.parametrize("story", ["referral", "police", "handover"])
def test_what_is_written_is_what_edge_would_send(story: str, bench: Bench) -> None:
    name, body = STORIES[story]
    for arrival in arrivals(bench, bench.site.directory[name], body):
        bench.record(arrival, at=NOW)
    sent = {}
    for out in bench.out:
        if not out.topic.startswith("deliveries"):
            continue
        headers = {n: value.encode() for n, value in out.headers.items()}
        order = Order.of(wire.read(bench.site.keys, out.topic, headers, out.value))
        partner = bench.site.directory[out.headers["ce_partner"]]
        envelope, told = order.message()
        sent[order.reference] = make_format(partner.format).write(envelope, told, order.reference)
    assert sent
    for would in tried(name, body).messages:
        for copy in would.copies:
            assert copy.written is not None
            there = sent[copy.written.reference]
            assert _but_the_policy(copy.written.body) == _but_the_policy(there.body)


def _but_the_policy(body: bytes) -> dict[str, Any]:
    """Core adds the routing edition to its name."""
    found: dict[str, Any] = orjson.loads(body)
    return found | {"policy": str(found.get("policy")).partition(";")[0]}


def test_what_follows_is_told_and_goes_where_the_referrer_is_written_to() -> None:
    [would] = tried(*STORIES["contact passed on"]).messages
    [referral] = would.follows
    assert referral.said.type == "referral.received"
    [acknowledgement] = referral.follows
    assert acknowledgement.said.type == "referral.acknowledged"
    [letter] = acknowledgement.copies
    assert letter.written is not None
    assert letter.written.recipient == "safeguarding@millrace.example.org"


def test_a_refusal_names_the_place_in_the_partners_own_terms() -> None:
    wrong = ADT.read_bytes().replace(b"|A04", b"|A99").replace(b"^A04", b"^A99")
    found = tried("hospital", wrong)
    assert (found.verdict.kind, found.verdict.place, found.read) == (Kind.REFUSED, "MSH-9.2", False)
    assert found.verdict.reply
    assert b"MSA|AR|" in found.verdict.reply
    assert found.messages == ()


def test_what_nobody_can_read_is_kept_where_the_partner_asks_for_it() -> None:
    kept = [one.model_copy(update={"on_unreadable": "keep"}) for one in site()]
    found = tried("form", b"{", kept)
    assert (found.verdict.kind, found.read, found.messages) == (Kind.OWNED, False, ())


def test_a_type_that_is_not_theirs_is_refused_in_words() -> None:
    found = tried("form", STORIES["police"][1])
    assert "police.notification is not among what you may send here" in found.verdict.reason


def test_a_type_that_is_not_theirs_is_told_before_how_to_write_it() -> None:
    half = b'{"type": "police.notification", "reference": "P-1", "body": {}}'
    found = tried("form", half)
    assert found.verdict.reason.startswith("police.notification is not among what you may send")
    unheard = tried("form", half.replace(b"police", b"lunar"))
    assert unheard.verdict.place == "$.occurred_at"


def test_a_filtered_feed_drops_a_child_without_a_number() -> None:
    lines = ADT.read_bytes().split(b"\r")
    for at, line in enumerate(lines):
        if line.startswith(b"PID|"):
            fields = line.split(b"|")
            fields[3] = b""
            lines[at] = b"|".join(fields)
    found = tried("hospital", b"\r".join(lines))
    assert (found.verdict.kind, found.dropped, found.messages) == (Kind.NOT_OURS, 1, ())


def test_a_format_that_cannot_say_it_is_told_beforehand() -> None:
    paper = [
        one.model_copy(update={"format": {"kind": "hl7v2"}}) if one.partner == "team" else one
        for one in site()
    ]
    [would] = tried("form", STORIES["referral"][1], paper).messages
    [copy] = [one for one in would.copies if one.partner.partner == "team"]
    assert copy.written is None
    assert "has no HL7 v2 form here" in copy.unwritten


def test_immediate_ones_are_immediate() -> None:
    [would] = tried("centre", STORIES["contact in danger"][1]).messages
    assert would.said.envelope.priority is Priority.IMMEDIATE


def test_the_command_touches_nothing_and_shows_it_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(os.walk(tmp_path))
    settings = Settings(data=tmp_path / "hub", partners_dir=Path("deploy/partners/examples"))
    assert dry_run_command(settings, "exemplar-hospital", ADT) == 0
    shown = capsys.readouterr().out
    assert "It would be owned: 1 message" in shown
    assert "Assessment team north, case system" in shown
    assert "MSA|AA|14038913245354" in shown
    assert sorted(os.walk(tmp_path)) == before


def test_a_partners_bytes_are_shown_and_never_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal takes some for commands, and would hide what stands before them."""
    file = tmp_path / "odd.er7"
    file.write_bytes(ADT.read_bytes().replace(b"|KIOSK|", b"|K\x1b[2J|", 1))
    settings = Settings(partners_dir=Path("deploy/partners/examples"))
    dry_run_command(settings, "exemplar-hospital", file)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert r"K\x1b[2J" in shown


def test_rules_that_are_wrong_are_told_and_not_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(partners_dir=Path("deploy/partners/examples"), rules_dir=tmp_path)
    assert dry_run_command(settings, "exemplar-hospital", ADT) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        (
            "exemplar-hopital",
            ADT,
            "there is no partner `exemplar-hopital`: write `exemplar-hospital`",
        ),
        ("exemplar-hospital", Path("nothing.er7"), "nothing.er7 cannot be read: No such file"),
    ],
)
def test_the_command_says_what_to_mend(
    name: str, file: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(partners_dir=Path("deploy/partners/examples"))
    assert dry_run_command(settings, name, file) == 1
    assert words in capsys.readouterr().err
