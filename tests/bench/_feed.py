"""Cameras in a process of their own, so that what they cost is not measured: `python -m tests.bench._feed
'{json}'` prints its ports, and ends when its standard input closes.

All send picture n at n / fps of the system's monotonic clock, whoever listens: two clients of one camera are
sent the same picture at the same moment.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

from tests.cameras.coded import Coded, encode
from tests.cameras.coded_camera import sdp
from tests.cameras.fake import SDP, FakeCamera, Manners, Talk
from tests.cameras.video import PPS_768, SPS_768, idr_slice, interleaved, p_slice, payloads

STAMP = 20  # bytes at the end of a stamped picture: the monotonic time at which it was sent, in nanoseconds


@dataclass(frozen=True)
class Feed:
    """codec: of real video of `size`; empty for bytes without sense that carry the time of their sending,
    `bytes_per_picture` each. The cameras' pictures are spread over the interval."""

    codec: str = ""
    cameras: int = 1
    fps: float = 25.0
    gop: int = 25
    size: tuple[int, int] = (1280, 720)
    bytes_per_picture: int = 10_000


@asynccontextmanager
async def feed(settings: Feed) -> AsyncIterator[list[str]]:
    """The running process; addresses of its cameras."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench._feed",
        json.dumps(asdict(settings)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        async with asyncio.timeout(120):
            ports = json.loads(await process.stdout.readline())
        yield [f"rtsp://127.0.0.1:{port}/stream" for port in ports]
    finally:
        process.stdin.close()
        await process.wait()
        await asyncio.sleep(0)


Picture = Callable[[int], Sequence[bytes]]


def _real(video: Sequence[Coded]) -> Picture:
    cut = [payloads(picture.nal_units) for picture in video]
    return lambda number: cut[number % len(cut)]


def _stamped(settings: Feed) -> Picture:
    key = idr_slice(2 * settings.bytes_per_picture)[:-STAMP]
    other = p_slice(settings.bytes_per_picture)[:-STAMP]

    def picture(number: int) -> Sequence[bytes]:
        stamp = str(time.monotonic_ns()).rjust(STAMP, "0").encode()
        if number % settings.gop == 0:
            return payloads([SPS_768, PPS_768, key + stamp])
        return payloads([other + stamp])

    return picture


def _media(settings: Feed, picture: Picture, offset: float) -> Callable[[Talk], Awaitable[None]]:
    async def media(talk: Talk) -> None:
        loop = asyncio.get_running_loop()
        number = math.ceil(loop.time() * settings.fps)
        number += -number % settings.gop  # with a keyframe
        step = round(90_000 / settings.fps)
        while True:
            await asyncio.sleep(max(0.0, number / settings.fps + offset - loop.time()))
            talk.rtp.timestamp = number * step & 0xFFFFFFFF
            parts = picture(number)
            last = len(parts) - 1
            await talk.send(
                b"".join(interleaved(0, talk.rtp.packet(p, i == last)) for i, p in enumerate(parts))
            )
            number += 1

    return media


async def _serve(settings: Feed) -> None:
    if settings.codec:
        count = settings.gop * max(1, round(50 / settings.gop))
        picture = _real(
            encode(settings.codec, count, width=settings.size[0], height=settings.size[1], gop=settings.gop)
        )
        description = sdp(settings.codec)
    else:
        picture, description = _stamped(settings), SDP
    async with AsyncExitStack() as stack:
        ports = []
        for number in range(settings.cameras):
            offset = number / settings.cameras / settings.fps
            manners = Manners(sdp=description, media=_media(settings, picture, offset))
            ports.append((await stack.enter_async_context(FakeCamera(manners))).port)
        print(json.dumps(ports), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(_serve(Feed(**given | {"size": tuple(given["size"])})))
