"""RTP payloads to coded pictures, one module per codec: H.264 (RFC 6184), H.265 (RFC 7798), JPEG (RFC 2435),
MPEG-4 part 2 (RFC 6416).

Belongs here: what a payload means and where a picture ends. Sequence numbers are `rtp.py`'s, presentation
time is `timeline.py`'s. Pure: bytes in, pictures out through `emit`, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.counters import Counters
from streams.depacketize.h264 import H264Depacketizer
from streams.depacketize.h265 import H265Depacketizer
from streams.depacketize.jpeg import JpegDepacketizer
from streams.depacketize.mpeg4 import Mpeg4Depacketizer
from streams.depacketize.picture import MAX_PICTURE_BYTES, CodedPicture, Depacketizer
from streams.errors import CameraError
from streams.state import Reason

__all__ = ["MAX_PICTURE_BYTES", "CodedPicture", "Depacketizer", "H264Depacketizer", "depacketizer"]


def depacketizer(
    codec: str,
    parameter_sets: Iterable[bytes],
    emit: Callable[[CodedPicture], None],
    counters: Counters,
    size: tuple[int, int] | None = None,
) -> Depacketizer:
    """The depacketizer of a codec by its RTP encoding name.

    parameter_sets: what the session description gives ahead. size: width and height by the session
    description, for JPEG pictures too large for their own header. Raises `CameraError` where there is none.
    """
    match codec.upper():
        case "H264":
            return H264Depacketizer(parameter_sets, emit, counters)
        case "H265":
            return H265Depacketizer(parameter_sets, emit, counters)
        case "JPEG":
            return JpegDepacketizer(emit, counters, size)
        case "MP4V-ES":
            return Mpeg4Depacketizer(parameter_sets, emit, counters)
    raise CameraError(Reason.UNSUPPORTED_CODEC, "no depacketizer for this codec")
