"""Chromium on links that change: how soon the picture follows, and how it is on a vehicle's link meanwhile.

step: 20 Mbit/s, then 400 kbit/s, then 20 Mbit/s again. vehicle: 400 kbit/s with 5% loss for a minute, with a
sub stream of 250 kbit/s; the picture is judged from the fifth second on.

`not_met` says what falls short of: down within 2 s of trouble; up not before ten good seconds, and no later
than those, the test packets and a keyframe take; in the vehicle 5 pictures a second and no freeze over 1 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
_NARROW_S = 6.0  # looked at on the small one; good seconds too, as it fits
_DOWN_S = 2.0
_GOOD_S = 10.0
_PROBING_S = 10.0  # test packets first, then the next keyframe of the larger rendition
_LEAST_FPS = 5.0
_LONGEST_FREEZE_MS = 1_000


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
                narrow = await ride.watch(_NARROW_S)
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
    figures: dict[str, Any] = {
        "down_s_worst": round(max(downs), 2),
        "up_s_worst": round(max(ups), 1),
        "vehicle_first_picture_ms": round(times["shown"] - times["clicked"]),
        "vehicle_fps_least": round(min(each.fps for each in windows), 1),
        "vehicle_freeze_ms_worst": round(max(each.freeze_ms for each in windows)),
        "vehicle_freeze_ms_p50": percentile([each.freeze_ms for each in windows], 50, 0),
        "vehicle_switches": dict(quality.switches),
    }
    return {**figures, "not_met": [*_short_of(figures, ups)]}


def _short_of(figures: Mapping[str, Any], ups: Sequence[float]) -> Iterator[str]:
    if figures["down_s_worst"] > _DOWN_S:
        yield f"down after {figures['down_s_worst']} s"
    if _NARROW_S + min(ups) < _GOOD_S:
        yield f"up {_NARROW_S + min(ups):.1f} s after down already"
    if max(ups) > _GOOD_S + _PROBING_S:
        yield f"up after {max(ups):.1f} s only"
    if figures["vehicle_fps_least"] < _LEAST_FPS:
        yield f"vehicle: {figures['vehicle_fps_least']} pictures a second"
    if figures["vehicle_freeze_ms_worst"] > _LONGEST_FREEZE_MS:
        yield f"vehicle: a freeze of {figures['vehicle_freeze_ms_worst']} ms"
