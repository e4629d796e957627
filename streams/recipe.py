"""What a rendition is made like: sizes, rates, text on the picture. Values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.camera import RenditionName
from streams.scale import Size, fit

_BITS_PER_PIXEL = 0.085
_LEAST_BPS, _MOST_BPS = 300_000, 6_000_000


@dataclass(frozen=True, slots=True)
class Overlay:
    """Text on the picture, as a viewer's or a share's terms demand it. Each combination is a rendition of its
    own: one encoder more.

    name: show the camera's name. clock: show the time at which the picture was taken. watermark: who
    receives it.
    """

    name: bool = False
    clock: bool = False
    watermark: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """short_side: the most that the picture's shorter side may have. bitrate: the most, bit/s; None goes by
    the size. A calm picture takes less."""

    short_side: int
    bitrate: int | None = None

    def size(self, width: int, height: int) -> Size:
        """The rendition's size for a picture of that size."""
        return fit(width, height, self.short_side)

    def rate(self, size: Size) -> int:
        """The most that the rendition takes, bit/s."""
        if self.bitrate is not None:
            return self.bitrate
        return round(max(_LEAST_BPS, min(_MOST_BPS, size[0] * size[1] * 25 * _BITS_PER_PIXEL)))


RECIPES: Mapping[RenditionName, Recipe] = {
    # A browser's tile shows no more, and an encoder of 4K costs as much as four of these.
    RenditionName.MAIN: Recipe(1080),
    RenditionName.SUB: Recipe(1080),
    RenditionName.HIGH: Recipe(1080, 4_000_000),
    RenditionName.MEDIUM: Recipe(720, 2_000_000),
    RenditionName.LOW: Recipe(360, 300_000),
}


@dataclass(frozen=True, slots=True)
class Transcoding:
    """How this machine transcodes.

    encoder: FFmpeg's name of the one to use; None tries those of the graphics card first. cores: what it may
    take at most; None is three quarters of what there is. threads: None is one per core. utc_offset_h: of
    the clock in the picture, hours; Korea's by default.
    """

    encoder: str | None = None
    cores: float | None = None
    threads: int | None = None
    utc_offset_h: float = 9.0
    recipes: Mapping[RenditionName, Recipe] = field(default_factory=lambda: RECIPES)

    @property
    def budget(self) -> float:
        """Cores that transcoding may take."""
        return 0.75 * available_cores() if self.cores is None else self.cores


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))
