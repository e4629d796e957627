"""How large a rendition is, and pictures of that size. Sizes are pure; scaling is FFmpeg's."""

from __future__ import annotations

import av
from av.video.reformatter import Interpolation, VideoReformatter

from streams.planes import PIXELS

Size = tuple[int, int]


def fit(width: int, height: int, most: int) -> Size:
    """The size of a `width` x `height` picture whose shorter side may have `most` samples.

    The shape is kept, both sides are even, and nothing is ever made larger.
    """
    short = min(width, height)
    scale = min(1.0, most / short)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Scaler:
    """Scales one picture to several sizes, each once."""

    def __init__(self) -> None:
        self._reformatters: dict[Size, VideoReformatter] = {}

    def scale(self, frame: av.VideoFrame, sizes: set[Size]) -> dict[Size, av.VideoFrame]:
        """The picture in each of these sizes, ready to be encoded; itself where it is so already."""
        for size in self._reformatters.keys() - sizes:
            del self._reformatters[size]
        found: dict[Size, av.VideoFrame] = {}
        for size in sizes:
            if size == (frame.width, frame.height) and frame.format.name == PIXELS:
                found[size] = frame
                continue
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            found[size] = reformatter.reformat(
                frame, *size, format=PIXELS, interpolation=Interpolation.BILINEAR
            )
        return found
