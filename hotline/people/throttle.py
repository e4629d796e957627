"""How long an account must wait after wrong passwords. Pure.

안전성 확보조치 기준 §5⑥: access is limited after repeated failure. The wait grows and is bounded: a stranger
who types wrong passwords on purpose may slow a dispatcher down, but cannot keep him out for good.
"""

from __future__ import annotations

from dataclasses import dataclass

FREE = 3  # failures without any wait: people mistype


@dataclass(frozen=True, slots=True)
class Throttle:
    """failures: from this many on, the wait is the whole pause. pause_s: how long failures count, too."""

    failures: int = 10
    pause_s: float = 300.0

    def wait(self, failures: int, last_at: float, now: float) -> float:
        """Seconds until the next try is looked at; 0 when it may be made. Times: UTC seconds."""
        if failures < FREE or now - last_at >= self.pause_s:
            return 0.0
        pause = self.pause_s if failures >= self.failures else min(2.0 ** (failures - FREE), self.pause_s)
        return max(0.0, last_at + pause - now)

    def one_more(self, failures: int, last_at: float, now: float) -> int:
        """The number of failures that counts after one more: old ones are forgotten after the pause."""
        return 1 if now - last_at >= self.pause_s else failures + 1
