"""One direction of a TCP connection: bytes and the time go in, bytes come out when they are due. Pure.

TCP hides loss as waiting, so here nothing is ever lost or overtaken: a rate and a delay space the bytes out,
a blackout holds them until it is over. What waits is bounded; the shell stops reading when it is full, which
is what TCP itself would do.
"""

from __future__ import annotations

from collections import deque

from .impairment import PERFECT, Impairment


class StreamLink:
    """`delay`, `rate`, `queue` and `blackouts` of the impairment count; the rest belongs to datagrams."""

    def __init__(self, impairment: Impairment = PERFECT, *, start: float = 0.0) -> None:
        self.impairment = impairment
        self.start = start
        self.waiting = 0
        self._wire_free = start
        self._last_due = start
        self._chunks: deque[tuple[float, bytes]] = deque()

    @property
    def full(self) -> bool:
        """Whether the shell should leave the rest in the kernel for now."""
        return self.waiting >= self.impairment.queue

    def push(self, chunk: bytes, now: float) -> None:
        """Bytes enter at `now`."""
        rules = self.impairment
        leaves = self._after_blackout(max(now, self._wire_free))
        if rules.rate is not None:
            leaves += len(chunk) * 8 / rules.rate
        self._wire_free = leaves
        self._last_due = max(self._last_due, leaves + rules.delay)
        self.waiting += len(chunk)
        self._chunks.append((self._last_due, chunk))

    def poll(self, now: float) -> list[bytes]:
        """What has arrived by `now`, in order."""
        arrived = []
        while self._chunks and self._chunks[0][0] <= now:
            chunk = self._chunks.popleft()[1]
            self.waiting -= len(chunk)
            arrived.append(chunk)
        return arrived

    def next_due(self) -> float | None:
        """When to poll next; None while nothing is on its way."""
        return self._chunks[0][0] if self._chunks else None

    def _after_blackout(self, at: float) -> float:
        for begin, end in sorted(self.impairment.blackouts):
            if begin <= at - self.start < end:
                at = self.start + end
        return at
