"""What the picture watch finds and what it wrongly finds, on labelled keyframes; what a keyframe costs.

`found`: the share of faults that are told, by their right name, within three keyframes. `false_alarms`: the
share of good keyframes at which anything is told. Both on places that no threshold was chosen by; `tuned` has
the same figures on the others. See `tests/pictures/labelled.py`. `nine`: what this process takes for nine
cameras that are received, main and small stream, with the watch and without, and how late its loop comes.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from streams.camera import Camera, ProfileName
from streams.hub import CameraHub
from streams.simulator.camera import SimulatedCamera
from streams.watch.fault import PictureFault
from streams.watch.look import look_at
from streams.watch.watch import Watch
from streams.watch.watcher import Watcher
from tests.bench._figures import median, say
from tests.pictures.coding import Sensor
from tests.pictures.labelled import TESTED, TUNED, Scenario, scenarios
from tests.pictures.places import STEP_S, Street
from tests.pictures.spoiling import view
from tests.support.city import city
from tests.support.loop_lag import loop_lag
from tests.support.waiting import until

NAMES = ("picture_watch",)
LONG = ("picture_watch",)
_CAMERAS = 9
_WARM_S = 4.0
_MEASURE_S = 10.0


class Tally:
    """Counts one half of the set."""

    def __init__(self) -> None:
        self.faults: Counter[PictureFault] = Counter()
        self.found: Counter[PictureFault] = Counter()
        self.wrong: Counter[PictureFault] = Counter()
        self.good = 0
        self.flagged = 0
        self.misses: list[str] = []

    def take(self, scenario: Scenario) -> None:
        """Run one camera's watch over its keyframes."""
        now, watch = 0.0, Watch()
        for look in scenario.lesson:
            now += STEP_S
            watch.see(look, now)
        taught = copy.deepcopy(watch)
        for number, look in enumerate(scenario.good):
            now += STEP_S
            watch.see(look, now)
            told = {finding.fault for finding in watch.findings}
            self.good += 1
            self.flagged += bool(told)
            self.wrong.update(told)
            if told:
                self.misses.append(f"{scenario.name}, good {number}: {', '.join(sorted(told))}")
        for case in scenario.cases:
            spoiled = copy.deepcopy(taught)
            told = set()
            for look in (*case.good, *case.bad):
                now += STEP_S
                spoiled.see(look, now)
                told = {finding.fault for finding in spoiled.findings}
            self.faults[case.fault] += 1
            self.found[case.fault] += case.fault in told
            if case.fault not in told:
                self.misses.append(f"{scenario.name}: {case.fault} told as {sorted(told) or 'nothing'}")

    def figures(self) -> dict[str, Any]:
        """As the bench tells them."""
        return {
            "found": round(self.found.total() / self.faults.total(), 4),
            "false_alarms": round(self.flagged / self.good, 4),
            "by_kind": {
                fault.value: {
                    "found": round(self.found[fault] / self.faults[fault], 4),
                    "false_alarms": round(self.wrong[fault] / self.good, 4),
                    "faults": self.faults[fault],
                }
                for fault in PictureFault
            },
            "faults": self.faults.total(),
            "good_keyframes": self.good,
        }


def tally(places: tuple[str, ...]) -> Tally:
    """One half."""
    counted = Tally()
    for scenario in scenarios(places):
        counted.take(scenario)
    return counted


async def run(_: str) -> Mapping[str, Any]:
    """Shares, and CPU milliseconds for each keyframe."""
    halves = {}
    for name, places in (("tuned", TUNED), ("tested", TESTED)):
        half = tally(places)
        for miss in half.misses:
            say(f"{name}: {miss}")
        halves[name] = half.figures()
    return {**halves["tested"], "tuned": halves["tuned"], **_costs(), "nine": await _nine()}


def _costs() -> dict[str, float]:
    """What looking and judging take, apart from the decoder."""
    sensor, watch = Sensor(1.0, named=True, seed=1), Watch()
    looking, judging = [], []
    for number, canvas in enumerate(Street("junction").take(40)):
        frame = sensor.keyframe(sensor.grain(view(canvas)), 30)
        begin = time.thread_time()
        look = look_at(frame)
        looked = time.thread_time()
        watch.see(look, number * STEP_S)
        looking.append((looked - begin) * 1e3)
        judging.append((time.thread_time() - looked) * 1e3)
    return {"look_cpu_ms": median(looking, 2), "judge_cpu_ms": median(judging, 2)}


class _NoShelf:
    """Keeps no view: every one is learnt, which costs the most."""

    async def load(self, camera_id: str) -> Mapping[str, bytes]:
        return {}

    async def save(self, camera_id: str, views: Mapping[str, bytes]) -> None:
        return None


async def _nine() -> dict[str, Any]:
    """The media side alone, nobody watching, so that the difference is seen."""
    scenes = ("market", "junction", "road")
    ordered = [
        SimulatedCamera(f"c{number}", f"C{number}", scene=scenes[number % 3], size=(960, 540))
        for number in range(_CAMERAS)
    ]
    async with city(ordered) as simulated:
        cameras = {name: Camera(name, name, urls) for name, urls in simulated.addresses.items()}
        hub = CameraHub(cameras.get, lambda _: None)
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        holds = [hub.hold(name, profile, urgent=True) for name in cameras for profile in ProfileName]
        await until(lambda: len(hub.keyframes()) == _CAMERAS, "all cameras send", deadline=60)
        await asyncio.sleep(_WARM_S)
        without = await _measured()
        watcher = Watcher(hub.keyframes, _NoShelf())
        watching = asyncio.create_task(watcher.run())
        await asyncio.sleep(_WARM_S)
        looks, spent = watcher.looks, watcher.cpu_s
        measured = await _measured()
        looks, spent = watcher.looks - looks, watcher.cpu_s - spent
        for hold in holds:
            hold.release()
        for task in (watching, running):
            task.cancel()
        await asyncio.gather(watching, running, return_exceptions=True)
    return {
        "without": without,
        "with": measured,
        "watch_cpu_ms_per_s": round(spent / _MEASURE_S * 1e3, 1),
        "looks_per_s": round(looks / _MEASURE_S, 2),
    }


async def _measured() -> dict[str, float]:
    async with loop_lag() as lag:
        spent = time.process_time()
        await asyncio.sleep(_MEASURE_S)
        spent = time.process_time() - spent
        return {"cpu_ms_per_s": round(spent / _MEASURE_S * 1e3, 1), **lag.take()}
