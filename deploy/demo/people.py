"""One sign-in for each role of the desk, with passwords made for this run."""

from dataclasses import dataclass

from rich.table import Table

from deploy.demo.stage import Stage
from hub.desk.access import Grant, Role
from hub.desk.accounts.people import add_person
from hub.ledger.session import open_ledger

COUNCIL = "exemplar-council"
_CAST = (
    ("Brindley Stonebridle", "duty.team", Role.TEAM_WORKER, COUNCIL, "daytime-duty"),
    ("Amberly Quillfeather", "duty.manager", Role.DUTY_MANAGER, COUNCIL, "daytime-duty"),
    ("Corwen Larkhollow", "service.manager", Role.SERVICE_MANAGER, COUNCIL, ""),
    ("Garrick Thistlewood", "edt", Role.EDT, COUNCIL, "edt"),
    ("Orla Penhaligon", "police", Role.TEAM_WORKER, "police-exemplar", ""),
    ("Ewart Marrowby", "operations", Role.OPERATIONS, "", ""),
    ("Fenella Ashgrove", "auditor", Role.AUDITOR, "", ""),
    ("Hesper Vexley", "administrator", Role.ADMINISTRATOR, "", ""),
)


@dataclass(frozen=True)
class SignIn:
    """What somebody types at the desk."""

    name: str
    email: str
    password: str
    role: str


def invite(stage: Stage) -> list[SignIn]:
    """Adds the people of the demo; the first is the daytime team's worker."""
    engine = open_ledger(f"sqlite:///{stage.data / 'hub/people.db'}")
    made = []
    for name, local, role, agency, team in _CAST:
        email = f"{local}@example.org"
        grant = Grant(role, "383", agency, team)
        _, password = add_person(engine, name=name, email=email, grants=[grant])
        where = f", {team or agency}" if agency else ""
        made.append(SignIn(name, email, password, f"{role.label}{where}"))
    engine.dispose()
    return made


def shown(signs: list[SignIn]) -> Table:
    """The sign-ins as a table."""
    table = Table("role", "name", "e-mail address", "password", box=None, pad_edge=False)
    for one in signs:
        table.add_row(one.role, one.name, one.email, one.password)
    return table
