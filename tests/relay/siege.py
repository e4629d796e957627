"""One viewer watches a camera while `hostility` goes on beside it: camera, relay, attacker in processes of
their own, the viewer in this one. What came of it is `Siege`; what is allowed is for the test and the bench
to say.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from relay.client import WhepViewer
from streams.simulator import SimulatedCamera, timecode
from tests.support.city import city
from tests.support.loop_lag import loop_lag
from tests.support.relay_process import RelayProcess, relay_process
from tests.support.talker import child

FPS = 25
_CAMERA = "camera"
_QUIET_S = 3.0
NEVER = 1e9
"""On a busy machine the relay would refuse new viewers with 503 instead of what is asked here."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Pictures of one viewer over some seconds. `gaps`: seconds between one and the next; `ages`: seconds of
    each when it came, by its time code (`unread`: those without)."""

    seconds: float
    gaps: tuple[float, ...]
    ages: tuple[float, ...]
    unread: int

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return len(self.gaps) / self.seconds


@dataclass(frozen=True, slots=True)
class Siege:
    """Before and during. `lag`: of the relay's loop (`tests.support.loop_lag`). `before`,
    `after`: the relay."""

    quiet: Watched
    under_attack: Watched
    quiet_lag: dict[str, float]
    lag: dict[str, float]
    before: dict[str, Any]
    after: dict[str, Any]
    done: dict[str, int]
    results: dict[str, dict[str, int]]
    viewer_ended: str | None
    starved: float
    """Seconds that relay and viewer waited at most for a core of the machine, during."""


async def _watch(viewer: WhepViewer, until: asyncio.Event) -> Watched:
    began = time.monotonic()
    last = await viewer.wait_picture(after=viewer.pictures)
    gaps, ages, unread = [], [], 0
    while not until.is_set():
        picture = await viewer.wait_picture(after=last.number)
        gaps.append(picture.arrived - last.arrived)
        last = picture
        now = time.time()
        taken = timecode.read(picture.frame, round(now * 1000)) if picture.frame is not None else None
        if taken is None:
            unread += 1
        else:
            ages.append(now - taken / 1000)
    return Watched(time.monotonic() - began, tuple(gaps), tuple(ages), unread)


async def _for(viewer: WhepViewer, seconds: float) -> Watched:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    return await _watch(viewer, over)


async def _attack(relay: RelayProcess, seconds: float, over: asyncio.Event) -> dict[str, Any]:
    arguments = (relay.whep(_CAMERA, "sub"), relay.token, str(relay.port), str(relay.tcp_port), str(seconds))
    try:
        async with child("tests.relay.hostility", *arguments) as attacker:
            return await attacker.answer(seconds * 2 + 30)
    finally:
        over.set()


async def lay_siege(seconds: float) -> Siege:
    """Watch in peace for three seconds, then under attack for about `seconds`."""
    cameras = [SimulatedCamera(_CAMERA, "Street", fps=FPS, size=(640, 360), sub_size=(320, 180))]
    async with (
        city(cameras) as simulated,
        relay_process(
            simulated.addresses,
            tcp_port=0,
            max_viewers_per_grant=50,
            busy_share=NEVER,
            busy_lag_s=NEVER,
        ) as relay,
        WhepViewer.open(relay.whep(_CAMERA), relay.token, decode=True) as viewer,
    ):
        await viewer.wait_picture()
        before = await relay.state()
        await relay.lag()
        quiet = await _for(viewer, _QUIET_S)
        quiet_lag = await relay.lag()
        over = asyncio.Event()
        async with loop_lag() as ours, asyncio.TaskGroup() as group:
            attacking = group.create_task(_attack(relay, seconds, over))
            watching = group.create_task(_watch(viewer, over))
        lag, here = await relay.lag(), ours.take()
        return Siege(
            quiet=quiet,
            under_attack=watching.result(),
            quiet_lag=quiet_lag,
            lag=lag,
            before=before,
            after=await relay.state(),
            done=attacking.result()["done"],
            results=attacking.result()["results"],
            viewer_ended=viewer.ended,
            starved=(lag["all_ms"] - lag["own_ms"] + here["all_ms"] - here["own_ms"]) / 1000,
        )
