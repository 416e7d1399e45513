"""`make crash`: the whole campaign on SQLite and on PostgreSQL, its figures on the screen and in a file."""

import argparse
import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.crash.campaign import Campaign, Told, Wanted
from tests.kit import shared
from tests.kit.postgres import _start, database

BUILD = Path("build").absolute()


def main() -> int:
    """0 where every promise was kept on every ledger."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=80.0, help="messages a second, all senders")
    parser.add_argument("--pause", type=float, default=1.3, help="mean seconds between kills")
    parser.add_argument("--ledger", choices=("sqlite", "postgres", "both"), default="both")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.kills, asked.messages, asked.rate, asked.pause)
    print(f"seed {asked.seed} (make crash SEED={asked.seed} plays it again)", flush=True)
    ledgers = ("sqlite", "postgres") if asked.ledger == "both" else (asked.ledger,)
    told = [_one(ledger, wanted) for ledger in ledgers]
    BUILD.mkdir(exist_ok=True)
    (BUILD / "crash.json").write_text(json.dumps([one.figures for one in told], indent=2))
    return 0 if all(one.held for one in told) else 1


def _one(ledger: str, wanted: Wanted) -> Told:
    home = BUILD / "crash" / f"{time.strftime('%Y%m%d-%H%M%S')}-{wanted.seed}-{ledger}"
    print(f"{ledger}: everything is kept in {home}", flush=True)
    if ledger == "sqlite":
        told = asyncio.run(Campaign(home, wanted, say=_say).run())
    else:
        run = shared.begin()
        try:
            with database(shared.once("postgres", _start)["url"]) as url:
                told = asyncio.run(Campaign(home, wanted, 2, url, say=_say).run())
        finally:
            if run is not None:
                shared.end(run)
    _show(told.figures)
    return told


def _say(line: str) -> None:
    print(line, flush=True)


def _show(figures: dict[str, Any]) -> None:
    for name in ("ledger", "kills", "counted", "recovery", "seconds"):
        print(f"{name:9} {figures[name]}")
    for sentence in figures["wrong"]:
        print(f"WRONG     {sentence}")
    print(f"evidence  {figures['evidence']}" if figures["wrong"] else "Every promise was kept.")


if __name__ == "__main__":
    sys.exit(main())
