"""Chromium on links that change: how soon the picture follows, and how it is on a vehicle's link meanwhile.

step: 20 Mbit/s, then 400 kbit/s, then 20 Mbit/s again. vehicle: 400 kbit/s with 5% loss for a minute, with a
sub stream of 250 kbit/s; the picture is judged from the fifth second on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.bench._figures import percentile, say
from tests.browser.harness import chromium
from tests.browser.link import VEHICLE, WIDE, riding
from tests.netem.impairment import Impairment

NAMES = ("adaptation",)
LONG = ("adaptation",)
_NARROW = Impairment(rate=400_000, queue=64_000, delay=0.02)
_STEPS = 3
_VEHICLE_WINDOWS = 11
_WINDOW_S = 5.0


async def run(_: str) -> Mapping[str, Any]:
    """Seconds, milliseconds, pictures per second."""
    downs: list[float] = []
    ups: list[float] = []
    async with chromium() as browser:
        for _step in range(_STEPS):
            async with riding(browser, WIDE) as ride:
                await ride.play()
                await ride.watch(4)
                ride.path.set(down=_NARROW)
                downs.append(await ride.on("sub", 10))
                narrow = await ride.watch(6)
                ride.path.set(down=WIDE)
                ups.append(await ride.on("main", 60))
                wide = await ride.watch(4)
            say(f"down after {downs[-1]:.2f} s, {narrow}; up after {ups[-1]:.1f} s, {wide}")
        async with riding(browser, VEHICLE) as ride:
            times = await ride.play()
            await ride.watch(5)
            windows = [await ride.watch(_WINDOW_S) for _ in range(_VEHICLE_WINDOWS)]
            quality = ride.quality()
    say(f"vehicle: {quality}")
    for window in windows:
        say(f"  {window}")
    return {
        "down_s_worst": round(max(downs), 2),
        "up_s_worst": round(max(ups), 1),
        "vehicle_first_picture_ms": round(times["shown"] - times["clicked"]),
        "vehicle_fps_least": round(min(each.fps for each in windows), 1),
        "vehicle_freeze_ms_worst": round(max(each.freeze_ms for each in windows)),
        "vehicle_freeze_ms_p50": percentile([each.freeze_ms for each in windows], 50, 0),
        "vehicle_switches": dict(quality.switches),
    }
