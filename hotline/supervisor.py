"""Runs the service's long-lived parts in one task group and ends them in a stated order, with deadlines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name for the log, its `run`, and how long it may take to end (seconds)."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]
    stop_s: float


class Supervisor:
    """Starts parts in order and stops them in the reverse one.

    A part that ends or fails by itself is logged with its stack and calls `on_failure`; the others go on
    until they are stopped, so that what can still be done (end viewers, write the record) is done in order.
    """

    def __init__(self, parts: tuple[Part, ...], on_failure: Callable[[], None]) -> None:
        self._parts = parts
        self._on_failure = on_failure
        self._tasks: list[tuple[Part, asyncio.Task[None]]] = []
        self._stopping = False

    def start(self, group: asyncio.TaskGroup) -> None:
        """Starts every part in `group`, which waits for them at its end."""
        for part in self._parts:
            self._tasks.append((part, group.create_task(self._supervised(part), name=part.name)))

    async def stop(self) -> None:
        """Ends the parts, the last started first; a part that hangs is named and left to the task group."""
        self._stopping = True
        for part, task in reversed(self._tasks):
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=part.stop_s)
            if not done:
                log.error("%s did not end within %.1f s", part.name, part.stop_s)

    async def _supervised(self, part: Part) -> None:
        try:
            await part.run()
        except Exception as error:
            log.critical("%s failed", part.name, exc_info=error)
        else:
            log.critical("%s ended by itself", part.name)
        if not self._stopping:
            self._on_failure()
