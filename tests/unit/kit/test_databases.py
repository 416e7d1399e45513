"""Each test finds its own empty database, on both kinds."""

from sqlalchemy import create_engine, inspect, text


def _begin(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE seen (word text)"))
    engine.dispose()


def test_a_database_is_empty(ledger_url: str) -> None:
    _begin(ledger_url)


def test_and_so_is_the_next(ledger_url: str) -> None:
    _begin(ledger_url)
