"""Cameras with habits of their own, each of which gives pictures all the same."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from streams.camera import ProfileName
from streams.state import Live, Reason
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.cameras.fake import SDP_WITHOUT_SETS, Asked, FakeCamera, Manners, Talk, answer, steady
from tests.cameras.video import RtpWriter, interleaved, pictures
from tests.streams.running import QUICK, failed, hub_for, is_live, state_of
from tests.streams.transcoded import numbers, read
from tests.support.datagrams import receive


def status(line: str) -> bytes:
    return f"RTSP/1.0 {line}\r\nCSeq: {{cseq}}\r\n\r\n".encode()


class UdpCamera:
    """Sends over UDP alone, from two ports of its own, and says so with 461."""

    def __init__(self) -> None:
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for sock in self.sockets:
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        self.client: tuple[int, int] = (0, 0)
        self.reports = 0
        self.camera = FakeCamera(Manners(replies={"SETUP": self.set_up}, media=self.media))

    async def set_up(self, talk: Talk, asked: Asked) -> bytes:
        transport = asked.headers["transport"]
        if "TCP" in transport:
            return answer(asked, "461 Unsupported Transport")
        low, high = transport.partition("client_port=")[2].split("-")
        self.client = int(low), int(high)
        ports = "-".join(str(sock.getsockname()[1]) for sock in self.sockets)
        reply = f"Transport: {transport};server_port={ports}\r\nSession: 77;timeout=60\r\n"
        return answer(asked, headers=reply)

    async def media(self, talk: Talk) -> None:
        writer = RtpWriter()
        flow = pictures(writer, step=3600)
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.bind(("127.0.0.2", 0))
        with stranger:
            while True:
                self.sockets[1].sendto(writer.sender_report(time.time()), ("127.0.0.1", self.client[1]))
                for packet in next(flow):
                    stranger.sendto(packet, ("127.0.0.1", self.client[0]))
                    self.sockets[0].sendto(packet, ("127.0.0.1", self.client[0]))
                    self.sockets[0].sendto(b"", ("127.0.0.1", self.client[0]))
                try:
                    async with asyncio.timeout(0.04):
                        await receive(self.sockets[1])
                        self.reports += 1
                        self.camera.changed()
                except TimeoutError:
                    pass

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


async def test_a_camera_that_sends_over_udp_alone() -> None:
    udp = UdpCamera()
    try:
        async with udp.camera as camera, hub_for(camera.url) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                units = await read(hold.rendition, 20)
                counters = hold.rendition.counters
                assert units[-1].captured is not None and abs(units[-1].captured - time.time()) < 1
                # The stranger's copies of every packet never got in, and the empty ones did no harm.
                assert counters.late_packets == counters.lost_packets == counters.bad_packets == 0
            await camera.until(lambda: camera.asked("TEARDOWN") == 1)
    finally:
        udp.close()


async def test_reports_go_to_the_udp_cameras_own_port() -> None:
    """Some cameras stop without."""
    udp = UdpCamera()
    try:
        async with (
            udp.camera as camera,
            hub_for(camera.url, policies=replace(QUICK, report_every_s=0.1)) as hub,
        ):
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                await state_of(hold.rendition, is_live)
                await camera.until(lambda: udp.reports >= 2)
    finally:
        udp.close()


class OneSession:
    """A camera with room for one session, which it keeps until TEARDOWN, whatever happens to the
    connection."""

    def __init__(self, hangs_up_on_teardown: bool = False) -> None:
        self.kept: set[str] = set()
        self.ended: list[str] = []
        self._hangs_up = hangs_up_on_teardown
        replies = {"SETUP": self.set_up, "PLAY": self.play, "TEARDOWN": self.tear_down}
        self.camera = FakeCamera(Manners(replies=replies, media=steady()))

    async def set_up(self, talk: Talk, asked: Asked) -> bytes:
        if self.kept:
            return answer(asked, "453 Not Enough Bandwidth")
        session = f"session{len(self.camera.talks)}"
        self.kept.add(session)
        return answer(
            asked, headers=f"Transport: {talk.manners.transport}\r\nSession: {session};timeout=60\r\n"
        )

    async def play(self, talk: Talk, asked: Asked) -> bytes:
        return answer(asked, headers=f"Session: {asked.headers['session']}\r\n")

    async def tear_down(self, talk: Talk, asked: Asked) -> bytes | None:
        session = asked.headers["session"]
        self.ended.append(session)
        self.kept.discard(session)
        if self._hangs_up:
            talk.hang_up()
            return None
        return answer(asked)


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_a_session_left_behind_is_ended_before_the_next(hangs_up: bool) -> None:
    """The connection breaks; the camera still keeps the session and has no other place."""
    one = OneSession(hangs_up)
    async with one.camera as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            (first,) = one.kept
            camera.open_talks[-1].hang_up()
            await camera.until(lambda: first in one.ended)
            await state_of(hold.rendition, is_live)
            assert one.ended == [first] and len(one.kept) == 1 and first not in one.kept


@pytest.mark.parametrize("line", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
async def test_a_camera_without_a_free_session_says_busy(line: str) -> None:
    async with FakeCamera(Manners(replies={"SETUP": status(line)})) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            assert (await failed(hold.rendition)).reason is Reason.BUSY


async def test_packets_of_another_payload_type_and_reports_of_another_sender_between_the_pictures() -> None:
    """Geovision sends payload type 50 beside the described one; others' sender reports name an SSRC of
    their own, and are believed: there is but one track."""
    began = 1_700_000_000.0

    async def media(talk: Talk) -> None:
        flow = pictures(talk.rtp, step=3600)
        begin = talk.rtp.timestamp
        other = RtpWriter(ssrc=talk.rtp.ssrc, payload_type=50)
        reporter = RtpWriter(ssrc=0xABCD)
        while True:
            reporter.timestamp = talk.rtp.timestamp
            utc = began + (reporter.timestamp - begin) / 90_000
            await talk.send(interleaved(talk.channel + 1, reporter.sender_report(utc)))
            first, *rest = next(flow)
            await talk.send_picture([first, other.packet(b"\x01" * 40, True), *rest])
            await asyncio.sleep(0.04)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await read(hold.rendition, 15)
            assert [unit.captured for unit in units] == pytest.approx(
                [began + unit.rtp_time % 2**32 / 90_000 - 1 for unit in units], abs=1e-3
            )
            counters = hold.rendition.counters
            assert counters.foreign_packets >= 15
            assert counters.lost_packets == counters.late_packets == counters.dropped_pictures == 0


class NewId:
    """A camera that gives its session another id in the reply to PLAY and from then on knows no other."""

    def __init__(self) -> None:
        self.known = ""
        self.unknown: list[str] = []  # requests about a session that there is none of
        replies = dict.fromkeys(("OPTIONS", "GET_PARAMETER", "TEARDOWN"), self.answered)
        self.camera = FakeCamera(
            Manners(replies={**replies, "SETUP": self.set_up, "PLAY": self.play}, media=steady())
        )

    async def set_up(self, talk: Talk, asked: Asked) -> bytes:
        self.known = "first"
        return answer(asked, headers=f"Transport: {talk.manners.transport}\r\nSession: first;timeout=1\r\n")

    async def play(self, talk: Talk, asked: Asked) -> bytes:
        reply = await self.answered(talk, asked)
        self.known = "second"
        return reply.replace(b"first", b"second;timeout=1")

    async def answered(self, talk: Talk, asked: Asked) -> bytes:
        if asked.headers["session"] != self.known:
            self.unknown.append(asked.method)
            return answer(asked, "454 Session Not Found")
        return answer(asked, headers=f"Session: {self.known}\r\n")


async def test_a_session_that_gets_another_id_goes_on_under_it() -> None:
    """Kept alive and ended by the newest one, at the time-out said with it."""
    new_id = NewId()
    async with new_id.camera as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            await camera.until(lambda: camera.asked("OPTIONS") + camera.asked("GET_PARAMETER") == 2)
            assert is_live(hold.rendition.state) and len(camera.talks) == 1
        await camera.until(lambda: camera.asked("TEARDOWN") == 1)
        assert new_id.unknown == []


async def test_a_camera_that_forgets_its_session_before_play_is_asked_anew() -> None:
    """It says 454 to the id that it gave itself: that is said, and the next session has its pictures."""

    async def play(talk: Talk, asked: Asked) -> bytes:
        if len(talk.camera.talks) == 1:
            return answer(asked, "454 Session Not Found")
        return answer(asked, headers=f"Session: {asked.headers['session']}\r\n")

    async with (
        FakeCamera(Manners(replies={"PLAY": play}, media=steady())) as camera,
        hub_for(camera.url) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            assert (await failed(hold.rendition)).reason is Reason.PROTOCOL
            await state_of(hold.rendition, is_live)
            assert camera.talks[0].methods[-1] == "TEARDOWN" and len(camera.talks) == 2


class ThreePlaces:
    """A camera that serves three sessions and takes a fourth, but sends it nothing. `others`: sessions of
    other clients."""

    def __init__(self, others: int) -> None:
        self.others = others
        self.silent: list[Talk] = []
        self.camera = FakeCamera(Manners(media=self.media))

    async def media(self, talk: Talk) -> None:
        if self.others + len(self.camera.open_talks) > 3:
            self.silent.append(talk)
            self.camera.changed()
            return
        await steady()(talk)


async def test_a_session_taken_that_gives_nothing_is_said_ended_and_asked_for_again() -> None:
    """One too many: no session of ours is left behind on the camera, and as soon as a place is free there is
    a picture."""
    places = ThreePlaces(others=3)
    async with places.camera as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            stated = await failed(hold.rendition, 2)
            assert stated.reason is Reason.NO_DATA and hold.rendition.counters.losses == 1
            await camera.until(lambda: camera.asked("TEARDOWN") >= 2)
            assert len(camera.open_talks) <= 1  # never two of ours at once
            places.others = 2
            await state_of(hold.rendition, is_live)
            assert len(camera.open_talks) == 1
            assert all(talk.methods[-1] == "TEARDOWN" for talk in places.silent)
        await camera.until(lambda: camera.asked("TEARDOWN") == len(camera.talks))


async def test_a_camera_that_reboots_again_and_again() -> None:
    """Back within two seconds of its port opening, each time, with numbers and time going on."""
    video = encode("H264", 50)
    async with coded_camera("H264", video) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            for _ in range(4):
                before = rendition.ring.newest
                await camera.stop()
                attempts = rendition.counters.attempts
                await failed(rendition, attempts + 1)  # the port is found closed
                await camera.start()
                opened = time.monotonic()
                await state_of(rendition, is_live)
                assert time.monotonic() - opened < 2.0
                after = rendition.ring.newest
                assert before is not None and after is not None
                assert after.number > before.number and after.media_time > before.media_time
            assert rendition.counters.losses == 4 and isinstance(rendition.state, Live)
            assert len(numbers(await read(rendition, 10))) == 10


def every_slice_marked(slices: int) -> Callable[[Talk], Awaitable[None]]:
    """Media: real pictures of several slices, the marker on each slice."""
    video = encode("H264", 50, slices=slices, height=256)

    async def media(talk: Talk) -> None:
        while True:
            for picture in video:
                await talk.send_picture([talk.rtp.packet(nal, nal[0] & 31 < 6) for nal in picture.nal_units])
                talk.rtp.timestamp += 3600
                await asyncio.sleep(0.02)

    return media


async def test_sliced_pictures_with_a_marker_on_each_slice() -> None:
    manners = Manners(sdp=SDP_WITHOUT_SETS, media=every_slice_marked(4))
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            # Whole from the second keyframe on.
            cursor = rendition.ring.reader()
            async with asyncio.timeout(5):
                while True:
                    unit = await cursor.next()
                    if unit.is_idr and sum(nal[0] & 31 == 5 for nal in unit.nal_units) == 4:
                        break
            units = [unit, *[await cursor.next() for _ in range(8)]]
            assert all(sum(nal[0] & 31 in (1, 5) for nal in each.nal_units) == 4 for each in units)
            assert len(numbers(units)) == 9
