"""Who may closes an incident that nothing else would, with a reason that everybody reads."""

import pytest

from hub.desk import acts
from tests.kit.desk import Sitting, post, text


@pytest.fixture
def incident(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the hospital's receipt for something unknown is closed."""
    monkeypatch.setattr(acts, "WAIT", 0.2)
    sitting.bench.do(
        lambda work: work.incident("unknown_receipt", "exemplar-hospital", "nobody knows it")
    )
    found = sitting.one("select incident_id from incident where kind = 'unknown_receipt'")
    return f"/incidents/{found}/close"


async def test_operations_close_it_and_everybody_reads_why(sitting: Sitting, incident: str) -> None:
    async with sitting.as_("operations") as client:
        page = await client.get("/incidents")
        assert f'action="{incident}"' in page.text
        assert "Closes by itself after a day without another" in text(page)
        assert page.text.count("/close") == 1, "the others end by themselves"
        lost = await post(client, "/incidents", incident, version=1)
        assert lost.status_code == 400
        done = await post(client, "/incidents", incident, version=1, reason="Their test system")
        said = text(done)
        assert "✓ Done. Closed" in said, said
        assert "Closed: Their test system (O. Penhaligon, operations)" in said, said
        assert incident not in done.text
    async with sitting.as_("service") as client:
        late = text(await post(client, "/incidents", incident, version=1, reason="The same"))
    assert "▲ Not done. It is closed already: Their test system (O. Penhaligon, operations)" in late


async def test_nobody_else_closes_it(sitting: Sitting, incident: str) -> None:
    for short in ("manager", "edt", "auditor", "administrator"):
        async with sitting.as_(short) as client:
            page = await client.get("/incidents")
            assert page.status_code == 200
            assert "/close" not in page.text
            refused = await post(client, "/incidents", incident, version=1, reason="I may not")
            assert refused.status_code == 403, short
    async with sitting.as_("worker") as client:
        assert (await post(client, "/", incident, version=1, reason="x y z")).status_code == 403
    async with sitting.as_("operations") as client:
        gone = await post(client, "/incidents", "/incidents/none/close", version=1, reason="gone")
    assert gone.status_code == 404


async def test_it_is_not_closed_over_what_happened_since(sitting: Sitting, incident: str) -> None:
    sitting.bench.do(lambda work: work.incident("unknown_receipt", "exemplar-hospital", "again"))
    async with sitting.as_("service") as client:
        page = text(await post(client, "/incidents", incident, version=1, reason="Over"))
    assert "It has happened again since you looked, 2 times by now" in page, page
