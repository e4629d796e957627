"""Simulated cameras played by FFmpeg: a client that no one here wrote."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.camera import ProfileName
from streams.simulator import Auth, H264Profile, SimulatedCamera, SimulatedCity, timecode
from tests.cameras.gst_server import clip
from tests.streams.simulator.client import Client, connected, running

CAMERA = SimulatedCamera("cam", "카메라 1", fps=20, gop_s=0.5, size=(640, 360), sub_size=(320, 180))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a player saw: per picture its size, time code (Unix ms), and kind (1 is I)."""

    sizes: set[tuple[int, int]]
    times: list[int]
    kinds: list[int]


def look(url: str, count: int) -> Seen:
    """Play an address until `count` pictures are decoded."""
    options = {"rtsp_transport": "tcp", "timeout": "3000000"}
    sizes, times, kinds = set(), [], []
    with av.open(url, options=options, timeout=(5, 5)) as container:
        for frame in container.decode(video=0):
            code = timecode.read(frame.to_ndarray(format="bgr24"), int(time.time() * 1000))
            assert code is not None
            sizes.add((frame.width, frame.height))
            times.append(code)
            kinds.append(int(frame.pict_type))
            if len(times) == count:
                break
    return Seen(sizes, times, kinds)


def with_password(url: str, password: str) -> str:
    return url.replace("rtsp://", f"rtsp://user:{password}@")


@pytest.mark.parametrize("profile", list(H264Profile))
@pytest.mark.parametrize("name", list(ProfileName))
async def test_pictures_and_their_times(profile: H264Profile, name: ProfileName) -> None:
    async with running([replace(CAMERA, profile=profile)]) as city:
        begin = time.time() * 1000
        seen = await asyncio.to_thread(look, city.address("cam", name), 25)
        end = time.time() * 1000
        assert seen.sizes == {(640, 360) if name is ProfileName.MAIN else (320, 180)}
        assert seen.kinds[0] == 1
        assert all(begin - 50 < each < end for each in seen.times)
        steps = sorted(b - a for a, b in pairwise(seen.times))
        assert steps[0] > 0
        assert steps[len(steps) // 2] == pytest.approx(50, abs=12)


async def test_the_profile_is_the_one_ordered(canary: str) -> None:
    wanted = {
        H264Profile.BASELINE: "Constrained Baseline",
        H264Profile.MAIN: "Main",
        H264Profile.HIGH: "High",
    }
    cameras = [
        replace(CAMERA, id=profile, profile=profile, auth=Auth.DIGEST, username="user", password=canary)
        for profile in wanted
    ]
    async with running(cameras) as city:
        for profile, name in wanted.items():
            probe = await asyncio.create_subprocess_exec(
                *("ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-timeout", "5000000"),
                *("-of", "json", "-show_streams", with_password(city.address(profile), canary)),
                stdout=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(20):
                output, _ = await probe.communicate()
            (stream,) = json.loads(output)["streams"]
            assert (stream["codec_name"], stream["profile"]) == ("h264", name)
            assert (stream["width"], stream["height"]) == (640, 360)
            assert stream["has_b_frames"] == 0


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.DIGEST])
async def test_passwords(auth: Auth, canary: str) -> None:
    camera = replace(CAMERA, auth=auth, username="user", password=canary)
    async with running([camera]) as city:
        seen = await asyncio.to_thread(look, with_password(city.address("cam"), canary), 2)
        assert len(seen.times) == 2
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(look, with_password(city.address("cam"), "wrong"), 1)
        assert city.statistics("cam").refusals > 0


async def test_b_frames_come_out_of_order() -> None:
    async with running([replace(CAMERA, b_frames=2, profile=H264Profile.MAIN)]) as city:
        async with connected(city.address("cam")) as client:
            await client.play()
            times = [(await client.picture())[0].time for _ in range(20)]
        assert any((b - a) & 0x80000000 for a, b in pairwise(times))
        seen = await asyncio.to_thread(look, city.address("cam"), 25)
        assert 3 in seen.kinds
        assert seen.times == sorted(seen.times)


async def picture_times(city: SimulatedCity, client: Client) -> list[tuple[float, list[bytes]]]:
    """Capture times by the sender reports, with the pictures' NAL units as they came."""
    await client.play()
    report = None
    pictures: list[tuple[float, list[bytes]]] = []
    while len(pictures) < 12:
        packet = await client.packet()
        if packet.channel == 1:
            report = packet.report
            continue
        packets = [packet]
        while not packets[-1].marker:
            following = await client.packet()
            if following.channel == 0:
                packets.append(following)
        assert report is not None
        ticks = (packets[0].time - report[1] + 2**31) % 2**32 - 2**31
        pictures.append((report[0] + ticks / 90_000, [each.payload for each in packets]))
    return pictures


async def test_the_time_code_is_the_capture_time_of_the_sender_report() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        pictures = await picture_times(city, client)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1  # each packet's frame comes at once
    shown = 0
    for captured, payloads in pictures:
        stream = b""
        for payload in payloads:
            if payload[0] & 0x1F != 28:
                stream += b"\0\0\0\1" + payload
            elif payload[1] & 0x80:
                stream += b"\0\0\0\1" + bytes((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:]
            else:
                stream += payload[2:]
        for frame in decoder.decode(av.Packet(stream)):
            code = timecode.read(frame.to_ndarray(format="bgr24"), int(captured * 1000))
            assert code is not None
            assert abs(code - captured * 1000) < 3
            shown += 1
    assert shown == 12


async def test_a_video_file_is_a_camera() -> None:
    camera = replace(CAMERA, video_file=clip(), fps=10)
    async with running([camera]) as city:
        seen = await asyncio.to_thread(look, city.address("cam"), 15)
        assert seen.sizes == {(640, 360)}
        assert len(seen.times) == 15


async def test_cameras_with_nothing_to_show_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "no.mp4"
    empty.write_bytes(b"not a video")
    for camera, words in (
        (replace(CAMERA, video_file=empty), "cannot be read as video"),
        (replace(CAMERA, video_file=tmp_path / "missing.mp4"), "cannot be read"),
        (replace(CAMERA, scene="moon"), "no scene 'moon'"),
    ):
        with pytest.raises(ValueError, match=words):
            SimulatedCity([camera])
    with pytest.raises(ValueError, match="same id"):
        SimulatedCity([CAMERA, CAMERA])


async def test_a_port_that_is_taken_is_named() -> None:
    async with running([CAMERA]) as city:
        port = int(city.address("cam").split(":")[2].split("/")[0])
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1"):
            await SimulatedCity([CAMERA], port=port).run()
