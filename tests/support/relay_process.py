"""Hub, relay and WHEP in a process of its own that can be asked how it is: for what would disturb a figure,
or be disturbed, in the process of the test.

`python -m tests.support.relay_process JSON` is that process. It answers `state` (memory, descriptors,
threads, tasks, viewers, what was dropped and why viewers ended), `lag` (`loop_lag`, since the last time),
`watch` and `delays` (the way of each picture through the relay, per viewer, between the two).
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from relay.sender import PictureSender
from relay.settings import RelaySettings
from streams.access_unit import AccessUnit
from streams.camera import ProfileName
from streams.heap import set_aside
from tests.bench._figures import percentile
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.loop_lag import LoopLag, loop_lag
from tests.support.talker import Talker, child, orders, tell

_TOKEN_S = 7_200.0


@dataclass(frozen=True, slots=True)
class RelayProcess:
    """The relay from outside. `token`: good for every camera. `tcp_port`: 0 without one."""

    talker: Talker
    url: str
    token: str
    port: int
    tcp_port: int

    def whep(self, camera: str, profile: str = "main") -> str:
        """The WHEP endpoint of a camera."""
        return f"{self.url}/whep/{camera}?profile={profile}"

    async def state(self) -> dict[str, Any]:
        """How it is."""
        return await self.talker.ask("state")

    async def lag(self) -> dict[str, float]:
        """How late its loop was since the last time this was asked."""
        return await self.talker.ask("lag")


@asynccontextmanager
async def relay_process(
    addresses: Mapping[str, Mapping[ProfileName, str]], *, lag: bool = True, **settings: int | float
) -> AsyncIterator[RelayProcess]:
    """A relay over the cameras at `addresses`, all granted. `settings`: of `RelaySettings`. lag: whether its
    loop is watched, which costs CPU: not where CPU is measured."""
    described = {
        "addresses": {
            camera: {name.value: address for name, address in profiles.items()}
            for camera, profiles in addresses.items()
        },
        "settings": settings,
        "lag": lag,
    }
    async with child("tests.support.relay_process", json.dumps(described)) as talker:
        ready = await talker.answer()
        yield RelayProcess(talker, ready["url"], ready["token"], ready["port"], ready["tcp_port"])


class _Delays:
    """The way of pictures through the relay, seconds: last RTP packet of one in, its last to a viewer out."""

    def __init__(self) -> None:
        self.samples: list[float] = []

    def watch(self, relay: BareRelay) -> int:
        """Look at every viewer there is; says how many."""
        self.samples.clear()
        senders = [viewer._sender for viewer in relay.relay._viewers.values() if viewer._sender is not None]
        for sender in senders:
            sender.observer = self._left
        return len(senders)

    def _left(self, unit: AccessUnit, _: PictureSender) -> None:
        self.samples.append(time.monotonic() - unit.arrived)

    def taken(self) -> dict[str, Any]:
        """Their number, median and 99th percentile in milliseconds."""
        milliseconds = [each * 1000 for each in self.samples]
        return {
            "samples": len(milliseconds),
            "p50_ms": percentile(milliseconds, 50, 2),
            "p99_ms": percentile(milliseconds, 99, 2),
            "max_ms": round(max(milliseconds), 1),
        }


def _state(relay: BareRelay) -> dict[str, Any]:
    gc.collect()
    process = psutil.Process()
    statistics = relay.relay.statistics()
    return {
        "rss": process.memory_info().rss,
        "fds": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "viewers": len(statistics.viewers),
        "states": Counter(status.state for status, _ in statistics.viewers),
        "dropped": statistics.dropped,
        "ended": Counter(relay.viewings.closed_ones.values()),
        "tcp_connections": statistics.tcp_connections,
        "cpu": time.process_time(),
        "at": time.monotonic(),
    }


async def _answer(order: str, relay: BareRelay, lag: LoopLag | None, delays: _Delays) -> dict[str, Any]:
    if order == "state":
        return _state(relay)
    if order == "lag" and lag is not None:
        return {**lag.take()}
    if order == "watch":
        return {"viewers": delays.watch(relay)}
    if order == "delays":
        return delays.taken()
    raise ValueError(f"no such order: {order}")


async def _main(described: dict[str, Any]) -> None:
    addresses = {
        camera: {ProfileName(name): address for name, address in profiles.items()}
        for camera, profiles in described["addresses"].items()
    }
    delays = _Delays()
    async with bare_relay(addresses, settings=RelaySettings(**described["settings"])) as relay:
        relay.grant(*addresses, seconds=_TOKEN_S)
        set_aside()  # as `hotline serve` does
        tell(
            {
                "url": relay.url,
                "token": relay.token(seconds=_TOKEN_S),
                "port": relay.relay.port,
                "tcp_port": relay.relay.tcp_port or 0,
            }
        )
        watching = loop_lag() if described["lag"] else nullcontext()
        async with watching as lag, orders() as ordered:
            async for order in ordered:
                answer = await _answer(order, relay, lag, delays)
                tell(answer)
                if order == "state" and lag is not None:
                    lag.take()  # what asking cost is not the relay's


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    uvloop.run(_main(json.loads(sys.argv[1])))
