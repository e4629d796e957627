"""What a viewer costs: CPU and memory of the server per viewer of 2 Mbit/s and 25 pictures a second.

Camera, server and viewers are processes of their own; the viewers count datagrams and decode nothing.
Everything is on loopback, so the kernel's work for the receiving sockets is in the server's time as well.
What is told is the server's own CPU time (user and system) by `psutil`, everything included: RTSP, HTTP,
DTLS, checks, reports, history, pacing. Beside it, in the same run and at the same camera: aiortc's sender as
its own examples use it, and the prototype where it is present (`HOTLINE_TEST_PROTOTYPES`, default
`../shared/prototypes`).

The last figure adds viewers of 600 kbit/s until the server's core is full or the viewers' is.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from tests.bench._figures import say
from tests.bench._servers import Server, kinds, server
from tests.support.talker import Talker, child

NAMES = ("fanout",)
SIZES = (10, 50, 100)
_COMPARED = 30
_ROUNDS = 3
_SETTLE_S = 6.0  # for its first five seconds a viewer is told and asked twice as much
_MEASURE_S = 5.0
_SAMPLES = 3
_RAMP_FIRST = 100
_RAMP_SETTLE_S = 1.5
_RAMP_MEASURE_S = 4.0
_RAMP_SHARE = 0.6  # of what is missing to a full core, at each step
_FULL = 0.95  # of a core
_MOST_LOST = 0.01  # of the packets of the viewers that are looked at
_LEAST_RATE = 0.9  # of what the first ones got


@dataclass(frozen=True, slots=True)
class Sample:
    """A server over some seconds. cpu: share of a core. rate: bit/s to one viewer. rss: bytes at the end.
    lost: share of packets that did not come, of the first viewers. ended: viewers that the server gave up."""

    viewers: int
    cpu: float
    rate: float
    rss: int
    lost: float
    ended: int
    viewers_cpu: float

    @property
    def each(self) -> float:
        """Milliseconds of CPU per second and viewer."""
        return self.cpu * 1_000 / self.viewers


class Bench:
    """One server and its viewers."""

    def __init__(self, under_test: Server, crowd: Talker) -> None:
        self._server = psutil.Process(under_test.pid)
        self._crowd = crowd
        self._viewers = 0

    async def grow(self, viewers: int) -> int:
        """Open viewers until there are so many; returns how many of them could not be opened."""
        answer = await self._crowd.ask(f"open {viewers - self._viewers}", 180.0)
        self._viewers = viewers
        return int(answer["refused"])

    async def sample(self, seconds: float) -> Sample:
        """Measure for some seconds."""
        before, spent = await self._crowd.ask("count"), self._spent()
        await asyncio.sleep(seconds)
        after, spent = await self._crowd.ask("count"), self._spent() - spent
        elapsed = after["at"] - before["at"]
        return Sample(
            viewers=self._viewers,
            cpu=spent / elapsed,
            rate=(after["bytes"] - before["bytes"]) * 8 / elapsed / self._viewers,
            rss=self._server.memory_info().rss,
            ended=after["ended"],
            lost=(after["lost"] - before["lost"]) / max(1, after["due"] - before["due"]),
            viewers_cpu=(after["cpu"] - before["cpu"]) / elapsed,
        )

    def _spent(self) -> float:
        times = self._server.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def bench(kind: str, camera: str) -> AsyncIterator[Bench]:
    """A server that plays `camera`, and a crowd that watches it."""
    async with (
        server(kind, camera) as under_test,
        child("tests.bench._counting", under_test.url, under_test.token) as crowd,
    ):
        yield Bench(under_test, crowd)


async def run(_: str) -> Mapping[str, Any]:
    """The figures of issue 3's `fanout`."""
    async with child("tests.bench._steady_camera") as cameras:
        addresses = await cameras.answer()
        large, small = addresses["main"], addresses["sub"]
        mine = {sample.viewers: sample for sample in await _measure("ours", large, SIZES)}
        beside = await _compare(large)
        full = await _ramp(small)
    few, many = mine[SIZES[0]], mine[SIZES[-1]]
    each = {size: sample.each for size, sample in mine.items()} | {_COMPARED: beside["ours"]}
    figures: dict[str, Any] = {f"ms_per_s_per_viewer_{size}": round(each[size], 2) for size in sorted(each)}
    figures["mbit_per_s_per_viewer"] = round(many.rate / 1e6, 2)
    for kind in beside.keys() - {"ours"}:
        figures[f"{kind}_ms_per_s_per_viewer_{_COMPARED}"] = round(beside[kind], 2)
        figures[f"ratio_to_{kind}"] = round(beside["ours"] / beside[kind], 2)
    figures["rss_kb_per_viewer"] = round((many.rss - few.rss) / (many.viewers - few.viewers) / 1024)
    figures["viewers_600k_one_core"] = full
    return figures


async def _compare(camera: str) -> dict[str, float]:
    """Ours and others at `_COMPARED` viewers: medians of rounds in which each has its turn, because a machine
    is not as quick now as a minute later."""
    found: dict[str, list[float]] = {kind: [] for kind in kinds()}
    for _ in range(_ROUNDS):
        for kind in found:
            (sample,) = await _measure(kind, camera, (_COMPARED,))
            found[kind].append(sample.each)
    return {kind: statistics.median(samples) for kind, samples in found.items()}


async def _measure(kind: str, camera: str, sizes: Sequence[int]) -> list[Sample]:
    samples = []
    async with bench(kind, camera) as each:
        for size in sizes:
            if refused := await each.grow(size):
                raise RuntimeError(f"{refused} of {size} viewers could not be opened at {kind}")
            await asyncio.sleep(_SETTLE_S)
            taken = [await each.sample(_MEASURE_S) for _ in range(_SAMPLES)]
            sample = sorted(taken, key=lambda one: one.cpu)[_SAMPLES // 2]
            say(
                f"{kind} {size}: {sample.each:.2f} ms/s per viewer at {sample.rate / 1e6:.2f} Mbit/s, "
                f"{sample.rss / 1e6:.0f} MB, viewers' process {sample.viewers_cpu:.0%} of a core"
            )
            if sample.ended:
                raise RuntimeError(f"{sample.ended} of {size} viewers were ended by {kind}")
            samples.append(sample)
    return samples


async def _ramp(camera: str) -> int:
    """Viewers of the sub stream that one core carries: the largest number that all got everything."""
    best = 0
    rate = 0.0
    size = _RAMP_FIRST
    async with bench("ours", camera) as each:
        while True:
            if refused := await each.grow(size):
                say(f"600 kbit/s, {size}: {refused} could not be opened, the core is full")
                return best
            await asyncio.sleep(_RAMP_SETTLE_S)
            sample = await each.sample(_RAMP_MEASURE_S)
            say(
                f"600 kbit/s, {size}: {sample.cpu:.0%} of a core, {sample.rate / 1e3:.0f} kbit/s each, "
                f"{sample.lost:.2%} lost, viewers' process {sample.viewers_cpu:.0%}"
            )
            rate = rate or sample.rate
            if sample.lost > _MOST_LOST or sample.rate < _LEAST_RATE * rate or sample.ended:
                return best
            best = size
            # Never more than twice as many at once.
            size += int(size * min(1.0, _RAMP_SHARE * ((_FULL + 0.03) / sample.cpu - 1))) // 10 * 10
            if sample.cpu > _FULL or sample.viewers_cpu > _FULL or size < best + 10:
                return best
