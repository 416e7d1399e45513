"""A hub without a cluster starts a real one-node Apache Kafka itself, and nothing else is needed."""

from hub.embedded.node import EmbeddedKafka, KafkaFailed, Status
from hub.embedded.runtime import FetchFailed

__all__ = ["EmbeddedKafka", "FetchFailed", "KafkaFailed", "Status"]
