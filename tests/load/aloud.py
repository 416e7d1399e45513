"""What a helper process tells of itself arrives whole, however slowly it is read."""

import json


def say(told: object) -> None:
    """Prints one line of JSON on standard output.

    Under uvloop a write to a full pipe may come back early (io_uring), and where PYTHONUNBUFFERED is
    set, Python's own stream drops the rest without a word; a buffered one writes on.
    """
    with open(1, "w", encoding="ascii", closefd=False) as out:
        out.write(json.dumps(told) + "\n")
