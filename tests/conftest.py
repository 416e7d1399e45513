"""Every test may ask for Kafka, for an empty database, and for nothing that outlives the session."""

import pytest

from tests.kit import shared

pytest_plugins = ["tests.kit.kafka", "tests.kit.postgres"]


def pytest_configure(config: pytest.Config) -> None:
    """Opens the session that the workers share, before they are started."""
    run = shared.begin()
    if run is not None:
        config.add_cleanup(lambda: shared.end(run))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a server, so that it can be chosen or left out."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for mark, fixtures in _NEEDS.items():
            if fixtures.intersection(names):
                item.add_marker(mark)


_NEEDS = {
    "kafka": {"kafka", "empty_kafka", "kafka_node"},
    "postgres": {"postgres_url", "postgres_database", "postgres_server"},
}
