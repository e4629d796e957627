"""Whether this worker may take another viewer without costing those it has. Pure: numbers and `now` in.

Belongs here: what counts as too busy. Not here: measuring (`relay/relay.py`), the limits by number
(`relay/settings.py`).

A worker that is late sends every viewer's pictures late. Two figures tell before that happens: how late the
event loop comes to what was due (the median over `WINDOW_S`), and which share of its core it uses (the mean).
So a hiccup turns nobody away, not even one of seconds: a machine that stood still and goes on has the very
viewers to take back that it kept waiting.
"""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW_S = 2.0
"""Seconds over which the figures are taken."""
LEAST_S = 1.0
"""Seconds that must have been observed before they say anything."""


class Load:
    """busy_share: of one core, 0 to 1; busy_lag_s: seconds. Above either the worker is too busy."""

    def __init__(self, busy_share: float, busy_lag_s: float) -> None:
        self._busy_share = busy_share
        self._busy_lag = busy_lag_s
        self._seen: deque[tuple[float, float, float]] = deque()

    def observe(self, now: float, lag: float, cpu: float) -> None:
        """`lag`: seconds that the loop came late just now. `cpu`: seconds of processor time that its thread
        has used since it began. `now`: monotonic seconds."""
        self._seen.append((now, max(lag, 0.0), cpu))
        while now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def share(self) -> float:
        """Share of one core, 0 to 1."""
        if self._span <= 0:
            return 0.0
        return (self._seen[-1][2] - self._seen[0][2]) / self._span

    @property
    def lag(self) -> float:
        """Seconds that the loop is late as a rule."""
        return median(lag for _, lag, _ in self._seen) if self._seen else 0.0

    @property
    def too_busy(self) -> bool:
        """Whether another viewer would be one too many."""
        if self._span < LEAST_S:
            return False
        return self.share > self._busy_share or self.lag > self._busy_lag

    @property
    def _span(self) -> float:
        return self._seen[-1][0] - self._seen[0][0] if self._seen else 0.0
