"""What the event loop could tell nobody: a task's exception that nobody waited for, a callback that raised.

Each is a fault of ours or of a library's. It is logged and counted (`hotline_loop_faults` in `/api/metrics`);
the service goes on, for what failed so has no owner who could end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)


class LoopFaults:
    """Counts them while `noted`."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def noted(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Hear of every one of `loop` while the block runs; whoever heard of them before still does."""
        before = loop.get_exception_handler()

        def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            self.count += 1
            log.error(
                "%s", context.get("message", "a fault in the event loop"), exc_info=context.get("exception")
            )
            if before is not None:
                before(loop, context)

        loop.set_exception_handler(note)
        try:
            yield
        finally:
            loop.set_exception_handler(before)
