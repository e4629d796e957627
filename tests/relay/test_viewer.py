"""A viewer's life, end to end on loopback: our relay, our client, real H.264."""

from __future__ import annotations

import time

from relay.client import WhepViewer
from streams.simulator import timecode

from .house import house
from .studio import studio


async def test_a_viewer_decodes_the_live_picture_at_once() -> None:
    async with studio() as cameras, house(cameras) as ours:
        ours.grant()
        async with WhepViewer.open(ours.url(), ours.token(), decode=True) as viewer:
            picture = await viewer.wait_picture()
            assert picture.frame is not None
            assert picture.frame.shape == (184, 320, 3)
            picture = await viewer.wait_picture(after=picture.number + 30)
            assert picture.frame is not None
            now = round(time.time() * 1000)
            taken = timecode.read(picture.frame, now)
            assert taken is not None
            assert -5 <= now - taken < 200
