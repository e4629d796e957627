"""Twenty minutes of viewers who come and go every second, in every way there is, against a relay in a process
of its own: what it holds must be flat after the first five.

`HOTLINE_BENCH_MINUTES` sets another length; then "the first five" is a quarter of it. Growth: medians over
the last fifth less medians over the same time after the first quarter, of memory and (`growth`, which also
moves with who is there just then) of the rest. `tasks`, `fds`, `threads`: what was more when all had gone
than before they came. Ways to go: DELETE, silence, an offer and no more, DTLS never begun, by TCP, an end in
the middle of the handshake.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import httpx

from relay.client import WatchError, WhepViewer
from relay.client_link import UdpLink
from streams.simulator import SimulatedCamera
from tests.bench._figures import say
from tests.relay.siege import NEVER
from tests.support.city import city
from tests.support.relay_process import RelayProcess, relay_process

NAMES = ("churn",)
LONG = ("churn",)
_EVERY_S = 1.0
_STAY_S = 4.0
_SAMPLE_S = 2.0
_CALM_S = 14.0  # by then the last who said nothing has been given up
_OPEN_DEADLINE_S = 8.0
_CAMERAS = ("one", "two")
_HELD = ("rss", "tasks", "fds", "threads")


class _Silent(WhepViewer):
    """Goes without a word."""

    async def _delete(self, client: httpx.AsyncClient, bearer: str) -> None:
        return


class _NoDtls(_Silent):
    """Checks, and never begins DTLS."""

    def _receive(self, datagram: bytes, source: tuple[str, int]) -> None:
        return


@dataclass
class _Crowd:
    """Who comes. `came`: how many in each way, `failed`: what went wrong that should not."""

    relay: RelayProcess
    came: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def ways(self) -> list[tuple[str, Callable[[str], Awaitable[None]]]]:
        """Every way to come and go."""
        return [
            ("delete", lambda url: self._stay(WhepViewer, url)),
            ("silence", lambda url: self._stay(_Silent, url)),
            ("offer only", self._offer_only),
            ("tcp", lambda url: self._stay(WhepViewer, url, tcp=True)),
            ("no DTLS", lambda url: self._turn_back(_NoDtls, url)),
            ("tcp silence", lambda url: self._stay(_Silent, url, tcp=True)),
            ("turns back", lambda url: self._turn_back(WhepViewer, url, deadline=0.02)),
        ]

    async def visit(self, name: str, way: Callable[[str], Awaitable[None]], url: str) -> None:
        """One who comes and goes."""
        self.came[name] += 1
        try:
            await way(url)
        except (WatchError, TimeoutError, httpx.HTTPError, OSError) as error:
            self.failed[f"{name}: {type(error).__name__} {error}"] += 1

    async def _stay(self, kind: type[WhepViewer], url: str, *, tcp: bool = False) -> None:
        async with kind.open(url, self.relay.token, deadline=_OPEN_DEADLINE_S, tcp=tcp) as viewer:
            await viewer.wait_picture(_OPEN_DEADLINE_S)
            await asyncio.sleep(_STAY_S)

    async def _turn_back(self, kind: type[WhepViewer], url: str, *, deadline: float = 1.0) -> None:
        with suppress(TimeoutError):
            async with kind.open(url, self.relay.token, deadline=deadline):
                pass

    async def _offer_only(self, url: str) -> None:
        offer = WhepViewer(UdpLink("127.0.0.1"), decode=False)._offer()
        headers = {"Authorization": f"Bearer {self.relay.token}", "Content-Type": "application/sdp"}
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(url, content=offer, headers=headers)
        if response.status_code != 201:
            raise WatchError(f"the relay answered {response.status_code}", response.status_code)


async def run(_: str) -> Mapping[str, Any]:
    """Growth of what the relay holds, and what was left when all had gone."""
    minutes = float(os.environ.get("HOTLINE_BENCH_MINUTES", "20"))
    cameras = [SimulatedCamera(name, name, size=(640, 360), sub_size=(320, 180)) for name in _CAMERAS]
    async with (
        city(cameras) as simulated,
        relay_process(
            simulated.addresses, tcp_port=0, max_viewers_per_grant=100, busy_share=NEVER, busy_lag_s=NEVER
        ) as relay,
    ):
        crowd = _Crowd(relay)
        for url in _urls(relay):  # what the first viewer of a rendition starts is kept for the next
            await crowd.visit("delete", crowd.ways()[0][1], url)
        await asyncio.sleep(_SAMPLE_S)
        empty = await relay.state()
        samples = await _churn(crowd, minutes * 60)
        await asyncio.sleep(_CALM_S)
        after = await relay.state()
    for name, count in crowd.failed.most_common():
        say(f"{count} x {name}")
    say(f"came: {dict(crowd.came)}; before {_held(empty)}, after {_held(after)}, viewers {after['viewers']}")
    say(f"ended: {after['ended']}; dropped: {after['dropped']}")
    fifth = len(samples) // 5
    early, late = samples[len(samples) // 4 :][:fifth], samples[-fifth:]
    growth = {
        name: median(each[name] for each in late) - median(each[name] for each in early) for name in _HELD
    }
    return {
        "minutes": minutes,
        "rss_growth_mb": round(growth["rss"] / 1e6, 1),
        **{name: after[name] - empty[name] for name in ("tasks", "fds", "threads")},
        "growth": {name: growth[name] for name in ("tasks", "fds", "threads")},
        "rss_mb": round(after["rss"] / 1e6, 1),
        "viewers": crowd.came.total(),
        "failed": crowd.failed.total(),
        "viewers_left": after["viewers"],
    }


def _urls(relay: RelayProcess) -> list[str]:
    return [relay.whep(camera, profile) for camera in _CAMERAS for profile in ("main", "sub")]


def _held(state: Mapping[str, Any]) -> dict[str, float]:
    return {name: state[name] for name in _HELD}


async def _churn(crowd: _Crowd, seconds: float) -> list[dict[str, Any]]:
    """Let them come for so long; what the relay held, every two seconds."""
    samples: list[dict[str, Any]] = []
    ways = itertools.cycle(crowd.ways())
    urls = itertools.cycle(_urls(crowd.relay))
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        sampled = told = time.monotonic()
        while (now := time.monotonic()) < end:
            for _ in range(2):
                group.create_task(crowd.visit(*next(ways), next(urls)))
            if now - sampled >= _SAMPLE_S:
                samples.append(await crowd.relay.state())
                sampled = now
            if now - told >= 60:
                minute = (now - end + seconds) / 60
                say(f"{minute:.0f} min: {_held(samples[-1])}, failed {crowd.failed.total()}")
                told = now
            await asyncio.sleep(_EVERY_S)
    return samples
