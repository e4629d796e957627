"""Black: nothing to be seen. A night street has lamps, windows, or noise on what they light."""

from __future__ import annotations

import numpy as np

from streams.watch.look import Look

_LUMA = 30.0  # of a block at most; black is 16
_SPREAD = 3.0  # of luma in it
_STARK = 25.0  # spread of luma where name, clock or a bar of text is written: nearly white on black
_SHARE = 0.9  # of the blocks without text
_LEAST = 0.7  # of all blocks


def is_black(look: Look) -> bool:
    """Whether a picture shows nothing but text."""
    mean, spread = look.mean[look.seen], look.spread[look.seen]
    dark = np.count_nonzero((mean < _LUMA) & (spread < _SPREAD))
    plain = np.count_nonzero(spread < _STARK)
    return bool(dark > 0 and dark >= _SHARE * plain and dark >= _LEAST * mean.size)
