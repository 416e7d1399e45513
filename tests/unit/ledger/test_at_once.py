"""A short question is answered at once however much PostgreSQL thinks it must read for it."""

import pytest

from hub.ledger.session import open_ledger

COSTLY = "explain (analyze) select count(*) from generate_series(1, 10) n"


@pytest.mark.postgres
@pytest.mark.parametrize("setting", ["jit", "max_parallel_workers_per_gather"])
def test_nothing_is_compiled_and_no_worker_started_for_it(
    postgres_database: str, setting: str
) -> None:
    engine = open_ledger(postgres_database)
    with engine.connect() as conn:
        assert conn.exec_driver_sql(f"show {setting}").scalar() in ("off", "0")
        conn.exec_driver_sql("set jit_above_cost = 0")
        plan = [row[0] for row in conn.exec_driver_sql(COSTLY)]
    engine.dispose()
    assert not any("JIT" in line for line in plan)
