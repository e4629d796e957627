"""H.265 as the camera sends it, to a viewer that offers it; H.264 made of it to everybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from relay.addresses import machine_addresses, reachable
from streams.camera import ProfileName, RenditionName
from streams.state import Live
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.gst_viewer import GstViewer
from tests.support.waiting import until

pytestmark = pytest.mark.gstreamer


def own_address() -> str:
    """An address of this machine that is not loopback: there libnice, webrtcbin's ICE, sends nothing."""
    found = reachable(("0.0.0.0",), machine_addresses())
    if not found or found[0].startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return found[0]


@asynccontextmanager
async def showing(codec: str, *, b_frames: int = 0) -> AsyncIterator[BareRelay]:
    """A relay with one live camera of that codec."""
    async with (
        coded_camera(codec, encode(codec, 50, width=640, height=360, b_frames=b_frames)) as camera,
        bare_relay({"cam": {ProfileName.MAIN: camera.url}}, host=own_address()) as relay,
    ):
        relay.grant("cam")
        main = relay.hub.rendition("cam", RenditionName.MAIN)
        assert main is not None
        await until(lambda: isinstance(main.state, Live), "the camera is live", deadline=20)
        yield relay


async def test_who_offers_h265_gets_it_untouched() -> None:
    async with showing("H265") as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(30):
            assert await viewer.picture() == {"codec": "H265", "width": 640, "height": 360}
        assert "H265/90000" in viewer.answer
        assert "H264/90000" not in viewer.answer
        (seen,) = relay.relay.viewers()
        assert seen.quality is not None
        assert seen.quality.rendition == "source"


async def test_who_does_not_gets_it_as_h264() -> None:
    async with showing("H265") as relay, GstViewer(relay.whep("cam"), relay.token(), ("H264",)) as viewer:
        for _ in range(10):
            assert await viewer.picture() == {"codec": "H264", "width": 640, "height": 360}


async def test_a_camera_of_h264_is_watched_as_such_by_who_takes_both() -> None:
    async with showing("H264") as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(10):
            assert await viewer.picture() == {"codec": "H264", "width": 640, "height": 360}


async def test_pictures_sent_in_another_order_than_shown_are_made_anew() -> None:
    async with showing("H265", b_frames=2) as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(10):
            assert (await viewer.picture())["codec"] == "H264"


async def test_a_mask_ends_who_watches_untouched_pictures_and_the_next_gets_masked_ones() -> None:
    async with showing("H265") as relay:
        async with GstViewer(relay.whep("cam"), relay.token()) as viewer:
            await viewer.picture()
            corner = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
            relay.cameras["cam"] = replace(relay.cameras["cam"], masks=(corner,))
            relay.hub.refresh("cam")
            await until(lambda: not relay.relay.viewers(), "the viewer is ended", deadline=10)
        async with GstViewer(relay.whep("cam"), relay.token()) as viewer:
            assert (await viewer.picture())["codec"] == "H264"


async def test_who_takes_h265_alone_is_told_so_by_a_camera_of_another_codec() -> None:
    async with showing("H264") as relay:
        with pytest.raises(AssertionError, match="H264"):
            async with GstViewer(relay.whep("cam"), relay.token(), ("H265",)):
                pass
