"""Nobody does what their role, authority and team do not give them; the whole matrix is stated here."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.access import (
    TABLE,
    Action,
    Allowed,
    Denied,
    Facts,
    Grant,
    Party,
    Person,
    Role,
    may,
    reach,
)

EAST, NORTH, POLICE = Party("council", "east"), Party("council", "north"), Party("police")
IN_LEEDS = Facts("383", frozenset({EAST}), frozenset({POLICE}), holder="K. Osei")

ROLES = list(Role)
MATRIX = {
    #                     worker duty service edt ops auditor admin
    Action.SEE: "yyyyyy-",
    Action.OPEN_CONTENT: "yyyy-y-",
    Action.OPEN_PARCEL: "-yyy-y-",
    Action.ANSWER: "yyyy---",
    Action.REPLY: "-------",
    Action.WITHDRAW: "-------",
    Action.PLACE: "-------",
    Action.BEGIN: "-------",
    Action.FINISH: "-yy----",
    Action.REASSIGN: "-yy----",
    Action.RECALL: "-yy----",
    Action.RETRY: "-yyyy--",
    Action.REPAIR: "-yyy---",
    Action.REVIEW: "-yy----",
    Action.ABANDON: "-yy-y--",
    Action.TAKE_CALL: "-yyyy--",
    Action.HANDLE_PARCEL: "-yyyy--",
    Action.FIND_CHILD: "-yyy-y-",
    Action.MATCH: "-yyy---",
    Action.CLEAR: "-yyy---",
    Action.UNSTICK: "----y--",
    Action.RESOLVE_EARLY: "-yyyy--",
    Action.SEE_ROAD: "-yyyyyy",
    Action.PAUSE: "----y-y",
    Action.CLAIM_INCIDENT: "-yyyy-y",
    Action.TEST: "-yyyy-y",
    Action.CLOSE_INCIDENT: "--y-y--",
    Action.VERIFY: "--y--y-",
    Action.SEE_PEOPLE: "-----yy",
    Action.MANAGE_PEOPLE: "------y",
}
"""What somebody of the receiving team may do with what a colleague holds; replying and withdrawing
are its sender's."""


def test_what_was_taken_by_telephone_is_for_anybody_of_the_team_to_finish() -> None:
    both = replace(IN_LEEDS, receivers=frozenset({EAST, NORTH}), called=frozenset({EAST}))
    for role in (Role.TEAM_WORKER, Role.EDT):
        for team, allowed in (("east", True), ("north", False)):
            who = somebody(Grant(role, "383", "council", team))
            assert bool(may(who, Action.FINISH, both)) is allowed, "it was north's to accept, too"
            assert not may(who, Action.BEGIN, both)
            assert not may(who, Action.REASSIGN, both)


def test_nobody_begins_what_another_holds_not_even_for_them() -> None:
    for role in (Role.TEAM_WORKER, Role.EDT, Role.DUTY_MANAGER, Role.SERVICE_MANAGER):
        grant = Grant(role, "383", "council", "east")
        assert may(Person("p", "K. Osei", grants=(grant,)), Action.BEGIN, IN_LEEDS)
        found = may(somebody(grant), Action.BEGIN, IN_LEEDS)
        assert isinstance(found, Denied)
        assert found.why == "it is held by K. Osei"


def somebody(*grants: Grant) -> Person:
    return Person("p", "P. Lindqvist", grants=grants)


@pytest.mark.parametrize("action", Action)
def test_the_matrix(action: Action) -> None:
    for role, wanted in zip(ROLES, MATRIX[action], strict=True):
        found = may(somebody(Grant(role, "383", "council", "east")), action, IN_LEEDS)
        assert bool(found) is (wanted == "y"), (role, action, found)


@pytest.mark.parametrize(
    ("facts", "action", "grant", "why"),
    [
        (Facts("380"), Action.SEE, Grant(Role.DUTY_MANAGER, "383"), "another authority"),
        (IN_LEEDS, Action.SEE, Grant(Role.TEAM_WORKER, "383", "council", "north"), "your team"),
        (IN_LEEDS, Action.ANSWER, Grant(Role.DUTY_MANAGER, "383", "police"), "only its receiver"),
        (IN_LEEDS, Action.WITHDRAW, Grant(Role.EDT, "383", "council", "east"), "only its sender"),
        (IN_LEEDS, Action.FINISH, Grant(Role.EDT, "383", "council", "east"), "held by K. Osei"),
        (IN_LEEDS, Action.FINISH, Grant(Role.DUTY_MANAGER, "383", "police"), "held by K. Osei"),
        (IN_LEEDS, Action.RETRY, Grant(Role.AUDITOR), "and you are auditor"),
        (
            Facts("383", pressing=True),
            Action.ABANDON,
            Grant(Role.OPERATIONS),
            "only by a service manager",
        ),
    ],
)
def test_a_no_says_why(facts: Facts, action: Action, grant: Grant, why: str) -> None:
    found = may(somebody(grant), action, facts)
    assert isinstance(found, Denied)
    assert why in found.why


def test_its_sender_answers_questions_and_withdraws() -> None:
    officer = somebody(Grant(Role.TEAM_WORKER, "383", "police"))
    assert may(officer, Action.REPLY, IN_LEEDS)
    assert may(officer, Action.WITHDRAW, IN_LEEDS)
    assert not may(officer, Action.ANSWER, IN_LEEDS)


@pytest.mark.parametrize("role", [Role.TEAM_WORKER, Role.EDT, Role.DUTY_MANAGER])
def test_whoever_holds_it_finishes_it_and_nobody_of_that_name_elsewhere(role: Role) -> None:
    holder = Person("p", "K. Osei", grants=(Grant(role, "383", "council", "east"),))
    namesake = Person("q", "K. Osei", grants=(Grant(role, "383", "council", "north"),))
    assert may(holder, Action.FINISH, IN_LEEDS)
    assert not may(namesake, Action.FINISH, IN_LEEDS)
    assert not may(holder, Action.FINISH, Facts("383", frozenset({EAST})))


def test_only_a_service_manager_gives_up_what_is_pressing() -> None:
    facts = Facts("383", pressing=True)
    able = [role for role in Role if may(somebody(Grant(role, "383")), Action.ABANDON, facts)]
    assert able == [Role.SERVICE_MANAGER]


names = st.sampled_from(["383", "380", "*"])
agencies = st.sampled_from(["", "council", "police"])
teams = st.sampled_from(["", "east", "north"])
grants = st.builds(Grant, st.sampled_from(list(Role)), names, agencies, teams)
parties = st.frozensets(st.sampled_from([EAST, NORTH, POLICE]), max_size=3)
facts_of = st.builds(Facts, st.sampled_from([None, "383", "380"]), parties, parties, st.booleans())
actions = st.sampled_from(list(Action))


@given(st.lists(grants, max_size=4), actions, facts_of)
def test_grants_add_up_and_nothing_else_does(
    held: list[Grant], action: Action, facts: Facts
) -> None:
    whole = may(somebody(*held), action, facts)
    each = [may(somebody(grant), action, facts) for grant in held]
    assert bool(whole) is any(each)
    if isinstance(whole, Allowed):
        assert whole.by in held
        assert whole.by.role in TABLE[action]
        assert whole.by.reaches(facts.authority)


@given(grants, actions, facts_of)
def test_an_auditor_acts_on_nothing_and_these_roles_see_no_content(
    grant: Grant, action: Action, facts: Facts
) -> None:
    reading = {
        Action.SEE,
        Action.FIND_CHILD,
        Action.OPEN_CONTENT,
        Action.OPEN_PARCEL,
        Action.SEE_ROAD,
        Action.VERIFY,
        Action.SEE_PEOPLE,
    }
    found = may(somebody(grant), action, facts)
    if grant.role is Role.AUDITOR and found:
        assert action in reading
    if grant.role in (Role.OPERATIONS, Role.ADMINISTRATOR):
        assert not (found and action in (Action.OPEN_CONTENT, Action.OPEN_PARCEL))
    if found and facts.authority is not None:
        assert grant.authority in ("*", facts.authority)


@given(grants, facts_of)
def test_a_team_worker_sees_only_what_their_agency_has(grant: Grant, facts: Facts) -> None:
    if grant.role is not Role.TEAM_WORKER:
        return
    if may(somebody(grant), Action.SEE, facts):
        assert grant.agency in {party.agency for party in facts.parties}


def test_in_bulk_they_reach_only_the_authorities_where_their_role_lets_them() -> None:
    leeds, hull = Grant(Role.DUTY_MANAGER, "383", "council"), Grant(Role.AUDITOR, "810")
    assert reach(somebody(leeds, hull), Action.RETRY) == ("383",)
    assert reach(somebody(hull), Action.RETRY) == ()
    assert reach(somebody(leeds, Grant(Role.OPERATIONS)), Action.RETRY) is None
