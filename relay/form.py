"""One rendition that a camera's viewers may be on: at rest until somebody is on it, and again soon after.

Belongs here: what a rendition costs to begin with and whether it can be had. Not here: which one a viewer
gets (`relay/quality.py`), what is done for those who are on it (`relay/fanout.py`).

What a camera sends is held by the relay while anybody may watch it, so its pictures are there at once; what
not every viewer can be sent, while somebody may watch who can. What would have to be made for a weak link is
held, and made, only while somebody is on it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

from relay.fanout import Failed, Fanout
from relay.ports import Hold
from relay.sender import PictureSender
from streams.rendition import Rendition
from streams.state import Live, Offline, Reason

logger = logging.getLogger(__name__)

PEAK_DECAY = 0.95
"""Per second: a rendition's rate is taken to fall no faster. Two seconds may lie between two keyframes."""
RATE_S = 0.1
"""Seconds for which a rate that was measured holds: all viewers of a camera ask for it at the same time."""
IDLE_S = 5.0
"""Seconds after its last viewer that a fan-out ends, so that a change of mind costs no new encoder."""
START_S = 4.0
"""Seconds that a rendition made here may take to its first picture."""
REFUSED_S = 10.0
"""Seconds for which a rendition that the machine had no room to make is not asked for again."""


class Form:
    """`fanout` exists all the time and works while somebody is on it. viewers: ids of those that may come.

    most_bps: the most that it takes where it is made here, bit/s; 0 where the camera sends it.
    extra: one that is made only for viewers that are on it, with `hold` to get it; it can be had while
    `origin` gives pictures.
    keep: gets what is held as long as there are `viewers`. given: whether it is given out; None says always.
    """

    def __init__(
        self,
        rendition: Rendition,
        fanout: Fanout,
        run: Callable[[Form], asyncio.Task[None]],
        *,
        hold: Callable[[], Hold] | None = None,
        most_bps: float = 0.0,
        origin: Rendition | None = None,
        keep: Callable[[], Hold] | None = None,
        given: Callable[[], bool] | None = None,
    ) -> None:
        self.rendition = rendition
        self.fanout = fanout
        self.viewers: set[str] = set()
        self.most_bps = most_bps
        self._run = run
        self._acquire = hold
        self._origin = origin or rendition
        self._keep = keep
        self._given = given
        self._kept: Hold | None = None
        self._task: asyncio.Task[None] | None = None
        self._hold: Hold | None = None
        self._began = 0.0
        self._idle_since: float | None = None
        self._refused_until = float("-inf")
        self._peak: tuple[float, float] = (0.0, 0.0)

    @property
    def name(self) -> str:
        """The rendition's."""
        return self.fanout.name

    @property
    def extra(self) -> bool:
        """Whether it is made only for those who are on it."""
        return self._acquire is not None

    @property
    def is_given(self) -> bool:
        """Whether it is given out as things are now."""
        return self._given is None or self._given()

    @property
    def works(self) -> bool:
        """Whether its fan-out runs."""
        return self._task is not None

    @property
    def newest_gop_size(self) -> int:
        """Bytes of the newest group of pictures; of what is not made yet, of a second of it."""
        if self.most_bps and not self.works:
            return int(self.most_bps / 8)
        return self.fanout.history.gop_size or sum(unit.size for unit in self.rendition.ring.newest_gop())

    def bitrate(self, now: float) -> float:
        """Bit/s, the highest of the last while; of what is not made yet, the most that it will take."""
        if self.most_bps and not self.works:
            return self.most_bps
        at, peak = self._peak
        if 0 <= now - at < RATE_S:
            return peak or self.most_bps
        peak = max(self.rendition.ring.bitrate(now), peak * math.pow(PEAK_DECAY, now - at))
        self._peak = (now, peak)
        return peak or self.most_bps

    def is_available(self, now: float) -> bool:
        """Whether a viewer can be on it: it gives pictures, or will in a moment."""
        state = self.rendition.state
        if not self.extra:
            return isinstance(state, Live) and self.is_given
        if not self.works:
            return now >= self._refused_until and isinstance(self._origin.state, Live)
        if isinstance(state, Offline) and state.reason is Reason.OVERLOADED:
            if now >= self._refused_until:
                logger.warning(
                    "camera %s: no room to make %s; its viewers stay on what there is",
                    self.rendition.camera_id,
                    self.name,
                )
            self._refused_until = now + REFUSED_S
            return False
        return isinstance(state, Live) or now - self._began < START_S

    def has_no_room(self, now: float) -> bool:
        """Whether the machine has no room to make it."""
        state = self.rendition.state
        return now < self._refused_until or (isinstance(state, Offline) and state.reason is Reason.OVERLOADED)

    def join(self, viewer: str) -> None:
        """That viewer may come."""
        self.viewers.add(viewer)
        if self._keep is not None and self._kept is None:
            self._kept = self._keep()

    def leave(self, viewer: str) -> None:
        """It will not come any more."""
        self.viewers.discard(viewer)
        if not self.viewers:
            self._let_go()

    def attach(
        self, sender: PictureSender, failed: Failed | None, now: float, *, at_once: bool = False
    ) -> None:
        """Put a viewer on it, see `Fanout.attach`."""
        if self._task is None:
            self._began = now
            if self._acquire is not None:
                self._hold = self._acquire()
            self.fanout.open()
            self._task = self._run(self)
        self._idle_since = None
        # What is made for this viewer has no picture yet: it keeps its old ones until then.
        begins = self.extra or (self.most_bps > 0 and not self.fanout.history.gop_size)
        self.fanout.attach(sender, failed, at_once=at_once and not begins)

    def tend(self, now: float) -> None:
        """End the fan-out that nobody has been on for a while. To be called every now and then."""
        if self._task is None or self.fanout.busy:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since >= IDLE_S:
            self.end()

    def end(self) -> None:
        """End the fan-out, whoever is on it; it may begin again."""
        task, self._task = self._task, None
        hold, self._hold = self._hold, None
        if task is not None:
            task.cancel()
        self.fanout.close()
        if hold is not None:
            hold.release()

    def close(self) -> None:
        """End it for good."""
        self.end()
        self._let_go()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.release()
