"""Waiting in tests: for a condition, with a deadline, and with words when it does not come."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_STEP_S = 0.005


async def until(condition: Callable[[], T | Awaitable[T]], what: str = "", *, deadline: float = 5.0) -> T:
    """The first true value of `condition`, asked again and again for at most `deadline` seconds.

    Where the thing waited for has an event, wait for that instead. Fails the test with `what` otherwise.
    """
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            wanted = what or inspect.getsource(condition).strip()
            raise AssertionError(f"did not come within {deadline} s: {wanted}; last: {value!r}")
        await asyncio.sleep(_STEP_S)


def until_sync(condition: Callable[[], T], what: str = "", *, deadline: float = 5.0) -> T:
    """`until` for tests without a loop: threads, child processes."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"did not come within {deadline} s: {what}; last: {value!r}")
        time.sleep(_STEP_S)
    return value
