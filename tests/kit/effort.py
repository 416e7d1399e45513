"""How hard the hostile tests try: little at every `make test`, much where `HUB_TEST_EFFORT` asks for it."""

import os

from hypothesis import HealthCheck, settings

EFFORT = float(os.environ.get("HUB_TEST_EFFORT", "1"))


def tries(usually: int) -> settings:
    """Settings for a test that usually makes so many examples; no clock decides about it."""
    return settings(
        max_examples=max(1, int(usually * EFFORT)),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
