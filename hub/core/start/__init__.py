"""How core takes up what an earlier life, an older copy or another Kafka left."""
