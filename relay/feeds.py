"""What is true of a camera's feed, from its renditions. Pure; `now` is monotonic seconds.

Belongs here: which rendition speaks for a camera, which one a viewer gets. Not here: what makes a state true
(`streams/freshness.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from relay.errors import Refused
from relay.ports import Feed
from streams.rendition import Rendition
from streams.state import Connecting, Live, Offline, Reason, SourceState, Stalled

_RANK: dict[type[SourceState], int] = {Live: 0, Stalled: 1, Connecting: 2, Offline: 3}


def feed_of(camera: str, renditions: Sequence[Rendition], now: float) -> Feed:
    """The feed by the best of the camera's renditions (at least one)."""
    # Of two that are live, one that nobody reads may have no picture to tell of.
    best = min(renditions, key=lambda each: (_RANK[type(each.state)], each.ring.newest is None))
    newest = best.ring.newest
    return Feed(
        camera=camera,
        state=best.state,
        newest_rtp=None if newest is None else newest.media_time & 0xFFFFFFFF,
        newest_age_s=None if newest is None else now - newest.arrived,
        limit_s=best.limit_s,
    )


def to_watch(by_preference: Sequence[Rendition], now: float, *, untouched: bool = False) -> Rendition:
    """The first rendition that gives a picture or is on its way to one. untouched: the viewer takes the
    camera's pictures as they come, so nothing has to be made for it.

    Raises `Refused`: 404 when there is none at all, 409 when the camera is offline, 503 when its pictures
    would have to be transcoded and the machine has no room for it.
    """
    if not by_preference:
        raise Refused(404, "no such camera")
    for rendition in by_preference:
        if not _is_offline(rendition.state):
            return rendition
    states = [rendition.state for rendition in by_preference]
    if any(isinstance(state, Offline) and state.reason is Reason.OVERLOADED for state in states):
        if untouched:
            return by_preference[0]
        # Nothing is wrong with the camera; the pictures that run are worth more than another one.
        raise Refused(503, "the machine has no room to transcode another camera", retry_after=5)
    raise Refused(409, "the camera is offline", retry_after=_next_attempt(by_preference[0].state, now))


def _is_offline(state: SourceState) -> bool:
    # One that was only just asked for has not begun to connect: that is not offline.
    return isinstance(state, Offline) and state.reason is not Reason.STOPPED


def _next_attempt(state: SourceState, now: float) -> int:
    """Whole seconds until the camera is tried again, at least 1."""
    if not isinstance(state, Offline) or state.next_attempt is None:
        return 1
    return max(1, math.ceil(state.next_attempt - now))
