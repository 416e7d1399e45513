"""A reader of core as a process of its own, to be killed: `BOOTSTRAP TOPIC SESSION_SECONDS`.

It prints `assigned` when it has its partitions, and stays.
"""

import asyncio
import sys

from aiokafka import ConsumerRebalanceListener

from hub.broker import make_broker, road
from hub.settings import Settings


class Told(ConsumerRebalanceListener):  # type: ignore[misc]
    def on_partitions_revoked(self, revoked: object) -> None:
        pass

    def on_partitions_assigned(self, assigned: object) -> None:
        if assigned:
            print("assigned", flush=True)


async def main(bootstrap: str, topic: str, session: float) -> None:
    settings = Settings(kafka_bootstrap=bootstrap, kafka_session_timeout=session)
    broker = make_broker(settings)
    subscriber = road(broker, settings, topic, group=f"killed.{topic}", listener=Told())
    await broker.start()
    while True:
        await subscriber.consumer.getmany(timeout_ms=200)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
