"""H.265 as the camera sends it, to a viewer that offers it; H.264 made of it to everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from relay.addresses import machine_addresses, reachable
from relay.ports import QualityStatus
from streams.camera import ProfileName, RenditionName
from streams.state import Live
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.netem.impairment import PERFECT, Impairment
from tests.netem.sdp import reroute
from tests.netem.udp import UdpPath
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.gst_viewer import GstViewer
from tests.support.waiting import until

pytestmark = pytest.mark.gstreamer

NARROW = Impairment(rate=450_000, queue=64_000)
BRIGHT, DARK = 60, 30
"""Luma: what is not masked is from 40 on, what is masked is 16; both are coded and decoded."""


def own_address() -> str:
    """An address of this machine that is not loopback: there libnice, webrtcbin's ICE, sends nothing."""
    found = reachable(("0.0.0.0",), machine_addresses())
    if not found or found[0].startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return found[0]


@asynccontextmanager
async def showing(codec: str, *, b_frames: int = 0, bit_rate: int | None = None) -> AsyncIterator[BareRelay]:
    """A relay with one live camera of that codec."""
    video = encode(codec, 50, width=640, height=360, b_frames=b_frames, bit_rate=bit_rate)
    async with (
        coded_camera(codec, video) as camera,
        bare_relay({"cam": {ProfileName.MAIN: camera.url}}, host=own_address()) as relay,
    ):
        relay.grant("cam")
        main = relay.hub.rendition("cam", RenditionName.MAIN)
        assert main is not None
        await until(lambda: isinstance(main.state, Live), "the camera is live", deadline=20)
        yield relay


def mask(relay: BareRelay) -> None:
    """Draw one over the place whose brightness the viewer tells."""
    corner = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
    relay.cameras["cam"] = replace(relay.cameras["cam"], masks=(corner,))
    relay.hub.refresh("cam")


def quality(relay: BareRelay) -> QualityStatus:
    """Of the one viewer. Raises AssertionError before it plays."""
    (viewer,) = relay.relay.viewers()
    assert viewer.quality is not None
    return viewer.quality


async def test_who_offers_h265_gets_it_untouched_and_has_h264_to_fall_back_on() -> None:
    async with showing("H265") as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(30):
            seen = await viewer.picture()
            assert (seen["codec"], seen["width"], seen["height"]) == ("H265", 640, 360)
        assert "H265/90000" in viewer.answer
        assert "H264/90000" in viewer.answer
        assert quality(relay).rendition == "source"


@pytest.mark.timeout(240)
async def test_a_link_that_gets_small_gets_h264_and_h265_again_when_it_is_wide() -> None:
    """The rate is the camera's own: 1.5 Mbit/s, of which a link of 450 kbit/s carries nothing; 300 kbit/s of
    H.264 it does. The viewer is one that nobody here wrote, and has a decoder for each."""
    async with showing("H265", bit_rate=1_500_000) as relay:
        here = own_address()
        async with UdpPath((here, relay.relay.port)) as path:
            routes = {("udp", (here, relay.relay.port)): path.address}
            through = partial(reroute, routes=routes)
            async with GstViewer(relay.whep("cam"), relay.token(), rewrite=through) as viewer:

                async def seen(codec: str, pictures: int) -> None:
                    async with asyncio.timeout(60):
                        while pictures:
                            pictures -= (await viewer.picture())["codec"] == codec

                await seen("H265", 50)
                path.set(down=NARROW)
                await seen("H264", 50)
                path.set(down=PERFECT)
                await seen("H265", 50)
                assert {"trouble", "recovered"} <= quality(relay).switches.keys()
                assert len(relay.viewings.opened_ones) == 1


async def test_who_does_not_gets_it_as_h264() -> None:
    async with showing("H265") as relay, GstViewer(relay.whep("cam"), relay.token(), ("H264",)) as viewer:
        for _ in range(10):
            assert (await viewer.picture())["codec"] == "H264"
        assert "H265" not in viewer.answer


async def test_a_camera_of_h264_is_watched_as_such_by_who_takes_both() -> None:
    async with showing("H264") as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(10):
            assert (await viewer.picture())["codec"] == "H264"
        assert "H265" not in viewer.answer


async def test_pictures_sent_in_another_order_than_shown_are_made_anew() -> None:
    async with showing("H265", b_frames=2) as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        for _ in range(10):
            assert (await viewer.picture())["codec"] == "H264"


async def test_a_mask_drawn_while_watching_ends_the_untouched_pictures_and_masked_ones_go_on() -> None:
    async with showing("H265") as relay, GstViewer(relay.whep("cam"), relay.token()) as viewer:
        while (await viewer.picture())["luma"] < BRIGHT:
            pass  # it moves: somewhere it is bright
        source = relay.hub.rendition("cam", RenditionName.SOURCE)
        assert source is not None
        mask(relay)
        assert source.ring.newest is None
        async with asyncio.timeout(20):
            while (seen := await viewer.picture())["codec"] == "H265":
                pass  # what was on its way
        for _ in range(75):  # all of the pattern
            assert seen["codec"] == "H264"
            assert seen["luma"] < DARK
            seen = await viewer.picture()
        assert quality(relay).rendition != "source"
        assert relay.viewings.closed_ones == {}


async def test_who_takes_h265_alone_has_it_until_a_mask_is_drawn() -> None:
    async with (
        showing("H265") as relay,
        GstViewer(relay.whep("cam"), relay.token(), ("H265",)) as viewer,
    ):
        assert (await viewer.picture())["codec"] == "H265"
        assert "H264" not in viewer.answer
        mask(relay)
        await until(lambda: not relay.relay.viewers(), "the viewer is ended", deadline=10)
        (reason,) = relay.viewings.closed_ones.values()
        assert reason == "the camera's own pictures are not given out any more"


async def test_who_takes_h265_alone_is_told_so_by_a_camera_of_another_codec() -> None:
    async with showing("H264") as relay:
        with pytest.raises(AssertionError, match="H264"):
            async with GstViewer(relay.whep("cam"), relay.token(), ("H265",)):
                pass
