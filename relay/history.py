"""The pictures of one rendition that may be asked for again: shared by all its viewers.

Two uses: a packet that a viewer reports as lost, and the newest group of pictures for one who joins or has
lost track. Bounded in bytes and in age; pictures keep their payloads, so nothing is packetized twice.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from relay.picture import Picture

KEEP_BYTES = 6 * 1024 * 1024
"""Beyond the newest group of pictures, older ones are kept up to this size: two 4K keyframes and some
more."""
KEEP_TICKS = 4 * 90_000
"""... and up to this age, 90 kHz: nobody asks for older packets."""
MOST_BYTES = 16 * 1024 * 1024
"""A group of pictures larger than this is not kept whole: whoever joins then waits for the next keyframe."""


class History:
    """The newest pictures by number. Numbers increase; a gap in them ends what can be replayed."""

    def __init__(
        self, *, keep_bytes: int = KEEP_BYTES, keep_ticks: int = KEEP_TICKS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._keep_bytes = keep_bytes
        self._keep_ticks = keep_ticks
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._size = 0
        self._keyframe: int | None = None  # number of the newest IDR that is still followed without a gap
        self._keyframe_size = 0  # bytes from there on
        self._keyframes: deque[tuple[int, float, int]] = deque(maxlen=2)  # media time, arrival, bytes

    @property
    def size(self) -> int:
        """Bytes of coded picture that are kept."""
        return self._size

    @property
    def newest(self) -> Picture | None:
        """The newest picture."""
        return next(reversed(self._pictures.values()), None)

    @property
    def gop_size(self) -> int:
        """Bytes of the newest group of pictures so far; 0 where there is none to start from."""
        return self._keyframe_size

    def next_keyframe(self, now: float) -> tuple[float, int] | None:
        """Seconds until the next keyframe is due, if the camera keeps its interval, and the bytes of the last
        one. None before there were two."""
        if len(self._keyframes) < 2:
            return None
        (first, _, _), (second, arrived, size) = self._keyframes
        return max(0.0, arrived + (second - first) / 90_000 - now), size

    def push(self, picture: Picture) -> None:
        """Add the newest picture and drop what is no longer needed."""
        unit = picture.unit
        size = unit.size
        newest = self.newest
        if unit.is_idr:
            self._keyframe, self._keyframe_size = unit.number, 0
            self._keyframes.append((unit.media_time, unit.arrived, size))
        elif newest is not None and unit.number != newest.unit.number + 1:
            self._keyframe, self._keyframe_size = None, 0
        self._pictures[unit.number] = picture
        self._size += size
        if self._keyframe is not None:
            self._keyframe_size += size
        self._trim(unit.media_time)

    def clear(self) -> None:
        """Forget all pictures."""
        self._pictures.clear()
        self._size = 0
        self._keyframe, self._keyframe_size = None, 0

    def find(self, number: int) -> Picture | None:
        """The picture with that number, if it is still there."""
        return self._pictures.get(number)

    def newest_gop(self) -> tuple[Picture, ...]:
        """The newest IDR and all that followed; empty where there is no complete one."""
        if self._keyframe is None:
            return ()
        gop: list[Picture] = []
        for number in reversed(self._pictures):
            gop.append(self._pictures[number])
            if number == self._keyframe:
                break
        return tuple(reversed(gop))

    def _trim(self, newest_time: int) -> None:
        while len(self._pictures) > 1:
            number, oldest = next(iter(self._pictures.items()))
            needed = self._keyframe is not None and number >= self._keyframe
            if needed:
                if self._size <= self._most_bytes:
                    return
                self._keyframe, self._keyframe_size = None, 0
            elif (
                self._size - self._keyframe_size <= self._keep_bytes
                and self._size <= self._most_bytes
                and newest_time - oldest.unit.media_time <= self._keep_ticks
            ):
                return
            del self._pictures[number]
            self._size -= oldest.unit.size
