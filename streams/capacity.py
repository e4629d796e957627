"""How much transcoding this machine still takes. Pure: CPU seconds and `now` in, yes or no out.

A new demand is let in if what runs, by measurement, and what it is expected to cost fit the budget together.
What runs is never stopped for it. Expectations come from what the same kind of work has cost on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_WINDOW_S = 1.0
_GAIN = 0.5  # of the newest window
_STEADY_WINDOWS = 3  # from then on the measurement speaks alone
_LEARN = 0.05
_DECODE_MS = 6.0  # per megapixel, until learned
_ENCODE_MS = 12.0


class Costs:
    """CPU time per megapixel by kind of work, learned."""

    def __init__(self, encode_ms: float = _ENCODE_MS) -> None:
        self._encode_ms = encode_ms
        self._learned: dict[str, float] = {}

    def learn(self, kind: str, megapixels: float, cpu_s: float) -> None:
        """That much work of a kind took so long."""
        if megapixels > 0:
            ms = cpu_s * 1e3 / megapixels
            known = self._learned.get(kind)
            self._learned[kind] = ms if known is None else known + (ms - known) * _LEARN

    def expect(self, kind: str, megapixels_per_s: float) -> float:
        """Cores that a kind of work will take."""
        default = self._encode_ms if kind == "encode" else _DECODE_MS
        return self._learned.get(kind, default) * megapixels_per_s / 1e3


@dataclass(slots=True)
class _Load:
    expected: float  # cores
    since: float
    spent: float = 0.0
    cores: float = 0.0
    windows: int = 0

    @property
    def value(self) -> float:
        return self.cores if self.windows >= _STEADY_WINDOWS else max(self.cores, self.expected)


class Capacity:
    """Works by name, each with its load, against a budget in cores."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.refused = 0
        self._loads: dict[str, _Load] = {}

    @property
    def used(self) -> float:
        """Cores taken, measured where it is known and expected where it is new."""
        return sum(load.value for load in self._loads.values())

    def admit(self, works: Mapping[str, float], now: float) -> bool:
        """Let works in that only make sense together, each with the cores it is expected to take; False, and
        none is in, if they do not fit. One that is in already stays in, and is not counted again. A machine
        that does nothing takes one demand whatever it costs.
        """
        new = {name: cores for name, cores in works.items() if name not in self._loads}
        if self._loads and new and self.used + sum(new.values()) > self.budget:
            self.refused += 1
            return False
        for name, cores in new.items():
            self._loads[name] = _Load(cores, now)
        return True

    def spend(self, name: str, cpu_s: float, now: float) -> None:
        """A work has taken so much CPU time."""
        load = self._loads.get(name)
        if load is None:
            return
        load.spent += cpu_s
        passed = now - load.since
        if passed >= _WINDOW_S:
            cores = load.spent / passed
            load.cores = cores if load.windows == 0 else load.cores + (cores - load.cores) * _GAIN
            load.windows += 1
            load.since, load.spent = now, 0.0

    def release(self, name: str) -> None:
        """A work has ended."""
        self._loads.pop(name, None)
