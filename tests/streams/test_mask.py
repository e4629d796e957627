"""Nobody sees what is masked: polygons to pixels, and no way around them through the hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.access_unit import AccessUnit
from streams.camera import Camera, Polygon, ProfileName, RenditionName
from streams.errors import UnknownCameraError
from streams.hub import CameraHub
from streams.mask import Mask
from streams.overlay import Caption
from streams.planes import planes
from streams.recipe import Overlay, Transcoding
from streams.state import Offline
from tests.cameras.coded import decoded, encode, frame
from tests.cameras.coded_camera import coded_camera, playing, sdp
from tests.cameras.fake import Asked, FakeCamera, Manners, Talk
from tests.streams.running import QUICK
from tests.streams.test_transcode import hub_of, until
from tests.streams.transcoded import read

RIGHT_HALF: Polygon = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
LEFT_HALF: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def white(width: int, height: int, pixels: str = "yuv420p") -> av.VideoFrame:
    """A white frame."""
    size = ((height + 1) // 2 * 2, (width + 1) // 2 * 2)
    picture = av.VideoFrame.from_ndarray(np.full((*size, 3), 255, np.uint8), format="rgb24")
    return picture.reformat(width=width, height=height, format=pixels)


@pytest.mark.parametrize("size", [(320, 240), (321, 239), (64, 48)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj422p", "yuv420p10le"])
def test_covered_is_black_and_the_rest_is_untouched(size: tuple[int, int], pixels: str) -> None:
    masked = Mask([RIGHT_HALF]).apply(white(*size, pixels))
    luma, u, v = planes(masked)
    middle = size[0] // 2
    assert (luma[:, middle:] == 16).all() and (u[:, middle // 2 + 1 :] == 128).all()
    assert (v[:, middle // 2 + 1 :] == 128).all() and (luma[:, : middle - 3] > 200).all()


def test_the_decoders_own_frame_is_left_alone() -> None:
    """Decoders predict from the frames they gave."""
    video = encode("H264", 10)
    decoder = av.CodecContext.create("h264", "r")
    mask = Mask([LEFT_HALF])
    for number, picture in enumerate(video):
        packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in picture.nal_units) + bytes(64))
        for given_frame in decoder.decode(packet):
            assert isinstance(given_frame, av.VideoFrame)
            before = planes(given_frame)[0].copy()
            assert (planes(mask.apply(given_frame))[0][:, :100] == 16).all()
            whole = planes(frame(number))[0]
            assert np.abs(before.astype(int) - whole.astype(int)).mean() < 12  # no mask has crept in


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8),
    st.tuples(st.integers(16, 200), st.integers(16, 200)),
)
def test_any_polygon_covers_its_corners(corners: list[tuple[float, float]], size: tuple[int, int]) -> None:
    luma = planes(Mask([tuple(corners)]).apply(white(*size)))[0]
    for x, y in corners:
        assert luma[round(y * (size[1] - 1)), round(x * (size[0] - 1))] == 16


@pytest.mark.parametrize(
    "polygon",
    [(), ((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.1, 0.0), (0.0, 1.0)), ((0.0, float("nan")),) * 3],
)
def test_what_is_no_polygon_is_refused(polygon: Polygon) -> None:
    with pytest.raises(ValueError, match="mask 1"):
        Mask([polygon])


# Through the hub.


def black_on_the_right(units: Sequence[AccessUnit]) -> bool:
    """Whether every picture is."""
    pictures = list(decoded("H264", [unit.nal_units for unit in units]))
    return bool(pictures) and all(
        picture[:, picture.shape[1] // 2 + 4 :].mean() < 24
        and picture[:, : picture.shape[1] // 3].mean() > 40
        for picture in pictures
    )


def kept_in(hub: CameraHub) -> list[list[AccessUnit]]:
    """Everything in every ring that can be had."""
    return [list(rendition.ring.newest_gop()) for rendition in hub.renditions("cam")]


@pytest.mark.parametrize("codec", ["H264", "H265"])
async def test_a_masked_camera_has_no_unmasked_way_out(codec: str) -> None:
    video = encode(codec, 50)
    async with coded_camera(codec, video) as camera:
        profiles = {ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url}
        async with hub_of(profiles, masks=(RIGHT_HALF,)) as hub:
            overlays = (None, Overlay(clock=True))
            with ExitStack() as stack:
                for name in RenditionName:
                    for overlay in overlays:
                        if name is RenditionName.SOURCE:
                            with pytest.raises(UnknownCameraError):
                                hub.hold("cam", name, urgent=True, overlay=overlay)
                            assert hub.rendition("cam", name, overlay) is None
                            continue
                        hold = stack.enter_context(hub.hold("cam", name, urgent=True, overlay=overlay))
                        assert hold.rendition is hub.rendition("cam", name, overlay)
                for rendition in hub.renditions("cam"):
                    assert black_on_the_right(await read(rendition, 5))
                assert len(hub.renditions("cam")) == 10
                assert RenditionName.SOURCE not in {info.name for info in hub.ladder("cam")}


@pytest.mark.parametrize("act", [CameraHub.remask, CameraHub.refresh])
async def test_a_mask_that_is_drawn_while_people_watch(act: Callable[[CameraHub, str], None]) -> None:
    """From then on there is nothing unmasked to be had: not in the rings, not from a step under way."""
    video = encode("H265", 50)
    async with coded_camera("H265", video) as camera:
        record = Camera("cam", "Camera", {ProfileName.MAIN: camera.url})
        records = {"cam": record}
        hub = CameraHub(
            records.get,
            lambda _: None,
            policies=lambda _: QUICK,
            transcoding=Transcoding(encoder="libx264", cores=8),
        )
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        holds = [hub.hold("cam", name, urgent=True) for name in (RenditionName.MAIN, RenditionName.LOW)]
        source = hub.hold("cam", RenditionName.SOURCE, urgent=True)
        seen: list[list[AccessUnit]] = [[], []]
        for hold, into in zip(holds, seen, strict=True):
            hold.rendition.ring.listen(into.append)
        await until(lambda: all(len(each) > 20 for each in seen))
        assert not black_on_the_right(seen[0])
        await read(source.rendition, 2)

        records["cam"] = Camera("cam", "Camera", record.profiles, (RIGHT_HALF,))
        forgotten: list[int] = []
        holds[0].rendition.ring.listen(lambda _: None, lambda: forgotten.append(1))
        act(hub, "cam")
        assert forgotten  # whoever keeps pictures was told to let go
        assert all(not ring for ring in kept_in(hub)) and len(source.rendition.ring) == 0
        for each in seen:
            each.clear()
        await until(lambda: all(len(each) > 20 for each in seen), 10)
        for hold, each in zip(holds, seen, strict=True):
            assert each[0].is_idr and black_on_the_right(each)
            hold.release()
        assert len(source.rendition.ring) == 0
        source.release()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("masks", [(RIGHT_HALF,), ()])
async def test_a_camera_without_a_record_gives_nothing_more(masks: tuple[Polygon, ...]) -> None:
    """Its masks went with its record, and it goes on sending until it has answered TEARDOWN."""

    let_go = asyncio.Event()

    async def late(_talk: Talk, _asked: Asked) -> None:
        await let_go.wait()

    video = encode("H264", 25, gop=5)
    manners = Manners(sdp=sdp("H264"), media=playing("H264", video), replies={"TEARDOWN": late})
    async with FakeCamera(manners) as camera:
        records = {"cam": Camera("cam", "Camera", {ProfileName.MAIN: camera.url}, masks)}
        hub = CameraHub(
            records.get,
            lambda _: None,
            policies=lambda _: replace(QUICK, teardown_s=1.0),
            transcoding=Transcoding(encoder="libx264", cores=8),
        )
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        hold = hub.hold("cam", RenditionName.MAIN, urgent=True)
        seen: list[AccessUnit] = []
        hold.rendition.ring.listen(seen.append)
        await until(lambda: len(seen) > 10, 15)
        raw = hub._intakes["cam", ProfileName.MAIN].raw
        del records["cam"]
        hub.refresh("cam")
        seen.clear()
        before = raw.counters.packets
        await until(lambda: raw.counters.packets > before + 10)  # the camera does go on
        assert not seen and not hold.rendition.ring.newest_gop()
        assert isinstance(hold.rendition.state, Offline)
        let_go.set()
        hold.release()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_text_on_one_viewers_picture_is_not_on_anothers() -> None:
    video = encode("H264", 50)
    async with coded_camera("H264", video) as camera, hub_of({ProfileName.MAIN: camera.url}) as hub:
        marked = Overlay(name=True, clock=True, watermark="김포소방서 상황실")
        with (
            hub.hold("cam", ProfileName.MAIN, urgent=True) as plain,
            hub.hold("cam", ProfileName.MAIN, urgent=True, overlay=marked) as other,
            hub.hold("cam", ProfileName.MAIN, urgent=True, overlay=marked) as same,
        ):
            assert same.rendition is other.rendition and other.rendition is not plain.rendition
            assert other.rendition.name != plain.rendition.name == "main"
            units = await read(other.rendition, 5)
            (first, *_) = decoded("H264", [unit.nal_units for unit in units])
            # White letters at the lower edge and in the middle, where the drawing has at most 200.
            for part in (first[-30:, 110:210], first[150:190, 60:260]):
                assert (part > 220).any()
            assert (await read(plain.rendition, 3))[1].nal_units == video[1].nal_units


def test_the_clock_says_when_the_picture_was_taken() -> None:
    """Korean time by default, and drawn anew only when the second is another."""
    caption = Caption(Overlay(clock=True), "", 9.0)
    grey = white(640, 360)
    moment = 1_790_000_000.0
    first = planes(caption.draw(white(640, 360), moment))[0].copy()
    assert np.array_equal(first, planes(caption.draw(white(640, 360), moment + 0.9))[0])
    assert not np.array_equal(first, planes(caption.draw(white(640, 360), moment + 1))[0])
    assert np.array_equal(first[60:], planes(grey)[0][60:])  # only the upper edge


def test_masks_and_text_are_cheap() -> None:
    """A full-size picture with four masks and all text takes a few milliseconds at most."""
    mask = Mask([((x, 0.1), (x + 0.2, 0.1), (x + 0.1, 0.6)) for x in (0.0, 0.2, 0.4, 0.6)])
    caption = Caption(Overlay(True, True, "watermark"), "Camera 1", 9.0)
    picture = white(1920, 1080)
    caption.draw(mask.apply(picture), 0.0)
    began = time.thread_time()
    for _ in range(10):
        caption.draw(mask.apply(picture), 0.0)
    assert (time.thread_time() - began) / 10 < 0.03
