"""What the simulated city costs: 24 cameras idle, watched at 10 pictures a second, nine at 25.

The city is a process of its own, and only its processor time counts, in percent of one core; who watches is
here. At least one of two cores must stay free, so 100 is the most it may take; idle cameras together 2.
`ms_per_picture` is everything: drawing, encoding, packing, sending.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import psutil

from config.demo_city import load_demo_city
from streams.camera import ProfileName
from streams.simulator import SimulatedCamera
from streams.simulator.demo import simulated_cameras
from tests.bench._figures import say
from tests.streams.simulator.client import Client, connected
from tests.support.city import City, city

NAMES = ("simulator",)
LONG = ("simulator",)
_MEASURE_S = 8.0
_HOURS = {"day": 12.0, "night": 21.0}


async def run(_: str) -> Mapping[str, Any]:
    """Percent of one core."""
    figures: dict[str, Any] = {}
    for light, hour in _HOURS.items():
        figures |= {f"{name}_{light}": value for name, value in (await _measure(_cameras(hour))).items()}
    return figures


def _cameras(local_hour: float) -> list[SimulatedCamera]:
    """The demo city as it is at an hour of the day, its fire fully grown."""
    offset = (local_hour - time.time() / 3600) % 24
    cameras = simulated_cameras(load_demo_city(), None, burning_since=0.0)
    return [replace(camera, utc_offset_h=offset) for camera in cameras]


async def _measure(cameras: Sequence[SimulatedCamera]) -> dict[str, float]:
    figures = {}
    async with city(cameras) as simulated:
        (process,) = psutil.Process().children()
        await _settled(process)
        figures["idle_24"] = await _percent(process)
        main = ProfileName.MAIN
        ids = [camera.id for camera in cameras]
        figures["main_24_at_10"], rate = await _watched(simulated, process, ids, main)
        figures["pictures_per_s"] = round(rate)
        figures["ms_per_picture"] = round(figures["main_24_at_10"] * 10 / rate, 2)
        figures["sub_24_at_10"], _ = await _watched(simulated, process, ids, ProfileName.SUB)
        figures["one_player"], _ = await _watched(simulated, process, ids[:1], main)
        figures["ten_players_of_one"], _ = await _watched(simulated, process, ids[:1] * 10, main)
        figures["memory_mb"] = round(process.memory_info().rss / 1e6)
    async with city([replace(camera, fps=25.0) for camera in cameras[:9]]) as simulated:
        (process,) = psutil.Process().children()
        await _settled(process)
        ids = [camera.id for camera in cameras[:9]]
        figures["main_9_at_25"], _ = await _watched(simulated, process, ids, main)
    return figures


async def _settled(process: psutil.Process) -> None:
    """Wait until the scenes are drawn."""
    async with asyncio.timeout(120):
        while await _percent(process, 1.0) > 5:
            pass


async def _percent(process: psutil.Process, seconds: float = _MEASURE_S) -> float:
    before, begin = _spent(process), time.monotonic()
    await asyncio.sleep(seconds)
    return round((_spent(process) - before) / (time.monotonic() - begin) * 100, 2)


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _watched(
    simulated: City, process: psutil.Process, ids: Sequence[str], profile: ProfileName
) -> tuple[float, float]:
    """Percent of a core and pictures a second while these cameras are watched."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        players = []
        for camera_id in ids:
            client = await stack.enter_async_context(connected(simulated.addresses[camera_id][profile]))
            await client.play()
            players.append(group.create_task(_take(client)))
        await asyncio.sleep(2.0)
        drawn, begin = await _pictures(simulated, set(ids)), time.monotonic()
        percent = await _percent(process)
        rate = (await _pictures(simulated, set(ids)) - drawn) / (time.monotonic() - begin)
        for player in players:
            player.cancel()
    say(f"{len(ids)} players, {profile}: {percent:.0f} %, {rate:.0f} pictures a second")
    return percent, rate


async def _pictures(simulated: City, ids: set[str]) -> int:
    return sum([(await simulated.statistics(camera_id))["pictures"] for camera_id in ids])


async def _take(client: Client) -> None:
    while await client.reader.read(1 << 18):
        pass
