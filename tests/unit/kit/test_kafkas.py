"""A test of a whole hub finds a Kafka without topics, whatever the test before it left."""

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic


@pytest.mark.parametrize("turn", range(8))
def test_it_is_empty_each_time(empty_kafka: str, turn: int) -> None:
    admin = AdminClient({"bootstrap.servers": empty_kafka})
    there = [name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")]
    assert there == []
    for made in admin.create_topics([NewTopic("flows.handover", 1, 1)]).values():
        made.result(10)
