"""What comes out of a depacketizer, and what each of them is to the rest: values and a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from streams.parameter_sets import Format

MAX_PICTURE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One picture before it has a number and a time: 32-bit RTP time stamp, keyframe or not, NAL units.

    Of codecs without NAL units the whole picture is one unit.
    """

    timestamp: int
    is_idr: bool
    nal_units: tuple[bytes, ...]


class Depacketizer(Protocol):
    """One video track's payloads to pictures. The seam between codecs."""

    def feed(self, payload: memoryview, timestamp: int, marker: bool) -> None:
        """Take the next payload in sequence. Never raises for what the bytes hold."""

    def lost(self) -> None:
        """Packets before the next one are missing."""

    @property
    def ready(self) -> bool:
        """Whether what a decoder must know before the first keyframe is known."""
        ...

    @property
    def version(self) -> int:
        """Counts changes of `format` and `sps`."""
        ...

    @property
    def format(self) -> Format | None:
        """What the pictures are, as far as their headers have said."""
        ...

    @property
    def sps(self) -> bytes | None:
        """The newest sequence parameter set, of codecs that have them."""
        ...
