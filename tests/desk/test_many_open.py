"""However much others have open, nobody's own list is cut: what is left out waits for nobody."""

import pytest
from sqlalchemy import Connection

from hub.desk.access import Action, Grant, Person, Role, may
from hub.desk.whose import concerning, handover_facts
from hub.ledger.read.handovers import Handover, open_handovers, receivers
from hub.ledger.write import run
from tests.kit.desk import WHO, Sitting, text
from tests.kit.seed import EAST, POLICE
from tests.kit.site import LEEDS

COUNCIL = WHO["worker"][1].agency
MANY = 2_100
_COPIES = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < :many)
insert into journey (journey_id, machine, subject, case_ref, authority, state, custodian, sender,
  receiver, team, holder, holder_role, held_since, due_at, opened_at, changed_at, version)
select j.journey_id || ':copy-' || i, j.machine, j.subject, j.case_ref, j.authority, 'sent', 'sender',
  j.sender, j.receiver, j.team, null, null, null, '2020-01-01 00:00:00.000000', j.opened_at,
  j.changed_at, 1
from n join (select * from journey where machine = 'handover' and receiver <> :mine
  and sender <> :mine limit 1) j
"""


async def test_a_team_s_own_is_not_pushed_out_by_what_others_have_open(sitting: Sitting) -> None:
    async with sitting.as_("worker") as client:
        before = {page: text(await client.get(page)) for page in ("/inbox", "/")}
        with sitting.bench.engine.begin() as conn:
            run(conn, _COPIES, many=MANY, mine=EAST)
        assert sitting.one("select count(*) from journey where journey_id like '%copy%'") == MANY
        after = {page: text(await client.get(page)) for page in ("/inbox", "/")}
    for reference in ("EDT-0414", "EDT-0418"):
        assert reference in before["/inbox"]
        assert reference in after["/inbox"]
    assert "EDT-0418" in before["/"]
    assert "EDT-0418" in after["/"]


SOMEBODY = [Person("x", name, grants=(grant,)) for name, grant in WHO.values()] + [
    Person("x", "Two Teams", grants=(WHO["worker"][1], WHO["edt"][1])),
    Person("x", "Another Team", grants=(Grant(Role.TEAM_WORKER, LEEDS, COUNCIL, "no such team"),)),
    Person("x", "The Council", grants=(Grant(Role.TEAM_WORKER, LEEDS, COUNCIL),)),
]


@pytest.mark.parametrize("person", SOMEBODY, ids=lambda person: person.name)
def test_what_is_read_alone_is_all_that_access_allows(sitting: Sitting, person: Person) -> None:
    """Access decides on each; the question before it may only leave out what access would."""

    def allowed(conn: Connection, found: list[Handover]) -> set[str]:
        to = receivers(conn, [one.message_id for one in found])
        return {
            one.journey_id
            for one in found
            for about in [handover_facts(directory, one, to[one.message_id])]
            if one.holder == person.name
            or any(grant.is_of(about.holders) for grant in person.grants)
            or may(person, Action.ANSWER, about)
            or may(person, Action.REPLY, about)
        }

    directory = sitting.bench.site.directory
    with sitting.bench.engine.begin() as conn:
        # They left the team that it was sent to, and still hold it.
        some = "select min(journey_id) from journey where receiver = :police"
        held = f"update journey set holder = :name where journey_id = ({some})"
        assert run(conn, held, name=person.name, police=POLICE).rowcount == 1
        everything = open_handovers(conn)
        own = open_handovers(conn, None, concerning(directory, person))
        assert allowed(conn, own) == allowed(conn, everything)
