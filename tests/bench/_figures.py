"""The few statistics that the benches print, and a word to the person who watches. Pure but for `say`."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence


def median(samples: Sequence[float], digits: int = 1) -> float:
    """The median, rounded. Raises ValueError when there is nothing to speak of."""
    if not samples:
        raise ValueError("nothing was measured")
    return round(statistics.median(samples), digits)


def percentile(samples: Sequence[float], percent: float, digits: int = 1) -> float:
    """The smallest sample that at least `percent` of all do not exceed (nearest rank), rounded."""
    if not samples:
        raise ValueError("nothing was measured")
    rank = max(1, math.ceil(percent / 100 * len(samples)))
    return round(sorted(samples)[rank - 1], digits)


def say(text: str) -> None:
    """A line for whoever watches: standard output belongs to the result."""
    print(text, file=sys.stderr, flush=True)
