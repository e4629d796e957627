"""The fan-outs that run: one per rendition, from its first viewer until nobody may watch the camera any more.

Belongs here: who owns a fan-out's task. Not here: what a fan-out does (`relay/fanout.py`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from relay.fanout import Fanout
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Camera and profile."""
PEAK_DECAY = 0.95
"""Per second: a rendition's rate is taken to fall no faster. Two seconds may lie between two keyframes."""


@dataclass(slots=True, eq=False)
class RunningFanout:
    """A fan-out with its task, and the ids of the viewers that need it: now, or as soon as their link or
    their wish changes."""

    rendition: Rendition
    fanout: Fanout
    task: asyncio.Task[None]
    viewers: set[str] = field(default_factory=set)
    _peak: tuple[float, float] = (0.0, 0.0)

    @property
    def newest_gop_size(self) -> int:
        """Bytes of the newest group of pictures. Those from before the fan-out ran count too."""
        return self.fanout.history.gop_size or sum(unit.size for unit in self.rendition.ring.newest_gop())

    def bitrate(self, now: float) -> float:
        """Bit/s, the highest of the last while."""
        at, peak = self._peak
        peak = max(self.fanout.bitrate(now), peak * math.pow(PEAK_DECAY, now - at))
        self._peak = (now, peak)
        return peak


class Fanouts:
    """`failed` is called with the viewers of a fan-out that broke. instant_start: see `relay/fanout.py`."""

    def __init__(self, failed: Callable[[Collection[str]], None], *, instant_start: bool = True) -> None:
        self._failed = failed
        self._instant_start = instant_start
        self._running: dict[Key, RunningFanout] = {}

    def start_all(
        self, renditions: Sequence[Rendition], group: asyncio.TaskGroup
    ) -> tuple[RunningFanout, ...]:
        """The fan-outs of a camera's renditions, each once, in their order; they run in `group`."""
        return tuple(dict.fromkeys(self.start(rendition, group) for rendition in renditions))

    def start(self, rendition: Rendition, group: asyncio.TaskGroup) -> RunningFanout:
        """The fan-out of `rendition`; it runs in `group` if it does not run already."""
        key = (rendition.camera_id, rendition.name)
        running = self._running.get(key)
        if running is None:
            fanout = Fanout(
                rendition,
                request_keyframe=rendition.request_keyframe,
                instant_start=self._instant_start,
            )
            task = group.create_task(self._run(key, fanout), name=f"fan-out {key[0]}/{key[1]}")
            running = self._running[key] = RunningFanout(rendition, fanout, task)
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
