"""The machine-readable time code in the bottom row of every simulated picture.

Belongs here: drawing it and reading it back, on bare arrays. `tests/browser/timecode.js` reads the same code
in a browser. No clock, no picture besides the strip.

The strip is the bottom row of 64 cells, left to right. A cell is 1/64 of the picture's width wide and as
high; white is 1, black is 0:

    8 bits   10101100, to find it by
    40 bits  Unix time of the capture in milliseconds, modulo 2^40 (34.8 years), most significant bit first
    16 bits  CRC-16/CCITT-FALSE over the five bytes of the time

It survives scaling and any codec as long as a cell keeps a few pixels.
"""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

CELLS = 64
MODULUS = 1 << 40
_SYNC = 0b10101100
_WHITE, _BLACK = 235, 16  # the limits of video-range luma, so that YUV and BGR pictures look alike


def strip_height(width: int) -> int:
    """Height of the strip in pixels, for a picture `width` pixels wide."""
    return max(1, width // CELLS)


def _code(unix_ms: int) -> int:
    time = (unix_ms % MODULUS).to_bytes(5, "big")
    return _SYNC << 56 | int.from_bytes(time, "big") << 16 | binascii.crc_hqx(time, 0xFFFF)


def row(width: int, unix_ms: int) -> Pixels:
    """One line of pixels of the strip, luma, `width` long."""
    bits = np.unpackbits(np.frombuffer(_code(unix_ms).to_bytes(8, "big"), np.uint8))
    cells = np.where(bits == 1, np.uint8(_WHITE), np.uint8(_BLACK))
    return cells[np.arange(width) * CELLS // width]


def draw(frame: Pixels, unix_ms: int) -> None:
    """Write the code into the bottom of `frame`, luma (height, width) or colour (height, width, 3)."""
    line = row(frame.shape[1], unix_ms)
    frame[-strip_height(frame.shape[1]) :] = line if frame.ndim == 2 else line[:, None]


def read(frame: npt.NDArray[Any], near_ms: int | None = None) -> int | None:
    """The time code in a picture, luma or colour, of any size; None where there is no whole one.

    Returns milliseconds modulo 2^40, or with `near_ms` the Unix time in milliseconds nearest to that.
    """
    height, width = frame.shape[:2]
    cell = width / CELLS
    if cell < 2 or height < cell:
        return None
    top, bottom = height - int(cell * 0.75), height - int(cell * 0.25)
    strip = frame[top : max(bottom, top + 1)].astype(np.float32)
    levels = strip.mean(axis=tuple(axis for axis in range(strip.ndim) if axis != 1))
    cells = np.array(
        [levels[int((i + 0.25) * cell) : int((i + 0.75) * cell) + 1].mean() for i in range(CELLS)]
    )
    sync = np.unpackbits(np.array([_SYNC], np.uint8)).astype(bool)
    white, black = float(cells[:8][sync].min()), float(cells[:8][~sync].max())
    if white - black < 60:
        return None
    code = int.from_bytes(np.packbits(cells > (white + black) / 2).tobytes(), "big")
    time = code >> 16 & (MODULUS - 1)
    if code != _code(time):
        return None
    if near_ms is None:
        return time
    return near_ms + (time - near_ms + MODULUS // 2) % MODULUS - MODULUS // 2
