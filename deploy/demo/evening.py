"""The evening: concerns come in by every way there is, and each is owned, routed, or refused with its reason."""

import asyncio
from datetime import timedelta
from functools import partial

from deploy.demo.stage import Stage
from deploy.demo.teller import NotSo, Teller

KIT_INCIDENT = "EXP-20261123-0042"
_MESSAGE = "select count(*) from message where type = :type and reference = :ref"
_DELIVERED = (
    "select count(*) from delivery d join message m on m.message_id = d.message_id"
    " where m.reference = :ref and d.partner = :partner and d.state = 'delivered'"
)


class Evening:
    """Half past eight until the night."""

    def __init__(self, stage: Stage, teller: Teller):
        self.stage = stage
        self.say = teller
        self.peers = stage.peers

    async def play(self) -> None:
        """All scenes, in order."""
        self.say.chapter("The evening")
        await self.contact_centre()
        await self.school()
        await self.hospital_before()
        await self.police_notice()
        await self.hospital_after()
        await self.conflict()
        await self.unreadable()
        await self.strategy()
        await self.away_and_back()
        await self.handovers()

    def _delivered(self, reference: str, partner: str) -> bool:
        return self.say.one(_DELIVERED, ref=reference, partner=partner) not in ("", "0")

    async def contact_centre(self) -> None:
        """An export of two calls: one about two children, one anonymous."""
        rows = [
            {
                "call": "CC-104417",
                "child": "zoe",
                "note": "Said “I don’t want to go home” – bruise",
            },
            {"call": "CC-104417", "child": "axel", "note": "Quiet, would not take his coat off."},
            {"call": "CC-104431", "anonymous": True},
        ]
        done = await self.peers["contact-centre"].do(
            "export", file="evening.csv", rows=rows, at=self.stage.at
        )
        self.say.must("the export was taken", done["taken"])
        self.say.tell(
            "contact centre",
            "leaves an export in Windows-1252: a call about Zoë and Axel, and an anonymous one",
        )
        count = "select count(*) from message where type = 'contact.recorded'"
        await self.say.until("three contacts", lambda: self.say.one(count) == "3")
        self.say.tell(
            "hub", "reads three contacts", "one message, one child; ë and – arrived whole"
        )
        letters = (
            "select count(*) from delivery where type = 'referral.acknowledged'"
            " and partner = 'millrace-school' and state = 'delivered'"
        )
        await self.say.until("letters for both", lambda: self.say.one(letters) == "2")
        self.say.tell("letters", "the school has a receipt for each child", "R: acknowledged")
        why = "select entry from audit where entry like '%nobody can be told%'"
        await self.say.until("the exemption is recorded", lambda: self.say.ask(why))
        self.say.tell(
            "hub", "the anonymous caller gets no letter", "the case's audit chain says why"
        )

    async def school(self) -> None:
        """A professional's referral by form."""
        told = await self.peers["form"].do(
            "send",
            kind="referral.received",
            reference="MARF-000291",
            child="rowan",
            at=self.stage.at,
        )
        self.say.must(f"the referral is taken ({told['said']})", told["status"] == 202)
        self.say.tell("school", "refers Rowan by form: MARF-000291", "202 only once Kafka has it")
        seconds = await self.say.until(
            "the team collected it", lambda: self._delivered("MARF-000291", "assessment-north")
        )
        own = (await self.filed("referral.received", "Rowan"))[0]["number"]
        self.say.tell(
            "assessment team",
            f"its case system collected it as {own} ({seconds:.1f} s)",
            "collected is received, not accepted: the sender still holds it",
        )
        await self.say.until(
            "the acknowledgement", lambda: len(self._letters("referral.acknowledged")) == 3
        )
        self.say.tell(
            "letters", "the school is acknowledged by letter, reference only in the subject"
        )

    def _letters(self, kind: str) -> list[tuple[object, ...]]:
        return self.say.ask(
            "select reference from delivery where type = :t and state = 'delivered'", t=kind
        )

    async def hospital_before(self) -> None:
        """A dozen people whom nobody watches."""
        for number in range(12):
            control = f"E1{number:06d}"
            told = await self.peers["hospital"].do(
                "attend", control=control, child=number, at=self.stage.at
            )
            self.say.must("acknowledged", told["answer"] == "AA")
        dropped = "select coalesce(sum(not_ours), 0) from tally where partner = 'exemplar-hospital'"
        await self.say.until("counted", lambda: self.say.one(dropped) == "12")
        kept = "select count(*) from message where partner = 'exemplar-hospital'"
        self.say.must("none is kept", self.say.one(kept) == "0")
        self.say.tell(
            "hospital",
            "12 attendances over MLLP, none of a watched child: AA for each",
            "acknowledged, counted, dropped: not one is stored",
        )

    async def police_notice(self) -> None:
        """A notification about Kit, whom the hub watches from now on."""
        told = await self.peers["police"].do(
            "send",
            kind="police.notification",
            reference=KIT_INCIDENT,
            child="kit",
            at=self.stage.at,
        )
        self.say.must(f"the notification is taken ({told['said']})", told["status"] == 202)
        await self.say.until(
            "the team has it", lambda: self._delivered(KIT_INCIDENT, "assessment-north")
        )
        await self.say.until("EDT has it", lambda: self._delivered(KIT_INCIDENT, "edt"))
        self.say.tell(
            "police",
            "a notification about Kit, amber: with the team and with EDT",
            "urgent by its grade; Kit is watched at the hospital from now on",
        )

    async def hospital_after(self) -> None:
        """Kit attends; the message comes twice."""
        heard = "select count(*) from message where partner = 'exemplar-hospital'"
        control = ""
        for attempt in range(20):
            control = f"E2{attempt:06d}"
            await self.peers["hospital"].do(
                "attend", control=control, child="kit", at=self.stage.at, visit="V88"
            )
            try:
                await self.say.until("kept", lambda: self.say.one(heard) == "1", 1.0)
                break
            except NotSo:
                continue
        await self.say.until("EDT", lambda: self._delivered(control, "edt"))
        await self.say.until("team", lambda: self._delivered(control, "assessment-north"))
        self.say.tell(
            "hospital",
            "Kit is in the emergency department",
            "kept, and with the team and EDT at once",
        )
        again = await self.peers["hospital"].do(
            "attend", control=control, child="kit", at=self.stage.at, visit="V88"
        )
        self.say.must("acknowledged again", again["answer"] == "AA")
        repeats = (
            "select count(*) from repeat r join message m on m.message_id = r.message_id"
            " where m.reference = :ref"
        )
        await self.say.until("noted", lambda: self.say.one(repeats, ref=control) == "1")
        self.say.must("one effect", self.say.one(heard) == "1")
        self.say.tell(
            "hospital",
            f"sends the same again (MSH-10 {control}): AA",
            "a repeat, noted: one effect",
        )
        await self.peers["hospital"].do(
            "attend", control="E3000000", child="kit", at=self.stage.at, visit="V88", trigger="A01"
        )
        await self.say.until("admitted", lambda: self._delivered("E3000000", "assessment-north"))
        self.say.tell(
            "hospital", "admits Kit (A01)", "in order after the attendance, one lane a case"
        )

    async def conflict(self) -> None:
        """The same reference with other content."""
        told = await self.peers["police"].do(
            "send",
            kind="police.notification",
            reference=KIT_INCIDENT,
            child="kit",
            risk="high",
            at=self.stage.at,
        )
        self.say.must("acknowledged: both are held", told["status"] == 202)
        seen = "select count(*) from incident where kind = 'conflict' and closed_at is null"
        await self.say.until("the conflict is shown", lambda: self.say.one(seen) == "1")
        self.say.tell(
            "police",
            f"{KIT_INCIDENT} again with other content: now red",
            "a conflict: both are kept, the second flows marked, a person sees it",
        )

    async def unreadable(self) -> None:
        """A file nobody can read, and the corrected one."""
        row = {"call": "CC-104502", "child": "axel", "note": "Brother of Zoë", "born": "31/02/2019"}
        await self.peers["contact-centre"].do(
            "export", file="late.csv", rows=[row], at=self.stage.at
        )
        sql = "select place, reason from parcel where state = 'unreadable'"
        await self.say.until("the parcel is kept", lambda: self.say.ask(sql))
        place, reason = self.say.ask(sql)[0]
        self.say.tell(
            "contact centre",
            f"a file that cannot be read: {place}: {reason}",
            "quarantined whole, with line and column; nothing of it is guessed",
        )
        row.pop("born")
        await self.peers["contact-centre"].do(
            "export", file="late.csv", rows=[row], at=self.stage.at
        )
        await self.say.until("it closes", lambda: not self.say.ask(sql))
        self.say.tell(
            "contact centre", "sends it corrected", "the quarantine entry closes by itself"
        )

    async def strategy(self) -> None:
        """Police ask, social care accepts."""
        await self.peers["police"].do(
            "send", kind="strategy.requested", reference="SR-0007", child="kit", at=self.stage.at
        )
        await self.say.until("team", lambda: self._delivered("SR-0007", "assessment-north"))
        await self.team_accepts("strategy.requested")
        state = "select count(*) from journey where machine = 'strategy' and state = 'convening'"
        await self.say.until("convening", lambda: self.say.one(state) == "1")
        self.say.tell(
            "police",
            "ask for a strategy discussion about Kit; the team's manager accepts by name",
            "requested → convening; custody is the team's from here",
        )

    async def filed(self, kind: str, given: str = "") -> list[dict[str, str]]:
        """What the team has filed of a kind: a moment after the ledger has its receipt."""
        async with asyncio.timeout(20):
            while True:
                found = await self.peers["team"].do("given", kind=kind)
                if found := [one for one in found if given in ("", one["given"])]:
                    return found
                await asyncio.sleep(0.1)

    async def team_accepts(self, kind: str) -> None:
        """The team's manager accepts what it holds of a kind."""
        waiting = await self.filed(kind)
        for one in waiting:
            told = await self.peers["team"].do(
                "answer",
                reference=one["reference"],
                who="Delphie Ashgrove",
                role="Team manager",
                at=self.stage.at,
            )
            self.say.must(f"the answer is taken ({told['said']})", told["status"] == 202)

    async def away_and_back(self) -> None:
        """The record of the discussion waits while police are away."""
        await self.peers["police"].do("down")
        self.say.tell("police", "their system is away from now on")
        for number in (1, 2):
            await self.peers["team"].do(
                "record", reference=f"SD-000{number}", of="SR-0007", number=number, child="kit",
                at=self.stage.at,
            )  # fmt: skip
            ref = f"SD-000{number}"
            own = partial(self._delivered, ref, "assessment-north")
            await self.say.until("the team's own copy", own)
        self.say.tell(
            "assessment team",
            "records the discussion, and a second one; its own copies are there at once",
            "a partner that is away holds up its own lane and nobody else's",
        )
        sheet = "select count(*) from delivery where transport = 'call' and beside is not null"
        await self.say.until("a call sheet", lambda: self.say.one(sheet) != "0")
        self.say.tell(
            "hub", "police's patience is over: a call sheet opens", "due before the next try: ring"
        )
        opened = await self._told(1)
        self.say.must(
            "operations read who, why and what to do",
            "Exemplar Police, public protection does not answer" in opened["text"]
            and "WHAT TO DO" in opened["text"],
        )
        self.say.tell(
            "operations", f"have an e-mail: {opened['subject']}", "one thing wrong is told once"
        )
        await self.peers["police"].do("up")
        for ref in ("SD-0001", "SD-0002"):
            there = partial(self._delivered, ref, "exemplar-police")
            await self.say.until("delivered after all", there)
        records = await self.peers["police"].do("given", kind="strategy.record")
        order = [one["body"]["reference"] for one in records]
        self.say.must(f"in order, once each: {order}", order == ["SD-0001", "SD-0002"])
        self.say.tell(
            "police", f"are back: {' then '.join(order)}", "in the lane's order, once each"
        )
        over = await self._told(2)
        self.say.must("it names the same incident", over["subject"][-8:] == opened["subject"][-8:])
        self.say.tell("operations", f"have another: {over['subject']}", "and once when it is over")
        self._columns(records[0]["body"])
        for number, one in enumerate(records, 1):
            await self.peers["police"].do(
                "answer", reference=one["reference"], own=f"PPU-{number}", at=self.stage.at,
                who="Orla Penhaligon", role="Detective sergeant",
            )  # fmt: skip
        await self.team_accepts("strategy.record")
        sql = (
            "select count(*) from journey j join message m on m.message_id = j.subject"
            " where j.machine = 'handover' and m.type = 'strategy.record'"
            " and j.state not in ('accepted', 'in_progress')"
        )
        await self.say.until("both accept", lambda: self.say.one(sql) == "0")
        self.say.tell(
            "both", "police and social care each accept the record by a named person",
            "each agency accepts for itself; one's word is not the other's",
        )  # fmt: skip

    async def _told(self, count: int) -> dict[str, str]:
        """The last of so many e-mails that operations have by now."""
        sql = (
            "select count(*) from delivery where partner = 'operations-mail'"
            " and state = 'delivered' and type like 'incident.%'"
        )
        await self.say.until("operations are told", lambda: self.say.one(sql) == str(count))
        letters: list[dict[str, str]] = await self.peers["operations"].do("given")
        self.say.must(f"{len(letters)} e-mails, and no other", len(letters) == count)
        return letters[-1]

    def _columns(self, police: dict[str, object]) -> None:
        rows = self.say.ask(
            "select d.partner, d.policy, d.withheld from delivery d join message m"
            " on m.message_id = d.message_id where m.reference = 'SD-0001' and d.transport != 'call'"
        )
        for partner, policy, withheld in rows:
            count = str(withheld).count("[") - 1
            what = f"{count} places withheld" if count > 0 else "nothing withheld"
            self.say.tell(str(partner), f"its own column of the record: {what}", str(policy))
        self.say.must("police read their own intelligence", police.get("police_information"))

    async def handovers(self) -> None:
        """EDT hands two children over."""
        by = self.stage.now().replace(microsecond=0)
        accept_by = (by + timedelta(hours=13)).isoformat()
        for child, ref in (("fern", "EDT-0311"), ("ellis", "EDT-0312")):
            told = await self.peers["edt"].do(
                "send", kind="edt.handover", reference=ref, child=child, at=self.stage.at,
                accept_by=accept_by,
            )  # fmt: skip
            self.say.must(f"the handover is taken ({told['said']})", told["status"] == 202)
        waiting = (
            "select count(*) from journey j join message m on m.message_id = j.subject where"
            " j.machine = 'handover' and m.type = 'edt.handover' and j.custodian = 'sender'"
        )
        await self.say.until("both wait", lambda: self.say.one(waiting) == "2")
        self.say.tell(
            "EDT", "hands Fern and Ellis over to the daytime team's web inbox",
            "EDT holds both until a named person accepts",
        )  # fmt: skip
