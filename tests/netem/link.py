"""One direction of a path: datagrams and the time go in, datagrams come out when they are due.

No clock, no socket, no task: the caller says what time it is. The same seed and the same datagrams at the
same times give the same result, and each kind of fault draws from a sequence of its own, so that switching
one on leaves what the others do as it was.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass
from typing import Generic, TypeVar

from .impairment import PERFECT, Impairment
from .kinds import kind_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delivery(Generic[T]):
    """A datagram on its way. `due`: seconds on the caller's clock."""

    due: float
    datagram: bytes
    label: T


class Link(Generic[T]):
    """One direction. `label` travels with a datagram untouched (the shell keeps there whose it is).

    start: the caller's time from which blackouts are counted. What waits is bounded by `limit` datagrams
    (then the newest is dropped and counted as `overflow`), besides the queue in front of a rate.
    """

    def __init__(
        self,
        impairment: Impairment = PERFECT,
        *,
        seed: int | str = 0,
        start: float = 0.0,
        limit: int = 50_000,
    ) -> None:
        self.impairment = impairment
        self.start = start
        self.counts: Counter[str] = Counter()
        self._limit = limit
        self._draws = {
            name: random.Random(f"{seed}/{name}")
            for name in ("loss", "bursts", "jitter", "reorder", "duplicate")
        }
        self._seen = 0
        self._bad = False
        self._wire_free = start
        self._ordered_until = start
        self._waiting: list[tuple[float, int, Delivery[T]]] = []
        self._pushed = 0

    def push(self, datagram: bytes, now: float, label: T) -> None:
        """A datagram enters at `now`."""
        self.counts["in"] += 1
        rules = self.impairment
        if kind_of(datagram) not in rules.kinds:
            self._enqueue(now, datagram, label)
            return
        if (why := self._lost(now)) is not None:
            self.counts[why] += 1
            return
        leaves = self._through_rate(len(datagram), now)
        if leaves is None:
            self.counts["queue_full"] += 1
            return
        due = leaves + rules.delay
        if rules.jitter:
            due += self._draws["jitter"].uniform(0, rules.jitter)
        if rules.reorder and self._draws["reorder"].random() < rules.reorder:
            self.counts["reordered"] += 1
            due += rules.reorder_by
        else:
            due = self._ordered_until = max(due, self._ordered_until)
        self._enqueue(due, datagram, label)
        if rules.duplicate and self._draws["duplicate"].random() < rules.duplicate:
            self.counts["duplicated"] += 1
            self._enqueue(due, datagram, label)

    def poll(self, now: float) -> list[Delivery[T]]:
        """Everything due by `now`, in the order in which it arrives."""
        arrived = []
        while self._waiting and self._waiting[0][0] <= now:
            arrived.append(heapq.heappop(self._waiting)[2])
        self.counts["out"] += len(arrived)
        return arrived

    def next_due(self) -> float | None:
        """When to poll next; None while nothing is on its way."""
        return self._waiting[0][0] if self._waiting else None

    def _lost(self, now: float) -> str | None:
        """Why this datagram is lost, or None. Every rule takes its step, whichever speaks first."""
        rules = self.impairment
        patterned = bool(rules.pattern) and rules.pattern[self._seen % len(rules.pattern)]
        self._seen += 1
        alone = bool(rules.loss) and self._draws["loss"].random() < rules.loss
        burst = rules.bursts is not None and self._in_burst()
        since = now - self.start
        if any(begin <= since < end for begin, end in rules.blackouts):
            return "blackout"
        if patterned or alone or burst:
            return "lost"
        return None

    def _in_burst(self) -> bool:
        bursts = self.impairment.bursts
        assert bursts is not None
        draw = self._draws["bursts"]
        turn, lose = draw.random(), draw.random()
        self._bad = turn >= bursts.leave if self._bad else turn < bursts.enter
        return lose < (bursts.lost_bad if self._bad else bursts.lost_good)

    def _through_rate(self, size: int, now: float) -> float | None:
        """When the last bit has left the narrowest link; None when its queue is full."""
        rate = self.impairment.rate
        if rate is None:
            return now
        waiting = max(0.0, self._wire_free - now) * rate / 8
        if waiting + size > self.impairment.queue:
            return None
        self._wire_free = max(self._wire_free, now) + size * 8 / rate
        return self._wire_free

    def _enqueue(self, due: float, datagram: bytes, label: T) -> None:
        if len(self._waiting) >= self._limit:
            self.counts["overflow"] += 1
            return
        self._pushed += 1
        heapq.heappush(self._waiting, (due, self._pushed, Delivery(due, datagram, label)))
