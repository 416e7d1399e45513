"""`make demo` is an evening at the front door and the morning after, over real protocols, told as it happens.

Each run has a fresh directory under `build/demo`, or the new one that `HUB_DEMO_DATA` names.
"""

import asyncio
import signal
import sys
import time
from datetime import timedelta

from rich.console import Console

from deploy.demo.agree import agree
from deploy.demo.evening import Evening
from deploy.demo.morning import Morning
from deploy.demo.people import invite, shown
from deploy.demo.stage import Stage, StageFell, home
from deploy.demo.teller import NotSo, Teller
from hub.embedded import FetchFailed, KafkaFailed
from hub.embedded.runtime import class_path
from hub.ledger.read.fetch import reading
from hub.ledger.session import open_ledger

NIGHT_HOURS = 12.0


async def play(stage: Stage, once: bool) -> int:
    """The whole demo; the exit code."""
    out = Console(highlight=False)
    began = time.monotonic()
    stage.furnish()
    out.print(f"[dim]This run's data and logs are in {stage.data}[/]", soft_wrap=True)
    with out.status("Starting Kafka, the hub and its partners"):
        await stage.start_hub()
        signs = invite(stage)
        await stage.open()
    ledger = reading(open_ledger(f"sqlite:///{stage.data / 'hub/ledger.db'}"))
    teller = Teller(ledger, stage.now)
    try:
        teller.out.print(f"Kafka, three roles and {len(stage.peers)} partners are ready.")
        teller.out.print(f"\nThe desk: [bold]{stage.desk}[/]")
        teller.out.print(shown(signs))
        await Evening(stage, teller).play()
        await _night(stage, teller)
        await Morning(stage, teller, signs[0]).play()
        teller.chapter("Does it all agree?")
        agreed = await agree(stage, teller)
        seconds = time.monotonic() - began
        teller.out.print(
            f"\n[bold]{'All agrees' if agreed else 'It does not agree'}[/] after {seconds:.0f} s."
        )
        if not once:
            teller.out.print(f"\nIt stays up. The desk: [bold]{stage.desk}[/]; Ctrl-C ends it.")
            teller.out.print(shown(signs))
            await asyncio.Event().wait()
        return 0 if agreed else 1
    finally:
        ledger.dispose()


async def _night(stage: Stage, teller: Teller) -> None:
    """The hub and its Kafka stop at night and start in the morning; nothing is lost by it."""
    teller.tell("hub", "is stopped, Kafka too, and started again in the morning")
    await stage.peers["hospital"].do("hang_up")
    await stage.stop_hub()
    stage.shift += timedelta(hours=NIGHT_HOURS)
    await stage.start_hub()
    teller.tell("hub", "is back", "its state is in Kafka and in the ledger, nowhere else")


async def main(once: bool) -> int:
    """Plays until the end, or until somebody ends it; nothing that was started is left."""
    loop = asyncio.get_running_loop()
    playing = asyncio.current_task()
    told: list[int] = []

    def end(number: int) -> None:
        if not told and playing is not None:
            told.append(number)
            playing.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        await asyncio.to_thread(class_path)
        stage = Stage(home())
    except (FetchFailed, KafkaFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        return await play(stage, once)
    except (StageFell, NotSo) as error:
        print(f"\n{error}\nThe logs are in {stage.data}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        if playing is not None:
            # Heard and done with; else a time limit at the end would count as one more (3.11.2).
            playing.uncancel()
        print("\nEnding the hub, Kafka and all partners.")
        return 0 if told and not once else 130
    finally:
        await stage.close()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main("--once" in sys.argv[1:])))
