"""A schedule that fails is shortened for as long as it still fails, halves first, so that its cause can be seen."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def shrink(
    steps: Sequence[T], fails: Callable[[Sequence[T]], Awaitable[bool]]
) -> tuple[T, ...]:
    """The shortest that was found; one of which nothing more can be left out, if failing repeats."""
    left = tuple(steps)
    size = len(left) // 2
    while size >= 1:
        begin = 0
        while begin < len(left):
            tried = left[:begin] + left[begin + size :]
            if tried and await fails(tried):
                left = tried
            else:
                begin += size
        size //= 2
    return left
