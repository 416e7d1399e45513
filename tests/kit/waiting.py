"""A test waits for what it wants to see, and says what it saw when it waited in vain."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float = 10.0, every: float = 0.02) -> T:
    """The first truthy value of `condition`; fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (seen := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen!r} after {timeout} s")
        time.sleep(every)
    return seen


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], timeout: float = 10.0, every: float = 0.02
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T], timeout: float = 10.0, every: float = 0.02
) -> T: ...


async def eventually(
    condition: Callable[[], Any], timeout: float = 10.0, every: float = 0.02
) -> Any:
    """The same in a coroutine; `condition` may be one, too."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen!r} after {timeout} s")
        await asyncio.sleep(every)
