"""Who reads a whole ledger holds a part of it at a time, and the server never sees them stand still."""

import pytest
from sqlalchemy.exc import DBAPIError

from hub.ledger.session import open_ledger
from hub.ledger.write import each

MANY = "select 1 / (:last - n) as whole from generate_series(1, 100000) n"
"""The row before the last cannot be computed: who waited for all of them would have none."""


@pytest.mark.postgres
def test_rows_are_there_before_all_of_them_are_computed(postgres_database: str) -> None:
    engine = open_ledger(postgres_database)
    with engine.connect() as conn:
        found = each(conn, MANY, last=99_999)
        assert next(found).whole == 0
        assert next(found).whole == 0
        with pytest.raises(DBAPIError):
            list(found)
    engine.dispose()


@pytest.mark.postgres
def test_two_are_read_side_by_side(postgres_database: str) -> None:
    engine = open_ledger(postgres_database)
    sql = "select n from generate_series(1, 5000) n"
    with engine.connect() as conn:
        pairs = list(zip(each(conn, sql), each(conn, sql), strict=True))
    assert len(pairs) == 5000
    assert all(one.n == other.n for one, other in pairs)
    engine.dispose()
