"""Whoever takes a backup reads what is in it and what is not; whoever puts one back, what happens next."""

import sys
from pathlib import Path

from hub.clock import london, now
from hub.ledger.backup import Manifest, backup, restore
from hub.ledger.copies import CopyFailed
from hub.settings import Settings
from hub.wrong import SetUpWrong


def backup_command(settings: Settings, target: Path) -> int:
    """`hub backup DIR`; 0 once it is whole and on the disk."""
    try:
        made = backup(settings, target, now())
    except (SetUpWrong, CopyFailed, OSError) as error:
        print(f"no backup: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {_told(made)}")
    print(
        f"The keys are not in it. Keep {settings.keys} elsewhere: without them it opens to nobody."
    )
    return 0


def restore_command(settings: Settings, source: Path) -> int:
    """`hub restore DIR`; 0 once the ledger stands."""
    try:
        made = restore(settings, source)
    except SetUpWrong as error:
        print(f"nothing was put back: {error}", file=sys.stderr)
        return 1
    except (CopyFailed, OSError) as error:
        print(f"not put back: {error}\nMove away what was begun, and try again.", file=sys.stderr)
        return 1
    print(f"Put back: {_told(made)}")
    print("Start the hub: core reads what came since from Kafka, and the audit says so.")
    return 0


def _told(made: Manifest) -> str:
    size = sum(one.size for one in made.files) / 1024**2
    at = f"{london(made.made_at):%a %d %b %Y %H:%M:%S}"
    return (
        f"the ledger as of {at}, {made.messages:,} messages, {made.chains:,} audit chains,"
        f" {size:,.1f} MiB; root {made.root[:16]}"
    )
