"""How long a picture stays in the relay: its last RTP packet in to its last packet to a viewer out.

Each picture and viewer is a sample, in a relay process that does all it does otherwise; camera and viewers
are processes of their own. First with one viewer, then with fifty: `HOTLINE_BENCH_VIEWERS` sets another
number.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from streams.camera import ProfileName
from tests.bench._figures import say
from tests.support.relay_process import RelayProcess, relay_process
from tests.support.talker import Talker, child

NAMES = ("relay_delay",)
_SETTLE_S = 2.0
_MEASURE_S = 15.0
_OPEN_DEADLINE_S = 60.0
_CAMERA = "camera"


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds, at 2 Mbit/s and 25 pictures a second."""
    many = int(os.environ.get("HOTLINE_BENCH_VIEWERS", "50"))
    async with child("tests.bench._steady_camera") as camera:
        addresses = {ProfileName(name): address for name, address in (await camera.answer()).items()}
        async with (
            relay_process(
                {_CAMERA: addresses},
                max_viewers=1_000,
                max_viewers_per_feed=1_000,
                max_viewers_per_grant=1_000,
            ) as relay,
            child("tests.bench._counting", f"{relay.url}/whep/{_CAMERA}", relay.token) as crowd,
        ):
            one = await _measure(relay, crowd, 1)
            all_of_them = await _measure(relay, crowd, many - 1)
    return {
        "viewers": 1,
        "p50_ms": one["p50_ms"],
        "p99_ms": one["p99_ms"],
        f"p50_ms_{many}": all_of_them["p50_ms"],
        f"p99_ms_{many}": all_of_them["p99_ms"],
    }


async def _measure(relay: RelayProcess, crowd: Talker, more: int) -> dict[str, Any]:
    await crowd.ask(f"open {more}", _OPEN_DEADLINE_S)
    await asyncio.sleep(_SETTLE_S)
    watched = await relay.talker.ask("watch")
    await asyncio.sleep(_MEASURE_S)
    delays = await relay.talker.ask("delays")
    lag = await relay.lag()
    say(f"{watched['viewers']} viewers: {delays}; the loop: {lag}")
    return delays
