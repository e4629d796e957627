"""What one direction of a path does to datagrams, as plain values. No decision is taken here (see `link`)."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import ALL_KINDS, Kind


@dataclass(frozen=True, slots=True)
class Bursts:
    """Gilbert–Elliott loss: a two-state chain, one step per datagram.

    enter: probability of going from the good to the bad state; leave: back again; lost_good and lost_bad:
    probability of loss in each state. Mean length of a burst: 1 / leave datagrams.
    """

    enter: float
    leave: float
    lost_good: float = 0.0
    lost_bad: float = 1.0

    @classmethod
    def of(cls, loss: float, mean_length: float) -> Bursts:
        """Bursts of `mean_length` datagrams on average that lose the fraction `loss` in the long run."""
        if not 0 <= loss < 1 or mean_length < 1:
            raise ValueError(f"no such bursts: loss {loss}, mean length {mean_length}")
        leave = 1 / mean_length
        return cls(enter=min(1.0, leave * loss / (1 - loss)), leave=leave)

    @property
    def mean_loss(self) -> float:
        """The fraction lost in the long run."""
        if not self.enter + self.leave:
            return self.lost_good
        bad = self.enter / (self.enter + self.leave)
        return bad * self.lost_bad + (1 - bad) * self.lost_good


@dataclass(frozen=True, slots=True)
class Impairment:
    """One direction of a path. Everything adds up; the default is a perfect wire.

    loss: fraction lost, each datagram for itself.
    pattern: lost (True) or not, datagram by datagram, repeated for ever; empty for none.
    bursts: loss in bursts.
    delay, jitter: seconds; each datagram waits `delay` plus an even draw from 0..`jitter`, and never
        overtakes another (a router's queue keeps the order).
    reorder, reorder_by: fraction that is held back by `reorder_by` seconds more, so that later ones overtake.
    duplicate: fraction that arrives twice.
    rate, queue: bits per second of the narrowest link, and how many bytes wait in front of it before its
        tail is dropped; rate None for no limit.
    blackouts: (from, to) in seconds since the link's start during which everything is lost.
    kinds: what is impaired at all; the rest passes at once.
    """

    loss: float = 0.0
    pattern: tuple[bool, ...] = ()
    bursts: Bursts | None = None
    delay: float = 0.0
    jitter: float = 0.0
    reorder: float = 0.0
    reorder_by: float = 0.02
    duplicate: float = 0.0
    rate: float | None = None
    queue: int = 64_000
    blackouts: tuple[tuple[float, float], ...] = ()
    kinds: frozenset[Kind] = ALL_KINDS

    def __post_init__(self) -> None:
        for name in ("loss", "reorder", "duplicate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a fraction, not {getattr(self, name)}")
        for name in ("delay", "jitter", "reorder_by"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be negative")
        if self.rate is not None and self.rate <= 0:
            raise ValueError("a rate is more than nothing; use a blackout")


PERFECT = Impairment()


def loss_pattern(text: str) -> tuple[bool, ...]:
    """`"..x.x"` → lost where there is an x. Raises ValueError on any other sign."""
    if set(text) - {".", "x"}:
        raise ValueError(f"a pattern is made of . and x: {text!r}")
    return tuple(sign == "x" for sign in text)
