"""H.264 pictures to arrays, for our own viewer. Nothing on the way to other viewers is ever decoded."""

from __future__ import annotations

from collections.abc import Iterable

import av
import av.error
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from streams.decoder import padded


class PictureDecoder:
    """Decodes one picture after another, without holding any back."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("h264", "r")
        self._codec.flags |= Flags.low_delay
        self._codec.thread_count = 1
        self.failures = 0
        """Pictures that could not be decoded."""

    def decode(self, nal_units: Iterable[bytes]) -> NDArray[np.uint8] | None:
        """The picture as height x width x 3 (BGR); None where the decoder has none to give."""
        data = b"".join(b"\0\0\0\1" + unit for unit in nal_units)
        try:
            frames = self._codec.decode(padded(data))
        except av.error.FFmpegError:
            self.failures += 1
            return None
        if not frames:
            return None
        picture: NDArray[np.uint8] = frames[-1].to_ndarray(format="bgr24").astype(np.uint8, copy=False)
        return picture
