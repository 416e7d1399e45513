"""Bytes that nobody could read are read as a person corrected them, by the door's own rules, and both are kept."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.clock import now
from hub.core.acts.effect import record_act
from hub.core.due import fall_due
from hub.core.watch import add
from hub.directory import partner_files
from hub.ids import fresh
from hub.ledger.audit import verify
from hub.ledger.content import open_parcel
from hub.ledger.reconcile import reconcile
from hub.partners import Receives, Role
from hub.wire import Record
from tests.kit import people
from tests.kit.deeds import act, incidents
from tests.kit.site import Bench, a_partner
from tests.kit.unreadable import csv, hl7, kept

WHY = "They meant the 30th, says the agent"
NUMBER = people.nhs(3)


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    known = {one.partner: one for one in partner_files.load(Path("deploy/partners/examples"))}
    takes = tuple(Receives(type=name) for name in ("contact.recorded", "health.attendance"))
    made = Bench(
        ledger_url,
        tmp_path,
        [
            known["contact-centre"],
            known["exemplar-hospital"],
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes),
        ],
    )
    yield made
    made.engine.dispose()


def mended(bench: Bench, name: str, text: str, **more: object) -> tuple[str, str]:
    facts: dict[str, object] = {"role": "duty_manager", "reason": WHY, "text": text}
    return act(bench, "parcel.repaired", name, **facts | more)  # type: ignore[arg-type]


def as_form(body: bytes, codec: str = "cp1252") -> str:
    """As a browser posts it."""
    return body.decode(codec).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_it_is_read_and_sent_on_and_what_came_stands_beside_it(bench: Bench) -> None:
    name = kept(bench, "contact-centre", csv(), "line 3 column Date")
    assert mended(bench, name, as_form(csv("30/11/2026"))) == (
        "done",
        "read, and sent on its way: 2 messages",
    )
    [old] = bench.all("select * from parcel where parcel_id = :id", id=name)
    [new] = bench.all("select * from parcel where corrects = :id", id=name)
    assert (old.state, new.state) == ("closed", "accepted")
    assert WHY in old.closed_why and "Aisling Example, duty manager" in old.closed_why
    keys = bench.site.keys
    assert open_parcel(keys, name, old.sealed) == csv()
    assert open_parcel(keys, new.parcel_id, new.sealed) == csv("30/11/2026")
    sent = bench.all("select * from message order by reference")
    assert [one.reference for one in sent] == ["CC-10441", "CC-10442"]
    assert {one.parcel_id for one in sent} == {new.parcel_id}
    assert {order["body"]["reference"] for order in bench.orders()} == {"CC-10441", "CC-10442"}
    assert "unreadable" not in incidents(bench)
    with bench.engine.connect() as conn:
        found = reconcile(conn)
        assert found.balanced
        assert found.sources[0].repaired == 2
        assert list(verify(conn)) == []
    assert mended(bench, name, as_form(csv("29/11/2026")))[0] == "refused", "once"
    later = now() + timedelta(days=15)
    bench.do(fall_due, later)
    assert bench.all("select count(*) as n from parcel where sealed is not null")[0].n == 0


def test_its_sender_may_send_the_same_and_it_has_one_effect(bench: Bench) -> None:
    one, other = (kept(bench, "contact-centre", csv(), "line 3") for _ in range(2))
    for name in (one, other):
        assert mended(bench, name, as_form(csv("30/11/2026")))[0] == "done"
    assert bench.all("select count(*) as n from message")[0].n == 2
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        (as_form(csv("32/11/2026")), {}, "line 3 column Date: "),
        (as_form(csv()), {}, "nothing in it is different"),
        ("", {}, "line 1: the columns"),
        (as_form(csv("30/11/2026")) + "☃", {}, "line 4: the character ☃ is not in windows-1252"),
        (as_form(csv("30/11/2026")), {"role": "operations"}, "one who may read it"),
        (as_form(csv("30/11/2026")), {"reason": " "}, "a reason is needed"),
    ],
)
def test_what_the_door_would_refuse_is_refused_in_its_words_and_nothing_moves(
    bench: Bench, text: str, more: dict[str, object], why: str
) -> None:
    name = kept(bench, "contact-centre", csv(), "line 3 column Date")
    said, answer = mended(bench, name, text, **more)
    assert said == "refused" and why in answer, answer
    [still] = bench.all("select state, sealed from parcel")
    assert still.state == "unreadable" and still.sealed is not None
    assert bench.all("select count(*) as n from message")[0].n == 0


def test_it_goes_only_where_who_corrects_it_has_a_role(bench: Bench) -> None:
    name = kept(bench, "contact-centre", csv(), "line 3 column Date")
    who = {"person_id": "p", "name": "B. Faraday", "role": "duty_manager", "authorities": ["999"]}
    meta = {"subject": name, "who": who, "version": 0, "reason": WHY}
    body = {"text": as_form(csv("30/11/2026")), "reason": WHY}
    record = Record("parcel.repaired", fresh(), meta | {"body": body})
    bench.do(lambda work: record_act(work, record))
    [row] = bench.all("select outcome, answer from act where act_id = :id", id=record.id)
    assert (row.outcome, row.answer) == (
        "refused",
        "it is for authority 383, in which you have no role",
    )


@pytest.mark.parametrize("watched", [True, False])
def test_of_a_filtered_feed_only_who_is_watched_is_kept(bench: Bench, watched: bool) -> None:
    hospital = bench.site.directory["exemplar-hospital"]
    if watched:
        bench.do(lambda work: add(work, hospital, NUMBER, "a case"))
    name = kept(bench, "exemplar-hospital", hl7(NUMBER), "PID-7", media_type="x-application/hl7")
    said, answer = mended(bench, name, as_form(hl7(NUMBER, "20150630"), "latin-1"))
    assert said == "done", answer
    [old] = bench.all("select state, sealed from parcel where parcel_id = :id", id=name)
    assert old.state == "closed" and (old.sealed is not None) is watched
    assert bench.all("select count(*) as n from message")[0].n == int(watched)
    if watched:
        [new] = bench.all("select * from parcel where corrects = :id", id=name)
        assert open_parcel(bench.site.keys, new.parcel_id, new.sealed) == hl7(NUMBER, "20150630")
