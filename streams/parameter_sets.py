"""What every codec's depacketizer knows of the pictures to come: their format, and the parameter sets that
stand in front of a keyframe. Bounded. What a set means is `h264.py`'s and `h265.py`'s.
"""

from __future__ import annotations

from typing import Protocol

MAX_SET_BYTES = 4096  # of one parameter set; real ones take tens


class Format(Protocol):
    """What a codec's header says of the picture. Sizes are luma samples after cropping."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def frames_per_second(self) -> float | None:
        """Where the header gives it."""
        ...

    @property
    def may_reorder(self) -> bool:
        """Whether pictures may come in another order than they are shown in. True where it is left open."""
        ...


class SetStore:
    """The newest parameter sets of one video by kind and id, in the order they go in front of a keyframe.

    limits: how many of each kind are kept; one more pushes the oldest out.
    """

    __slots__ = ("_kinds", "_limits", "version")

    def __init__(self, *limits: int) -> None:
        self._limits = limits
        self._kinds: tuple[dict[int, bytes], ...] = tuple({} for _ in limits)
        self.version = 0  # counts changes

    def keep(self, kind: int, number: int, nal: bytes) -> bool:
        """Keep a set of that kind and id; True if it says something new."""
        known = self._kinds[kind]
        if known.get(number) == nal:
            return False
        if number not in known and len(known) >= self._limits[kind]:
            del known[next(iter(known))]
        known[number] = nal
        self.version += 1
        return True

    @property
    def complete(self) -> bool:
        """Whether a decoder could start: at least one of each kind."""
        return all(self._kinds)

    def units(self) -> list[bytes]:
        """All sets in the order in which they go in front of a keyframe."""
        return [nal for known in self._kinds for nal in known.values()]


class ParameterSetStore(Protocol):
    """A codec's parameter sets as the depacketizers of `depacketize/nal.py` use them."""

    @property
    def version(self) -> int:
        """Counts changes."""
        ...

    @property
    def complete(self) -> bool:
        """Whether a decoder could start."""
        ...

    @property
    def active(self) -> Format | None:
        """The newest SPS, parsed."""
        ...

    @property
    def sps(self) -> bytes | None:
        """The newest SPS as it came."""
        ...

    def add(self, nal: bytes) -> bool:
        """Take a set; True if it says something new. Raises `ProtocolError` if it is none."""
        ...

    def units(self) -> list[bytes]:
        """All sets in the order in which they go in front of a keyframe."""
        ...
