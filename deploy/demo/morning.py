"""The next morning: people with names accept, decide, and whoever referred hears what was decided."""

import json
import sqlite3
from contextlib import closing

from deploy.demo.inbox import Person
from deploy.demo.people import SignIn
from deploy.demo.stage import Stage
from deploy.demo.teller import Teller

_HELD = (
    "select j.holder, j.custodian, j.state, m.message_id from journey j join message m"
    " on m.message_id = j.subject where j.machine = 'handover' and m.reference = :ref"
)


class Morning:
    """Twenty-five to nine, at the daytime team."""

    def __init__(self, stage: Stage, teller: Teller, worker: SignIn):
        self.stage = stage
        self.say = teller
        self.peers = stage.peers
        self.worker = worker

    async def play(self) -> None:
        """All scenes, in order."""
        self.say.chapter("The next morning")
        await self.web_inbox()
        await self.accept_referrals()
        await self.decide()
        await self.discharge()

    async def web_inbox(self) -> None:
        """A person of the daytime team accepts one handover; the other waits."""
        person = Person(self.stage.desk)
        try:
            signed_in = await person.sign_in(self.worker.email, self.worker.password)
            self.say.must("signed in at the desk", signed_in)
            page = await person.inbox()
            self.say.must("both wait in the inbox", "EDT-0311" in page and "EDT-0312" in page)
            message_id = str(self.say.ask(_HELD, ref="EDT-0311")[0][3])
            answer = await person.accept(message_id)
            await self.say.until(
                f"accepted by name: {answer[:200]}",
                lambda: self.say.ask(_HELD, ref="EDT-0311")[0][0] == self.worker.name,
            )
        finally:
            await person.leave()
        self.say.tell(
            "daytime team",
            f"{self.worker.name} signs in and accepts Fern's handover (EDT-0311)",
            "custody moves to a named person, in one transaction with the audit",
        )
        await self.say.until("EDT's own system is told", self._told_edt)
        self.say.tell(
            "EDT", "its own system hears who accepted Fern's handover",
            "the answer comes under EDT's own number, however it was given",
        )  # fmt: skip
        holder, custodian, state, _ = self.say.ask(_HELD, ref="EDT-0312")[0]
        self.say.must("Ellis waits", holder is None and custodian == "sender")
        self.say.tell(
            "daytime team", f"Ellis's (EDT-0312) is left waiting ({state})", "EDT holds it"
        )

    def _told_edt(self) -> bool:
        """Whether the books of EDT's own system name the one who accepted."""
        with closing(sqlite3.connect(self.stage.books("edt"))) as books:
            sql = "select body from received where kind = 'handover.response'"
            said = [json.loads(body)["body"] for (body,) in books.execute(sql)]
        books.close()
        return [(one["answers"], one["by"]["name"]) for one in said] == [
            ("EDT-0311", self.worker.name)
        ]

    async def accept_referrals(self) -> None:
        """The team's manager accepts what its system collected."""
        mine = ("referral.received", "police.notification", "health.attendance")
        given = [one for one in await self.peers["team"].do("given") if one["kind"] in mine]
        for one in given:
            await self.peers["team"].do(
                "answer", reference=one["reference"], who="Delphie Ashgrove", role="Team manager",
                at=self.stage.at,
            )  # fmt: skip
        held = (
            "select count(*) from journey j join message m on m.message_id = j.subject where"
            " j.machine = 'handover' and j.holder is not null and m.type in"
            " ('referral.received', 'police.notification', 'health.attendance')"
        )
        await self.say.until("all are held", lambda: self.say.one(held) == str(len(given)))
        self.say.tell(
            "assessment team", f"its manager accepts by name all {len(given)} referrals and notices of the night",
            "each answer names the delivery it is about",
        )  # fmt: skip

    async def decide(self) -> None:
        """Three decisions: two letters, and one that nobody can be sent."""
        given = await self.peers["team"].do("given", kind="referral.received")
        by_name = {one["given"]: one for one in given}
        anonymous = next(one for one in given if one["given"] not in ("Rowan", "Zoë", "Axel"))
        for one, referral, outcome, reason, step in (
            (by_name["Rowan"], "MARF-000291", "assessment",
             "Neglect over months; early help has not changed it.",
             "A social worker visits within four working days."),
            (by_name["Zoë"], "CC-104417", "early_help",
             "No harm found; the family asks for help.", "A family worker rings this week."),
            (anonymous, "CC-104431", "advice", "No child could be found at the address.",
             "Police made a welfare check."),
        ):  # fmt: skip
            told = await self.peers["team"].do(
                "decide", of=one["reference"], referral=referral, outcome=outcome, reason=reason,
                next=step, at=self.stage.at,
            )  # fmt: skip
            self.say.must(f"the decision is taken ({told['said']})", told["status"] == 202)
        notices = (
            "select count(*) from delivery where type = 'referrer.decision_feedback'"
            " and state = 'delivered'"
        )
        await self.say.until("two notices", lambda: self.say.one(notices) == "2")
        letters = await self.peers["letters"].do("given")
        notice = next(one for one in letters if "four working days" in one["text"])
        self.say.must("the letter says nothing of the reasons", "Neglect" not in notice["text"])
        self.say.tell(
            "assessment team", "decides on Rowan, Zoë and the anonymous referral",
            "referral → decided, with who decided and why",
        )  # fmt: skip
        self.say.tell(
            "letters", "the school hears both decisions, rendered for a referrer",
            "policy and what was withheld are recorded with each delivery",
        )  # fmt: skip
        exempt = "select count(*) from audit where entry like '%nobody can be told%'"
        await self.say.until("two exemptions", lambda: self.say.one(exempt) == "2")
        self.say.tell("hub", "the anonymous referrer gets no notice", "the record says why, twice")

    async def discharge(self) -> None:
        """Kit goes home, and the rest of the hospital goes on."""
        for number in range(20, 28):
            await self.peers["hospital"].do(
                "attend", control=f"M1{number:06d}", child=number, at=self.stage.at
            )
        await self.peers["hospital"].do(
            "attend", control="M2000000", child="kit", at=self.stage.at, visit="V88", trigger="A03"
        )
        there = (
            "select count(*) from delivery d join message m on m.message_id = d.message_id"
            " where m.reference = 'M2000000' and d.state = 'delivered'"
        )
        await self.say.until("the discharge", lambda: self.say.one(there) == "2")
        self.say.tell(
            "hospital", "8 more whom nobody watches; Kit is discharged (A03): team and EDT"
        )
