"""One picture of a camera: of any codec, at once where it is warm, and never more of it than may be seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams import still as stills
from streams.access_unit import AccessUnit, taken_at
from streams.camera import Camera, ProfileName
from streams.errors import CameraError, UnknownCameraError
from streams.hub import CameraHub
from streams.recipe import Overlay, Transcoding
from streams.state import Reason
from streams.still import Darkroom, Order, Still, StillError
from tests.cameras.coded import encode, number_in
from tests.cameras.coded_camera import coded_camera
from tests.streams.running import QUICK, is_live, state_of
from tests.streams.test_mask import LEFT_HALF, RIGHT_HALF
from tests.streams.test_transcode import hub_of

GOP = 10


def luma(still: Still) -> NDArray[np.uint8]:
    """The picture in grey."""
    picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    grey: NDArray[np.uint8] = picture.astype(np.uint8, copy=False)
    assert (still.height, still.width) == grey.shape
    return grey


def order(unit: AccessUnit, **fields: object) -> Order:
    """An order for a picture of the tests' H.264."""
    values: dict[str, object] = {
        "source": "cam",
        "codec": "H264",
        "unit": unit,
        "camera_name": "",
        "masks": (),
        "overlay": None,
        "width": None,
        "taken": 0.0,
    }
    return Order(**(values | fields))  # type: ignore[arg-type]  # as the fields are


def unit(number: int = 1) -> AccessUnit:
    """A keyframe."""
    (picture,) = encode("H264", 1, first=number)
    return AccessUnit(number, 0, 0, 0.0, None, True, picture.nal_units)


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("H264", 0), ("H264", 2), ("H265", 0), ("H265", 2), ("JPEG", 0), ("MP4V-ES", 0)]
)
async def test_the_newest_keyframe_of_any_codec(codec: str, b_frames: int) -> None:
    video = encode(codec, 200, gop=GOP, b_frames=b_frames)
    async with coded_camera(codec, video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        cold = await hub.still("cam", ProfileName.MAIN)
        shown = number_in(luma(cold))
        assert codec == "JPEG" or shown % GOP == 0
        assert abs(time.time() - cold.taken) < 60
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            later = await hub.still("cam", ProfileName.SUB)  # it has none: the main one's
        assert later.taken >= cold.taken


async def test_masks_text_and_size_are_on_it() -> None:
    video = encode("H264", 50)
    async with coded_camera("H264", video) as camera:
        profiles = {ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url}
        async with hub_of(profiles, masks=(RIGHT_HALF,)) as hub:
            for name in ProfileName:
                plain = luma(await hub.still("cam", name))
                assert plain[:, 170:].max() < 24 and plain[:, :100].mean() > 40
                small = await hub.still("cam", name, width=160)
                assert (small.width, small.height) == (160, 120)
                assert luma(small)[:, 84:].max() < 24
                marked = luma(await hub.still("cam", name, overlay=Overlay(watermark="김포소방서 상황실")))
                assert (marked[150:190, 170:260] > 180).any()  # white letters over the black half
                assert luma(await hub.still("cam", name, width=4000)).shape == (240, 320)


async def test_a_mask_drawn_meanwhile_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is being made when the mask is drawn: it is made again."""
    records = {"cam": Camera("cam", "Camera", {})}
    video = encode("H264", 50)
    began, go_on = asyncio.Event(), asyncio.Event()
    develop: Callable[[Darkroom, Order], Awaitable[Still]] = Darkroom.develop

    async def slowly(darkroom: Darkroom, order: Order) -> Still:
        still = await develop(darkroom, order)
        began.set()
        await go_on.wait()
        return still

    monkeypatch.setattr(Darkroom, "develop", slowly)
    async with coded_camera("H264", video) as camera:
        records["cam"] = Camera("cam", "Camera", {ProfileName.MAIN: camera.url})
        hub = CameraHub(
            records.get,
            lambda _: None,
            linger=0.2,
            policies=lambda _: QUICK,
            transcoding=Transcoding(cores=8),
        )
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        taking = asyncio.create_task(hub.still("cam", ProfileName.MAIN))
        async with asyncio.timeout(10):
            await began.wait()
        records["cam"] = Camera("cam", "Camera", {ProfileName.MAIN: camera.url}, (LEFT_HALF,))
        hub.remask("cam")
        go_on.set()
        picture = luma(await taking)
        assert picture[:, :150].max() < 24 and picture[:, 200:].mean() > 40
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_camera_that_gives_none_says_why() -> None:
    async with hub_of({ProfileName.MAIN: "rtsp://127.0.0.1:1/main"}) as hub:
        with pytest.raises(CameraError) as refused:
            await hub.still("cam", ProfileName.MAIN, patience=10)
        assert refused.value.reason is Reason.REFUSED
        with pytest.raises(UnknownCameraError):
            await hub.still("none", ProfileName.MAIN)


async def test_a_camera_that_sends_no_keyframe_is_waited_for_only_so_long() -> None:
    video = [picture for picture in encode("H264", 50) if not picture.is_key]
    async with coded_camera("H264", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        with pytest.raises(CameraError) as late:
            await hub.still("cam", ProfileName.MAIN, patience=0.2)
        assert late.value.reason is Reason.TIMEOUT


async def test_equal_requests_are_one_piece_of_work() -> None:
    darkroom, wanted = Darkroom(9.0), order(unit())
    try:
        made = await asyncio.gather(*(darkroom.develop(wanted) for _ in range(20)))
        assert len({id(each) for each in made}) == 1 and darkroom.made == 1
        assert await darkroom.develop(wanted) is made[0] and darkroom.made == 1
        for other in (order(unit(2)), order(unit(), width=64), order(unit(), masks=(LEFT_HALF,))):
            assert (await darkroom.develop(other)).jpeg != made[0].jpeg
        darkroom.forget()
        assert await darkroom.develop(wanted) == made[0] and darkroom.made == 5
    finally:
        darkroom.close()


async def test_more_than_can_be_made_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "MOST_WAITING", 3)
    darkroom = Darkroom(9.0)
    first = unit()
    try:
        asked = [darkroom.develop(order(first, width=64 + 2 * number)) for number in range(5)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in found if isinstance(each, StillError)]
        assert len(refused) == 2 and all(each.busy for each in refused)
        assert await darkroom.develop(order(first, width=200))  # there is room again
    finally:
        darkroom.close()


async def test_what_is_no_picture_is_said_and_not_kept() -> None:
    darkroom = Darkroom(9.0)
    broken = AccessUnit(1, 0, 0, 0.0, None, True, (b"\x67\x42", b"\x68\x00", b"\x65" + bytes(50)))
    try:
        for _ in range(2):
            with pytest.raises(StillError, match="cannot be decoded") as refused:
                await darkroom.develop(order(broken))
            assert not refused.value.busy
    finally:
        darkroom.close()


@pytest.mark.parametrize(
    ("captured", "shown"),
    [(None, 100.0), (99.5, 99.5), (100.4, 100.4), (-5e8, 100.0), (89.0, 100.0), (3e9, 100.0)],
)
def test_a_wrong_clock_is_not_believed(captured: float | None, shown: float) -> None:
    assert taken_at(captured, 100.0) == shown
