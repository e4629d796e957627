"""A simulated city in a process of its own: what it costs is not counted to the part under test.

`python -m tests.support.city` is that process: cameras in (pickled, from our own other half), one line of
JSON out, then it serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvloop

from streams.camera import ProfileName
from streams.simulator import SimulatedCamera, SimulatedCity, command

_DEADLINE_S = 20.0
_STEP_S = 0.05
_SOME_INTERVALS_S = 0.3


@dataclass(frozen=True, slots=True)
class City:
    """The city from outside. `addresses`: camera → profile → `rtsp://…`."""

    cameras: Sequence[SimulatedCamera]
    addresses: dict[str, dict[ProfileName, str]]
    control_port: int

    async def fault(self, camera: str, words: str) -> None:
        """Break a camera (`"stall"`, `"reboot 2"`, …) or mend it (`"none"`)."""
        await command(self.control_port, f"fault {camera} {words}")

    async def statistics(self, camera: str) -> dict[str, int]:
        """What happened at a camera: connections, plays, teardowns, playing, pictures."""
        described = json.loads(await command(self.control_port, "cameras"))
        found: dict[str, int] = next(each for each in described if each["id"] == camera)
        return found

    async def resting(self, camera: str, *, deadline: float = 10.0) -> None:
        """Returns when nobody has played the camera for some picture intervals: it draws nothing any more."""
        async with asyncio.timeout(deadline):
            playing = 1
            while playing:
                await asyncio.sleep(_STEP_S)
                playing = (await self.statistics(camera))["playing"]
            await asyncio.sleep(_SOME_INTERVALS_S)


@asynccontextmanager
async def city(cameras: Sequence[SimulatedCamera]) -> AsyncIterator[City]:
    """Serves `cameras` on loopback, on free ports, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.city",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ordered = pickle.dumps(list(cameras))
        process.stdin.write(len(ordered).to_bytes(4, "big") + ordered)
        async with asyncio.timeout(_DEADLINE_S):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the simulated city did not start; see its output above")
        ready = json.loads(line)
        addresses = {
            camera: {ProfileName(name): address for name, address in profiles.items()}
            for camera, profiles in ready["addresses"].items()
        }
        yield City(tuple(cameras), addresses, ready["control_port"])
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise


async def _serve() -> None:
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    ordered: list[SimulatedCamera] = pickle.loads(sys.stdin.buffer.read(size))
    simulated = SimulatedCity(ordered)
    running = asyncio.create_task(simulated.run())
    started = asyncio.create_task(simulated.started.wait())
    await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        await running
    addresses = {camera.id: dict(simulated.addresses(camera.id)) for camera in ordered}
    print(json.dumps({"addresses": addresses, "control_port": simulated.control_port}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    ended = asyncio.create_task(reader.read())
    await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.wait({running})


if __name__ == "__main__":
    uvloop.run(_serve())
