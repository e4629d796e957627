"""A camera that plays real coded video of any codec, over and over, at its own rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from tests.cameras.coded import Coded, payloads
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.cameras.video import interleaved

_STATIC = {"JPEG": 26, "MPV": 32}  # payload types of RFC 3551


def sdp(codec: str) -> str:
    """A description without parameter sets."""
    kind = _STATIC.get(codec, 96)
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=fake\r\nt=0 0\r\na=control:*\r\n"
        f"m=video 0 RTP/AVP {kind}\r\na=rtpmap:{kind} {codec}/90000\r\na=control:video\r\n"
    )


def playing(
    codec: str, *videos: Sequence[Coded], fps: float = 25.0, go_on: asyncio.Event | None = None
) -> Callable[[Talk], Awaitable[None]]:
    """Media: each video once, the last over and over; RTP time goes on by the order of showing. A sender
    report every second carries this machine's own time. go_on: until then the first over and over."""

    async def media(talk: Talk) -> None:
        writer = talk.rtp
        writer.payload_type = _STATIC.get(codec, 96)
        step = round(90_000 / fps)
        base = writer.timestamp
        loop = asyncio.get_running_loop()
        due, began, shown = loop.time(), time.time(), 0
        turn = 0
        while True:
            video = videos[min(turn, len(videos) - 1)]
            first = min(picture.index for picture in video)
            for count, picture in enumerate(video):
                writer.timestamp = base + (shown + picture.index - first) * step
                if count % max(1, round(fps)) == 0:
                    offset = (writer.timestamp - base) / 90_000
                    await talk.send(interleaved(talk.channel + 1, writer.sender_report(began + offset)))
                parts = payloads(codec, picture)
                last = len(parts) - 1
                packets = [writer.packet(part, index == last) for index, part in enumerate(parts)]
                await talk.send_picture(packets)
                due += 1 / fps
                await asyncio.sleep(max(0.0, due - loop.time()))
            shown += len(video)
            turn += go_on is None or go_on.is_set()

    return media


def coded_camera(
    codec: str, *videos: Sequence[Coded], fps: float = 25.0, go_on: asyncio.Event | None = None
) -> FakeCamera:
    """The camera, not yet started."""
    return FakeCamera(Manners(sdp=sdp(codec), media=playing(codec, *videos, fps=fps, go_on=go_on)))
