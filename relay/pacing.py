"""How fast one viewer's packets may leave. Pure.

A keyframe or a replay is many packets at once; handed over in one go, the queue in front of a slow link
drops its tail. A bucket of bytes that fills at a multiple of the link's rate spreads them, while an ordinary
picture goes out whole and at once.
"""

from __future__ import annotations

UNKNOWN_LINK_BPS = 32_000_000.0
"""Bit/s that a link is taken for until it is known: a group of pictures then starts a viewer within 100 ms,
and 40 ms carry an ordinary keyframe."""
PACE_FACTOR = 2.5
"""Packets leave at this multiple of the link's rate: the queue in front of it is short, never empty."""
LIMITED_PACE_FACTOR = 1.25
"""The same where the rate is a limit that the link has shown: a keyframe that stands in a slow link's queue
would have all retransmissions wait behind it."""
BURST_SECONDS = 0.005
"""What may leave at once, as seconds at the paced rate ..."""
LEAST_BURST = 12_000
MOST_BURST = 48_000
"""... but in bytes never less (an ordinary picture) and never more (the receive buffer of a browser) than
these."""


class Pacer:
    """A bucket of bytes. `now`: monotonic seconds, never going back."""

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, now: float, link_bps: float = UNKNOWN_LINK_BPS) -> None:
        self._filled_at = now
        self._rate = 0.0
        self._burst = 0.0
        self.set_link(link_bps)
        self._tokens = self._burst

    def set_link(self, link_bps: float, factor: float = PACE_FACTOR) -> None:
        """The link carries `link_bps` bit/s; packets leave at `factor` times that."""
        self._rate = factor * link_bps / 8
        self._burst = min(max(self._rate * BURST_SECONDS, LEAST_BURST), MOST_BURST)

    def room(self, now: float) -> float:
        """Bytes that may leave now; zero or less: none."""
        elapsed = now - self._filled_at
        self._filled_at = now
        self._tokens = min(self._tokens + elapsed * self._rate, self._burst)
        return self._tokens

    def take(self, size: int, now: float) -> bool:
        """Spend `size` bytes if there is room for them all."""
        tokens = self._tokens + (now - self._filled_at) * self._rate
        if tokens > self._burst:
            tokens = self._burst
        self._filled_at = now
        fits = tokens >= size
        self._tokens = tokens - size if fits else tokens
        return fits

    def spend(self, size: int) -> None:
        """`size` bytes left. The last packet may overdraw what `room` gave."""
        self._tokens -= size
