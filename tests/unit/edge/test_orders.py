"""What edge writes for a partner is what core's order says, also of what it answers."""

from pathlib import Path

import pytest

from hub.edge.orders import Order
from hub.wire import Record
from tests.kit.people import a_handover
from tests.kit.site import Bench, an_arrival


@pytest.mark.parametrize("said", [{"answers": "EDT-7"}, {}], ids=["answers", "of an older core"])
def test_the_envelope_that_is_written_names_what_is_answered(
    tmp_path: Path, said: dict[str, str]
) -> None:
    bench = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"))
    [meta] = bench.orders()
    del meta["answers"], meta["topic"], meta["body"]
    envelope, body = Order.of(Record("order", "1", meta | said, b"{}")).message()
    assert (envelope.answers, body) == (said.get("answers"), {})
    bench.engine.dispose()
