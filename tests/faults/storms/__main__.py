"""`make faults`: seeded schedules over a whole hub under load; one that fails is told, played again and shrunk."""

import argparse
import asyncio
import json
import random
import sys
import time
import traceback
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from tests.faults.crash.books import Verdict
from tests.faults.storms.apart import NoHistory, program
from tests.faults.storms.shrink import shrink
from tests.faults.storms.steps import Step, read, schedule, upgrading, written
from tests.faults.storms.storm import Storm
from tests.kit import shared

BUILD = Path("build").absolute()


def main() -> int:
    """0 where every promise was kept in every schedule."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--schedules", type=int, default=20, help="seeds from this one on")
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--together", type=int, default=8, help="schedules that one hub lives for")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin none after so long")
    parser.add_argument("--shrink", action="store_true", help="leave out steps of one that fails")
    parser.add_argument("--steps", type=Path, help="a schedule from a file, in place of a seed's")
    parser.add_argument("--upgrade", metavar="COMMIT", help="begin with that program, one hub each")
    asked = parser.parse_args()
    run = shared.begin()
    try:
        return asyncio.run(_all(asked))
    finally:
        if run is not None:
            shared.end(run)


async def _all(asked: argparse.Namespace) -> int:
    ledger = asked.ledger
    old = None
    if asked.upgrade:
        try:
            old = program(asked.upgrade, BUILD / "faults" / "older" / asked.upgrade)
        except NoHistory as error:
            print(error)
            return 0
        asked.together = 1
    if asked.steps is not None:
        plans = {0: read(asked.steps.read_text())}
    else:
        seeds = range(asked.seed, asked.seed + asked.schedules)
        plan = upgrading if asked.upgrade else schedule
        plans = {seed: plan(seed, ledger) for seed in seeds}
    until, failed, left = time.monotonic() + asked.minutes * 60, [], list(plans)
    while left and time.monotonic() < until:
        played, verdict = await _on_one_hub(left[: asked.together], plans, ledger, until, old)
        left = left[played:]
        if verdict is not None:
            failed.append(left_of := _seed_before(list(plans), left))
            if asked.shrink:
                await _shortened(plans[left_of], ledger, old)
    total = len(plans) - len(left)
    print(f"{ledger}: {total} schedules, {total - len(failed)} clean, failed: {failed or 'none'}")
    return 1 if failed else 0


def _seed_before(seeds: list[int], left: list[int]) -> int:
    return seeds[len(seeds) - len(left) - 1]


async def _on_one_hub(
    seeds: Sequence[int],
    plans: dict[int, tuple[Step, ...]],
    ledger: str,
    until: float,
    old: Path | None,
) -> tuple[int, Verdict | None]:
    """How many were played, and the verdict of the last one where it failed: then the hub is given up."""
    home = BUILD / "faults" / f"{time.strftime('%Y%m%d-%H%M%S')}-{seeds[0]}-{ledger}"
    async with Storm(home, ledger, old, say=_say).standing() as storm:
        for number, seed in enumerate(seeds):
            if time.monotonic() > until:
                return number, None
            began = time.monotonic()
            _say(f"{ledger} seed {seed}, hub begun with seed {seeds[0]}")
            verdict = await _judged(storm, plans[seed])
            _record(ledger, seed, seeds[0], plans[seed], verdict, time.monotonic() - began)
            if verdict.wrong:
                _say(f"      again: make faults LEDGER={ledger} SEED={seeds[0]} N={number + 1}")
                _say(f"      evidence: {home}")
                return number + 1, verdict
    return len(seeds), None


async def _judged(storm: Storm, steps: Sequence[Step]) -> Verdict:
    """What cannot be played to its end has failed: a hub that stays down keeps no promise."""
    try:
        return await storm.play(steps)
    except Exception as error:
        _say("".join(traceback.format_exception(error)))
        verdict = Verdict()
        verdict.fault("not played to its end", [repr(error)])
        return verdict


async def _shortened(steps: tuple[Step, ...], ledger: str, old: Path | None) -> None:
    """Each try has a hub of its own, so that nothing of an earlier one matters."""
    tries = count(1)

    async def fails(some: Sequence[Step]) -> bool:
        number = next(tries)
        home = BUILD / "faults" / f"{time.strftime('%Y%m%d-%H%M%S')}-shrink-{number}-{ledger}"
        async with Storm(home, ledger, old, say=_say).standing() as storm:
            wrong = (await _judged(storm, some)).wrong
        # It may be another failure than the one that is looked for: whoever reads it must see that.
        found = "; ".join(wrong) or "every promise was kept"
        _say(f"      try {number}, {len(some)} of {len(steps)} steps: {found}")
        return bool(wrong)

    if not await fails(steps):
        _say("      alone, on a fresh hub, it does not fail: nothing to shrink")
        return
    left = await shrink(steps, fails)
    path = BUILD / "faults" / f"shrunk-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
    path.write_text(written(left))
    _say(f"      shortest: make faults LEDGER={ledger} STEPS={path}")
    for step in left:
        _say(f"      {step}")


def _record(
    ledger: str, seed: int, first: int, steps: Sequence[Step], verdict: Verdict, seconds: float
) -> None:
    told = {
        "ledger": ledger,
        "seed": seed,
        "hub begun with": first,
        "steps": [str(step) for step in steps],
        "counted": verdict.counted,
        "wrong": verdict.wrong,
        "seconds": round(seconds, 1),
    }
    with (BUILD / "faults" / "told.jsonl").open("a") as file:
        file.write(json.dumps(told) + "\n")
    _say(f"      {verdict.counted}")
    for sentence in verdict.wrong:
        _say(f"WRONG {sentence}")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
