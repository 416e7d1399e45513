"""How the hub speaks with Kafka, and what a cluster needs to be its road."""
