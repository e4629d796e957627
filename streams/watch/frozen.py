"""Frozen: an encoder that gives the same picture again and again, while the clock in it may run on.

What tells it from a street on which nothing moves is noise. A sensor's grain is another one in every picture,
and an encoder makes something else of it everywhere; a picture that is encoded again comes out the same to
the last sample, but for the few blocks with a clock. There are live cameras without any noise (a strong
encoder, a bright day): they show what they are by moving again after they stood still, and for a while more
is asked of them.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from streams.planes import Plane
from streams.watch.fault import Suspicion
from streams.watch.look import Look, block_mean

_SAME = 0.08  # mean difference of luma in a block that is the same
_SHARE = 0.8  # of the blocks that are the same, where all is: a clock and a ticker take the rest
_REMEMBERED = 3  # pictures compared with: a quantizer that wavers comes back
_CONFIRM = 2
_MOST_PATIENCE = 20
_PATIENCE = 2.0  # times the longest stillness that ended by itself; a longer one was a true freeze
_FORGET = 0.999  # of that patience, with each picture that is another: half in twenty minutes


def same_share(one: Plane, other: Plane, look: Look) -> float:
    """The share of blocks in which two pictures (`Look.fine`) are the same; of those that `look` sees."""
    difference = block_mean(cv2.absdiff(one, other).astype(np.float32))
    if not look.seen.any():
        return 0.0
    return float(np.mean(difference[look.seen] < _SAME))


class Stillness:
    """Judges one camera's pictures one after the other."""

    def __init__(self) -> None:
        self.suspicion = Suspicion(_CONFIRM)
        self._before: deque[Plane] = deque(maxlen=_REMEMBERED)
        self._still = 0  # pictures in a row that were the same as one before
        self._changed = 0
        self._patience = float(_CONFIRM)

    @property
    def still(self) -> bool:
        """Whether the newest picture is one that was there before."""
        return self._still > 0

    def see(self, look: Look, now: float) -> None:
        """Take in the next picture."""
        still = any(same_share(look.fine, before, look) >= _SHARE for before in self._before)
        self._before.append(look.fine)
        if still:
            self._still, self._changed = self._still + 1, 0
        else:
            self._changed += 1
            self._patience = max(_CONFIRM, self._patience * _FORGET)
            wanted = self._still * _PATIENCE
            if self._changed == 1 and self._patience < wanted <= _MOST_PATIENCE:
                self._patience = wanted  # it stood still and goes on by itself: this camera does that
            self._still = 0
        self.suspicion.see(still, now, round(self._patience))

    def begin_anew(self) -> None:
        """The pictures to come do not compare with those before: another stream, another size."""
        self._before.clear()
        self._still = self._changed = 0
        self.suspicion.forget()
