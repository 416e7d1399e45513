"""What each agency says is put in its own words here, as the JSON that the published schemas describe."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.peers.children import identity

Body = dict[str, Any]


def later(at: str, **span: float) -> str:
    """The instant so much later, or earlier."""
    return (datetime.fromisoformat(at) + timedelta(**span)).isoformat()


def worker(name: str, role: str, agency: str, **more: str) -> Body:
    """Somebody who acts in a role."""
    return {"name": name, "role": role, "agency": agency, **more}


TEAM = "Exemplar Council, assessment north"
FORCE = "Exemplar Police"
EDT = "Emergency Duty Team"
SERGEANT = worker("Orla Penhaligon", "Detective sergeant", FORCE, number="DS 4471")
MANAGER = worker("Delphie Ashgrove", "Team manager", TEAM)
NIGHT = worker("Garrick Thistlewood", "EDT social worker", EDT)
ON_CALL = worker("Hesper Marrowby", "EDT on-call manager", EDT)
SCHOOL = {
    "kind": "professional",
    "source": {"code": "2A"},
    "name": {"value": {"given": "Odette", "family": "Furnival"}},
    "role": "Designated safeguarding lead",
    "agency": "Millrace Primary School",
    "phone": "0113 496 0101",
    "email": "safeguarding@millrace.example.org",
}


def referral(order: Body) -> Body:
    """A school's referral form."""
    return {
        "reference": order["reference"],
        "received_at": order["at"],
        "referrer": SCHOOL,
        "child": identity(order["child"]),
        "reason": "Three weeks of neglect that support in school has not changed.",
        "concern": {
            "what": "Came to school twice without coat or breakfast; said home was loud at night.",
            "harm": [{"code": "NEG"}],
            "working_well": {"value": "Attends every day; aunt helps"},
            "immediate_danger": {"value": False},
        },
        "child_view": {"value": "“I like school because it is warm.”"},
        "knowledge": {"parents_aware": {"value": True}},
        "threshold": {"level": "4", "document": "Right Conversations", "version": "2026"},
        "seeing": {"seen": True, "seen_alone": True, "where": "School"},
    }


def notification(order: Body) -> Body:
    """A public protection notice after a domestic abuse incident."""
    return {
        "incident": order["reference"],
        "force": "13",
        "officer": worker("Juniper Holt", "Constable", FORCE, number="PC 9042"),
        "attended_at": later(order["at"], minutes=-40),
        "submitted_at": order["at"],
        "incident_type": "Domestic abuse",
        "domestic_abuse": {"value": True},
        "risk": order.get("risk", "medium"),
        "risk_because": "Second incident in a month",
        "child": identity(order["child"]),
        "perceived": ["present", "heard"],
        "seeing": {
            "seen": True,
            "seen_alone": False,
            "reason": "asleep",
            "plan": "School is asked to see the child",
        },
        "what_happened": "Shouting and a broken door; victim had a cut hand.",
        "intelligence": [{"agency": FORCE, "text": "A relative fears reprisal for reporting it."}],
        "handling": {"may_share_with": ["assessment_team", "edt", "health"]},
    }


def request(order: Body) -> Body:
    """The police ask for a strategy discussion."""
    return {
        "reference": order["reference"],
        "requested_by": SERGEANT,
        "requested_at": order["at"],
        "child": identity(order["child"]),
        "concern": "Bruise on the upper arm with two accounts of how it came.",
        "harm": [{"code": "PHY"}],
        "urgency": "urgent",
        "why": "Two accounts that do not fit each other",
        "proposed_kind": "phone",
        "out_of_hours": True,
        "wanted": ["assessment_team", "police"],
    }


def strategy_record(order: Body) -> Body:
    """The chair's record of that discussion; what police told is under police's handling."""
    at = order["at"]
    people = (MANAGER, SERGEANT)
    return {
        "reference": order["reference"],
        "request_reference": order["of"],
        "number": order.get("number", 1),
        "child": identity(order["child"]),
        "kind": "phone",
        "held": {"start": later(at, minutes=-35), "end": later(at, minutes=-5)},
        "out_of_hours": True,
        "chair": MANAGER,
        "chair_grade": "Team manager",
        "participants": [
            {"worker": one, "attendance": "attended", "may_decide": {"value": True}}
            for one in people
        ],
        "quorum": {"met": True},
        "concern": "Bruise on the upper arm with two accounts of how it came.",
        "harm": [{"code": "PHY"}],
        "information": [
            {
                "agency": "Exemplar Hospitals",
                "text": "Seen in the emergency department this evening.",
                "handling": {"may_share_with": ["assessment_team", "police"]},
            }
        ],
        "police_information": [
            {"agency": FORCE, "text": "A visitor to the home is under investigation."}
        ],
        "analysis": "Injury without a plausible account; the visitor still comes.",
        "decision": {
            "threshold_met": True,
            "decision": "s47_joint",
            "reason": "Injury with an implausible account",
            "clause": "JV-3: injury with implausible account is joint",
            "rule_result": "JOINT_REQUIRED",
        },
        "investigation": {"order_of_visits": "School first, then home, together"},
        "actions": [{"what": "See the child at school", "who": MANAGER, "by": later(at, hours=13)}],
        "procedure_edition": "FDH-2026",
        "written_by": MANAGER,
        "circulated_at": at,
    }


def handover(order: Body) -> Body:
    """A job of the night, for the daytime team."""
    at = order["at"]
    return {
        "handover": order["reference"],
        "shift": {
            "period": {"start": later(at, hours=-3), "end": later(at, hours=12)},
            "worker": NIGHT,
            "on_call_manager": ON_CALL,
        },
        "child": identity(order["child"]),
        "referrer": {"kind": "professional", "role": "Ward sister", "agency": "Exemplar Hospitals"},
        "contacted_at": later(at, minutes=-50),
        "concern": "Found outside after dark; said there was nobody at home.",
        "risk": order.get("risk", "high"),
        "done": "Visited with police, child taken to aunt by agreement.",
        "visits": [
            {
                "at": later(at, minutes=-30),
                "by": [NIGHT],
                "mode": "joint",
                "seeing": {
                    "seen": True,
                    "seen_alone": False,
                    "reason": "asleep",
                    "plan": "The daytime team sees the child alone at school",
                },
                "child_slept": {"value": "At the aunt's"},
            }
        ],
        "decisions": [{"what": "Stays with aunt tonight", "at": at, "authorised_by": ON_CALL}],
        "legal": {"basis": "s20"},
        "outstanding": [
            {
                "what": "See the child alone and check the home",
                "who": {"role": "Duty social worker", "team": "daytime-duty"},
                "by": later(at, hours=16),
            }
        ],
        "family_told": {"value": "That somebody visits in the morning"},
        "hazards": {"value": "Dog in the yard"},
        "not_checked": ["School attendance", "GP record"],
        "recommended": "See the child at school before noon",
        "accept_by": order["accept_by"],
    }


def decision(order: Body, referral: Body, number: str) -> Body:
    """The manager's decision on a referral, in the case system's own number."""
    below = order["outcome"] in ("nfa", "advice", "early_help")
    body = {
        "reference": f"{number}-{order['outcome']}",
        "referral_reference": order["referral"],
        "outcome": order["outcome"],
        "threshold": {"level": "2" if below else "4", "document": "Right Conversations"}
        | {"version": "2026"},
        "reason": order["reason"],
        "relied_on": ["The referral", "Health visitor, by telephone"],
        "decided_by": MANAGER,
        "decided_at": order["at"],
        "procedure_edition": "FDH-2026",
        "next_step": order["next"],
        "child": referral["child"],
    }
    return body | ({"other_support": "Family hub on Tannery Steps"} if below else {})


def response(reference: str, at: str, who: str, role: str, number: str) -> Body:
    """A named person accepts, and says under which number they took it."""
    return {
        "answers": reference,
        "response": "accepted",
        "at": at,
        "by": {"name": who, "role": role},
        "their_reference": number,
    }


WORDS: dict[str, Callable[[Body], Body]] = {
    "referral.received": referral,
    "police.notification": notification,
    "strategy.requested": request,
    "edt.handover": handover,
}
