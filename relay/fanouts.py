"""The fan-outs that run: one per rendition, from its first viewer until nobody may watch the camera any more.

Belongs here: who owns a fan-out's task. Not here: what a fan-out does (`relay/fanout.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from relay.fanout import Fanout
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Camera and profile."""


@dataclass(slots=True, eq=False)
class RunningFanout:
    """A fan-out with its task, and the ids of the viewers that need it."""

    fanout: Fanout
    task: asyncio.Task[None]
    viewers: set[str] = field(default_factory=set)


class Fanouts:
    """`failed` is called with the viewers of a fan-out that broke."""

    def __init__(self, failed: Callable[[Collection[str]], None]) -> None:
        self._failed = failed
        self._running: dict[Key, RunningFanout] = {}

    def start(self, rendition: Rendition, group: asyncio.TaskGroup) -> RunningFanout:
        """The fan-out of `rendition`; it runs in `group` if it does not run already."""
        key = (rendition.camera_id, rendition.name)
        running = self._running.get(key)
        if running is None:
            fanout = Fanout(rendition)
            task = group.create_task(self._run(key, fanout), name=f"fan-out {key[0]}/{key[1]}")
            running = self._running[key] = RunningFanout(fanout, task)
        return running

    def end_unused(self, camera: str) -> None:
        """End the fan-outs of a camera that no viewer needs."""
        for key, running in list(self._running.items()):
            if key[0] == camera and not running.viewers:
                running.task.cancel()
                del self._running[key]

    def end_all(self) -> None:
        """End them all."""
        for running in self._running.values():
            running.task.cancel()
        self._running.clear()

    def all(self) -> list[Fanout]:
        """Every fan-out that runs, for statistics."""
        return [running.fanout for running in self._running.values()]

    async def _run(self, key: Key, fanout: Fanout) -> None:
        try:
            await fanout.run()
        except Exception:
            # One camera's fault must not end the others: its viewers come back to a fresh fan-out.
            logger.exception("fan-out of camera %s, %s, failed", *key)
            self._failed(self._running.pop(key).viewers)
