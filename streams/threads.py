"""Work in worker threads whose hands must not be emptied before they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

_T = TypeVar("_T")


async def in_thread(pool: Executor, work: Callable[[], _T]) -> _T:
    """Do some work in the pool. Cancelled, it waits for the end of what is under way."""
    job = asyncio.get_running_loop().run_in_executor(pool, work)
    try:
        await asyncio.wait({job})
    except asyncio.CancelledError:
        await asyncio.wait({job})
        job.exception()
        raise
    return job.result()
