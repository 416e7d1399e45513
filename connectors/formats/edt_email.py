"""A daytime worker reads at 08:30 what the night leaves to do, most urgent first, before anything else."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.base import Outgoing, Refused
from connectors.formats.letter import Letter, clock, day, labelled, person, said, worker
from connectors.formats.quiet import Quiet
from connectors.formats.said import moment, value
from schemas.census import Disability, Ethnicity, Sex
from schemas.codes import AddressKind, LegalBasis, Reason, Relation, RiskLevel, VisitMode
from schemas.envelope import Envelope

_NO_LIMIT = datetime.max.replace(tzinfo=UTC)


class EdtEmail(Quiet):
    """`edt.handover` as a plain-text e-mail; the subject carries our reference and nothing else."""

    name: ClassVar[str] = "edt-email"

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """Raises `Refused` for any other type."""
        if envelope.type != "edt.handover":
            raise Refused(f"{envelope.type} is no handover: give the partner another format")
        by = body.get("accept_by")
        if by is None and envelope.deadline is not None:
            by = envelope.deadline.due_at.isoformat()
        letter = Letter()
        letter.line(
            envelope.marking,
            f"Handover from the Emergency Duty Team, {body.get('handover') or reference}",
            f"Reference: {reference}",
            f"Answers: {envelope.answers}" if envelope.answers else None,
        )
        letter.line(
            f"Risk: {said(body.get('risk'), RiskLevel)}" if body.get("risk") else None,
            f"Please accept by {clock(by)}." if by else None,
            "Until a named person accepts, the Emergency Duty Team still holds this.",
        )
        _to_do(letter, body)
        letter.section("Must not be told", said(body.get("must_not_be_told")))
        letter.section("Hazards for the next worker", said(body.get("hazards")))
        _child(letter, body.get("child") or {})
        letter.section("Household", *_household(body.get("household") or {}))
        letter.section("Already open", *_open_case(body))
        letter.section("Concern", said(body.get("concern")))
        letter.section("What was done", said(body.get("done")), *_visits(body.get("visits")))
        letter.section("Who was told", *_told(body))
        letter.section("Decisions", *(_decided(item) for item in body.get("decisions") or ()))
        letter.section("Medical", said(body.get("medical")))
        letter.section("Not checked", *(f"- {item}" for item in body.get("not_checked") or ()))
        letter.section("Contact and references", *_references(body))
        return Outgoing(
            reference,
            letter.text.encode(),
            self.media_type,
            subject_line=f"EDT handover {reference}",
        )


def _to_do(letter: Letter, body: Mapping[str, Any]) -> None:
    actions = sorted(
        body.get("outstanding") or (), key=lambda item: moment(item.get("by")) or _NO_LIMIT
    )
    lines = []
    for number, action in enumerate(actions, start=1):
        by = f"By {clock(action['by'])} at the latest: " if action.get("by") else ""
        lines.append(f"{number}. {by}{action.get('what') or 'see the record'}")
        lines += [f"   {line}" for line in labelled(
            [("Who", worker(action.get("who"))), ("If it fails", said(action.get("if_it_fails")))]
        )]  # fmt: skip
    if body.get("nothing_outstanding"):
        lines.append("Nothing is outstanding.")
    letter.section("To do, most urgent first", *lines)
    legal = body.get("legal") or {}
    if legal.get("basis") not in (None, "none"):
        letter.section(
            "Legal status",
            said(legal["basis"], LegalBasis),
            *labelled([
                ("Started", clock(legal.get("started_at"))),
                ("Ends", clock(legal.get("expires_at"))),
                ("Note", said(legal.get("note"))),
            ]),
        )  # fmt: skip
    letter.section("Recommended next step", said(body.get("recommended")))


def _child(letter: Letter, child: Mapping[str, Any]) -> None:
    address, number = value(child.get("address")), value(child.get("nhs_number"))
    where, kind = "", ""
    if address:
        where = ", ".join(address.get("lines") or ())
        postcode = address.get("postcode") or ""
        where = where if postcode in where else f"{where}, {postcode}".strip(", ")
        kind = said(address.get("kind"), AddressKind) if address.get("kind") != "home" else ""
    letter.section(
        "Child",
        *labelled([
            ("Name", person(child.get("name"))),
            ("Born", day(child.get("born"))),
            ("Expected", day(child.get("expected"))),
            ("Age as told", said(child.get("age_given"))),
            ("Sex", said(child.get("sex"), Sex)),
            ("NHS number", number["number"] if number else ""),
            ("Address", where or said(child.get("address")) * (not address)),
            ("Kind of address", kind),
            ("School", (value(child.get("school")) or {}).get("name") or ""),
            ("Ethnicity", said(child.get("ethnicity"), Ethnicity)),
            ("Religion", said(child.get("religion"))),
            ("First language", said(child.get("first_language"))),
            ("Interpreter needed", said(child.get("interpreter_needed"))),
            ("Interpreter's language", said(child.get("interpreter_language"))),
            ("Disability", said(child.get("disabilities"), Disability)),
            ("Communication needs", said(child.get("communication_needs"))),
        ]),
    )  # fmt: skip


def _household(household: Mapping[str, Any]) -> list[str]:
    lines = []
    for who in (*(household.get("children") or ()), *(household.get("adults") or ())):
        relation = said(who.get("relation"), Relation)
        facts = [
            person(who.get("name")),
            relation,
            f"born {day(who['born'])}" if who.get("born") else "",
        ]
        lines.append(", ".join(fact for fact in facts if fact and fact != "Not known"))
        if unsafe := who.get("unsafe_to_contact"):
            lines.append(f"   Do not contact: {unsafe}")
    return [*lines, *labelled([("Others", said(household.get("others_known")))])]


def _open_case(body: Mapping[str, Any]) -> list[str]:
    case = body.get("open_case") or {}
    return labelled([
        ("Open case", said(body.get("already_open"))),
        ("Team", said(case.get("team"))),
        ("Worker", worker(case.get("worker"))),
        ("Their number", said(case.get("number"))),
    ])  # fmt: skip


def _visits(visits: Any) -> list[str]:
    lines = []
    for visit in visits or ():
        seeing = visit.get("seeing") or {}
        by = "; ".join(worker(who) for who in visit.get("by") or ())
        lines.append(f"Visit at {clock(visit['at'])}:" if visit.get("at") else "Visit:")
        lines += [f"   {line}" for line in labelled([
            ("By", by),
            ("Made by", said(visit.get("mode"), VisitMode) if visit.get("mode") else ""),
            ("Child seen", said(seeing.get("seen"))),
            ("Seen alone", said(seeing.get("seen_alone"))),
            ("Reason", said(seeing.get("reason"), Reason) if seeing.get("reason") else ""),
            ("Plan", said(seeing.get("plan"))),
            ("Child slept", said(visit.get("child_slept"))),
            ("Who was there", said(visit.get("who_was_there"))),
            ("Found", said(visit.get("found"))),
        ])]  # fmt: skip
    return lines


def _told(body: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{worker(item.get('whom'))} at {clock(item.get('at'))}: {item['what']}"
        for item in body.get("told") or ()
        if item.get("what") and item.get("whom")
    ]
    return lines + labelled([
        ("Family", said(body.get("family_told"))),
        ("Child", said(body.get("child_told"))),
        ("Referrer", said(body.get("referrer_told"))),
    ])  # fmt: skip


def _decided(item: Mapping[str, Any]) -> str:
    authorised = worker(item.get("authorised_by"))
    by = f" (authorised by {authorised})" if authorised else ""
    return f"{clock(item.get('at'))}: {item['what']}{by}" if item.get("what") else ""


def _references(body: Mapping[str, Any]) -> list[str]:
    shift = body.get("shift") or {}
    return labelled([
        ("Contact was at", clock(body.get("contacted_at"))),
        ("Worker of the shift", worker(shift.get("worker"))),
        ("On-call manager", worker(shift.get("on_call_manager"))),
        ("Police reference", said(body.get("police_reference"))),
        ("Hospital reference", said(body.get("hospital_reference"))),
    ])  # fmt: skip
