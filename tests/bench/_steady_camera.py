"""Two cameras that play two seconds of true H.264 over and over, at a bit rate that does not depend on a
scene.

`python -m tests.bench._steady_camera` prints one line of JSON, profile → `rtsp://…`, and plays until its
input ends. Encoded once, so it costs next to nothing: what is measured beside it has the machine for itself.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from fractions import Fraction
from itertools import chain
from operator import itemgetter

import av
import numpy as np

from streams.camera import ProfileName
from streams.h264 import split_annex_b
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.support.talker import orders, tell

FPS = 25
_GOP = 50
_SEARCHES = 7
_PROFILES = {
    ProfileName.MAIN: ((1280, 720), 2_000_000),
    ProfileName.SUB: ((640, 360), 600_000),
}


def steady(size: tuple[int, int], bit_rate: int) -> list[tuple[bytes, ...]]:
    """One group of pictures of nearly `bit_rate`: the encoder falls short of what it is asked for by more or
    less, so the right request is searched for."""
    low, high = 0.8 * bit_rate, 2.0 * bit_rate
    found: list[tuple[float, list[tuple[bytes, ...]]]] = []
    for _ in range(_SEARCHES):
        asked = (low + high) / 2
        pictures = encode(size, round(asked))
        came = sum(map(len, chain.from_iterable(pictures))) * 8 * FPS / _GOP
        found.append((abs(came - bit_rate), pictures))
        low, high = (asked, high) if came < bit_rate else (low, asked)
    return min(found, key=itemgetter(0))[1]


def encode(size: tuple[int, int], bit_rate: int) -> list[tuple[bytes, ...]]:
    """One group of pictures of noise that moves before a backdrop: NAL units by picture, SPS and PPS in the
    first."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height = size
    codec.pix_fmt = "yuv420p"
    codec.thread_count = 1
    codec.time_base = Fraction(1, FPS)
    codec.framerate = Fraction(FPS)
    kbit = bit_rate // 1000
    codec.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"bitrate={kbit}:vbv-maxrate={kbit}:vbv-bufsize={kbit // 2}:keyint={_GOP}"
        f":min-keyint={_GOP}:scenecut=0:repeat-headers=1:slices=1",
    }
    draw = np.random.default_rng(1)
    width, height = size
    packets: list[bytes] = []
    backdrop = np.kron(draw.integers(60, 200, (height // 8, width // 8)), np.ones((8, 8))).astype(np.uint8)
    for number in range(_GOP):
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = backdrop
        band = slice(number * 4 % (height // 2), number * 4 % (height // 2) + height // 4)
        planes[band] = draw.integers(90, 160, planes[band].shape, np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in codec.encode(frame)]
    packets += [bytes(packet) for packet in codec.encode(None)]
    return [
        tuple(unit for unit in split_annex_b(packet) if unit[0] & 0x1F in (1, 5, 7, 8)) for packet in packets
    ]


def looped(pictures: list[tuple[bytes, ...]]) -> Callable[[Talk], Awaitable[None]]:
    """Media for a `FakeCamera`."""

    async def media(talk: Talk) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for nals in pictures:
                await talk.send_picture(talk.rtp.picture(nals))
                talk.rtp.timestamp = (talk.rtp.timestamp + 90_000 // FPS) & 0xFFFFFFFF
                due += 1 / FPS
                await asyncio.sleep(max(0.0, due - loop.time()))

    return media


def description(pictures: list[tuple[bytes, ...]]) -> str:
    """The SDP."""
    sets = [unit for unit in pictures[0] if unit[0] & 0x1F in (7, 8)]
    profile = sets[0][1:4].hex()
    sprop = ",".join(base64.b64encode(unit).decode() for unit in sets)
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=steady\r\nt=0 0\r\na=control:*\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        f"a=fmtp:96 packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sprop}\r\n"
        "a=control:video\r\n"
    )


async def main() -> None:
    """Play until the input ends."""
    addresses = {}
    cameras = []
    for name, (size, bit_rate) in _PROFILES.items():
        pictures = steady(size, bit_rate)
        camera = FakeCamera(Manners(sdp=description(pictures), media=looped(pictures)))
        await camera.start()
        cameras.append(camera)
        addresses[name.value] = camera.url
    tell(addresses)
    async with orders() as none:
        async for _ in none:
            pass
    for camera in cameras:
        await camera.stop()


if __name__ == "__main__":
    asyncio.run(main())
