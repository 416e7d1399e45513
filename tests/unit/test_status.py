"""`hub status` says what is wrong in the words of the desk, who has it, and how much more there is."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from hub.clock import now
from hub.commands.status import _print
from hub.commands.trace import names
from hub.ledger.read.status import status
from tests.kit.deeds import act
from tests.kit.site import Bench


def test_what_is_wrong_is_told_in_words_with_who_has_it(tmp_path: Path) -> None:
    bench = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    assert "○ no incident is open" in told(bench)
    bench.do(lambda work: work.incident("partner_down", "team", "connection refused"))
    [row] = bench.all("select incident_id from incident")
    act(bench, "incident.claimed", row.incident_id, "O. Penhaligon", "operations")
    said = told(bench)
    assert "▲ Team does not answer: Connection refused" in said
    assert "1×; O. Penhaligon, operations has it)" in said
    assert "more incidents" not in said
    for number in range(250):
        bench.do(lambda work, n=number: work.incident("early", f"m{n}", "it has not come"))  # type: ignore[misc]
    assert "▲ and 243 more incidents" in told(bench), "also where more are open than are listed"
    bench.engine.dispose()


def told(bench: Bench) -> str:
    """The screen."""
    screen = StringIO()
    with bench.engine.connect() as conn:
        found = status(conn, now(), [partner.partner for partner in bench.site.directory])
    _print(Console(file=screen, width=200), "Leeds", found, names(bench.site.directory))
    return screen.getvalue()
