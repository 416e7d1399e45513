"""Another core at work on the same PostgreSQL, while the test holds a transaction open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

PATIENCE = 20
"""Seconds that a core may take: PostgreSQL looks for a deadlock after one."""


@contextmanager
def another_core(effect: Callable[[], Any]) -> Iterator[Thread]:
    """Has the effect meanwhile; what it raises is raised here."""
    failed: list[BaseException] = []

    def works() -> None:
        try:
            effect()
        except BaseException as error:
            failed.append(error)

    other = Thread(target=works)
    other.start()
    yield other
    other.join(PATIENCE)
    assert not other.is_alive(), "the other core still waits"
    if failed:
        raise failed[0]


@contextmanager
def that_waits(effect: Callable[[], Any]) -> Iterator[None]:
    """Another core that cannot go on before the test has committed, which the block does."""
    with another_core(effect) as other:
        other.join(1)
        assert other.is_alive(), "the other core waits for nothing"
        yield
