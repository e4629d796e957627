"""A rendition's fan-out: who joins gets the picture, who fails costs nobody else anything."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiortc.rtp import RtcpPacket, RtcpSrPacket

from relay.fanout import Fanout
from relay.fanouts import Fanouts
from relay.sender import State
from streams.rendition import Rendition
from streams.rtp import SenderReport
from streams.timeline import CameraTimeline
from tests.support.waiting import until

from .test_sender import nack, pli
from .wire import PPS, SPS, TICKS, Viewer


class Camera:
    """A rendition that takes a picture when asked."""

    def __init__(self, name: str = "main", timeline: CameraTimeline | None = None) -> None:
        self.rendition = Rendition("cam-1", name, timeline or CameraTimeline())
        self.taken = 0

    def shoot(self, *, idr: bool = False, size: int = 2000, times: int = 1) -> int:
        """Take pictures; returns the stamp of the last: the low half of its media time, which is past that
        where the machine has been up for 13 hours."""
        for _ in range(times):
            self.taken += 1
            now = time.monotonic()
            body = b"\x88" + b"%06d" % self.taken * (size // 6 + 1)
            nals = (SPS, PPS, b"\x65" + body) if idr else (b"\x41" + body,)
            self.rendition.track.report(SenderReport(1, time.time(), self.taken * TICKS, 0))
            instant = self.rendition.track.picture(self.taken * TICKS, now)
            unit = self.rendition.push(instant, now, idr, nals)
            idr = False
        return unit.media_time & 0xFFFFFFFF


@asynccontextmanager
async def running(*fanouts: Fanout) -> AsyncIterator[None]:
    """The fan-outs at work until the block is left."""
    tasks = [asyncio.create_task(fanout.run()) for fanout in fanouts]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended


class BrokenPath:
    """A path that breaks its promise never to raise."""

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`."""
        raise RuntimeError("broken")

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`."""
        raise RuntimeError("broken")

    def recall(self) -> None:
        """See `relay.ports.Path`."""
        raise RuntimeError("broken")


async def test_who_joins_late_and_who_was_there_see_the_same() -> None:
    camera, early, late = Camera(), Viewer(), Viewer()
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        fanout.attach(early.sender)
        camera.shoot(idr=True, times=4)
        fanout.attach(late.sender)
        camera.shoot()
        assert early.stamps()[-2:] == late.stamps()[-2:]
        assert fanout.viewers == 2
        assert late.sender.counters.replays == {"join": 1}
        assert early.sender.counters.replays == {}


async def test_the_group_of_pictures_from_before_it_ran_is_there() -> None:
    camera, viewer = Camera(), Viewer()
    newest = camera.shoot(idr=True, times=5)
    fanout = Fanout(camera.rendition)
    fanout.attach(viewer.sender)
    async with running(fanout):
        assert viewer.stamps()[-1] == newest
        assert viewer.state() is State.LIVE


async def test_the_stamp_of_a_viewer_is_the_newest_announced() -> None:
    camera, viewer = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        camera.shoot(idr=True)
        fanout.attach(viewer.sender)
        newest = camera.shoot()
        assert viewer.stamps()[-1] == newest


async def test_a_fault_ends_one_viewer_only(caplog: pytest.LogCaptureFixture) -> None:
    camera, well, broken = Camera(), Viewer(), Viewer()
    fanout = Fanout(camera.rendition)
    faults: list[Exception] = []
    async with running(fanout):
        camera.shoot(idr=True)
        fanout.attach(broken.sender, faults.append)
        fanout.attach(well.sender)
        broken.sender._writer._path = BrokenPath()
        well.take()
        for _ in range(3):
            camera.shoot()
        assert len(well.stamps()) == 3
        assert fanout.viewers == 1
        assert [str(fault) for fault in faults] == ["broken"]
        assert fanout.statistics(time.monotonic()).failed_viewers == 1
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_a_fault_at_the_start_is_told_too() -> None:
    camera, broken = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    faults: list[Exception] = []
    broken.sender._writer._path = BrokenPath()
    async with running(fanout):
        camera.shoot(idr=True)
        fanout.attach(broken.sender, faults.append)
        assert (len(faults), fanout.viewers) == (1, 0)


async def test_who_left_gets_nothing_more() -> None:
    camera, viewer = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        camera.shoot(idr=True)
        fanout.attach(viewer.sender)
        viewer.take()
        fanout.detach(viewer.sender)
        fanout.detach(viewer.sender)
        camera.shoot()
        assert viewer.take() == []
        assert fanout.viewers == 0


async def test_one_who_is_behind_does_not_hold_up_another() -> None:
    camera, quick, slow = Camera(), Viewer(), Viewer(link_bps=300_000)
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        fanout.attach(quick.sender)
        fanout.attach(slow.sender)
        newest = camera.shoot(idr=True, size=30_000)
        assert quick.stamps() == [newest]
        assert slow.sender.held
        assert slow.stamps() == []
        await until(lambda: not slow.sender.held)
        assert slow.stamps() == [newest]


async def test_reports_begin_with_the_picture_and_go_on() -> None:
    camera, viewer = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        camera.shoot(idr=True)
        fanout.attach(viewer.sender)
        viewer.take()
        newest = camera.rendition.ring.newest
        assert newest is not None
        assert newest.captured is not None
        (first,) = viewer.rtcp
        report = RtcpPacket.parse(first)[0]
        assert isinstance(report, RtcpSrPacket)
        told = report.sender_info
        at = told.ntp_timestamp / (1 << 32) - 2_208_988_800
        ahead = (told.rtp_timestamp - newest.media_time & 0xFFFFFFFF) / 90_000
        assert at - newest.captured == pytest.approx(ahead, abs=0.001)

        def another() -> bool:
            viewer.take()
            return bool(viewer.rtcp)

        await until(another)


async def test_a_gap_in_the_camera_s_pictures_waits_for_a_keyframe() -> None:
    camera, viewer = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        camera.shoot(idr=True, times=3)
        fanout.attach(viewer.sender)
        viewer.take()
        newest = camera.rendition.ring.newest
        assert newest is not None
        camera.rendition.ring._next_number += 5
        camera.shoot(times=2)
        assert viewer.take() == []
        assert len(viewer.stamps()) == 0
        camera.shoot(idr=True)
        assert len(viewer.stamps()) == 1
        assert fanout.statistics(time.monotonic()).gaps == 1


async def test_a_change_of_rendition_is_at_once_and_on_one_time() -> None:
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    viewer = Viewer()
    async with running(large, small):
        for _ in range(3):
            main.shoot(idr=True, times=2)
            sub.shoot(idr=True, times=2)
        large.attach(viewer.sender)
        first = viewer.take()
        small.attach(viewer.sender)
        second = viewer.take()
        assert (large.viewers, small.viewers) == (0, 1)
        assert second[0].sequence == first[-1].sequence + 1
        assert 0 < (second[0].stamp - first[-1].stamp & 0xFFFFFFFF) < 1 << 31
        main.shoot()
        assert viewer.take() == []
        newest = sub.shoot()
        assert viewer.stamps() == [newest]


async def test_each_rendition_counts_what_its_viewers_were_sent_while_they_were_on_it() -> None:
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    stays, changes = Viewer(), Viewer()
    async with running(large, small):
        for camera in (main, sub):
            camera.shoot(idr=True, times=3)
        for viewer in (stays, changes):
            large.attach(viewer.sender)
        main.shoot()
        small.attach(changes.sender)
        sub.shoot(times=2)
        now = time.monotonic()
        above, below = large.statistics(now), small.statistics(now)
        on_both = changes.sender.counters.packets
        assert below.sent.packets > 0
        assert above.sent.packets + below.sent.packets == stays.sender.counters.packets + on_both
        assert (
            above.sent.bytes + below.sent.bytes == stays.sender.counters.bytes + changes.sender.counters.bytes
        )
        assert above.sent.replays == Counter(join=2)
        assert below.sent.replays == Counter(switch=1)
        assert above.age is not None and 0 <= above.age < 60
        for viewer in (stays, changes):
            viewer.sender.bye()
        assert large.statistics(now).sent == above.sent
        assert small.statistics(now).sent == below.sent


async def test_a_change_too_large_for_the_link_waits_for_the_keyframe_and_keeps_the_old_until_then() -> None:
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    viewer = Viewer(link_bps=2_000_000)
    async with running(large, small):
        sub.shoot(idr=True, size=1000)
        main.shoot(idr=True, size=60_000)  # a quarter of a second of the link
        small.attach(viewer.sender)
        viewer.take()
        large.attach(viewer.sender)
        assert (large.viewers, small.viewers) == (0, 1)
        newest = sub.shoot(size=1000)
        assert viewer.stamps() == [newest]
        newest = main.shoot(idr=True, size=5000)
        assert (large.viewers, small.viewers) == (1, 0)
        assert viewer.stamps() == [newest]
        sub.shoot()
        assert viewer.take() == []


async def test_the_keyframe_of_a_change_is_sent_once() -> None:
    """Also where the pacer lets it go at once."""
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    viewer = Viewer(link_bps=2_000_000)
    async with running(large, small):
        sub.shoot(idr=True, size=1000)
        main.shoot(idr=True, size=60_000)
        small.attach(viewer.sender)
        large.attach(viewer.sender)
        viewer.take()
        await asyncio.sleep(0.1)  # credit of the pacer
        newest = main.shoot(idr=True, size=5000)
        assert viewer.stamps() == [newest]
        newest = main.shoot(size=1000)
        assert viewer.stamps() == [newest]


async def test_a_change_taken_back_is_none() -> None:
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    viewer = Viewer(link_bps=200_000)
    async with running(large, small):
        sub.shoot(idr=True, size=1000)
        main.shoot(idr=True, size=60_000)
        small.attach(viewer.sender)
        large.attach(viewer.sender)
        small.attach(viewer.sender)
        main.shoot(idr=True)
        assert (large.viewers, small.viewers) == (0, 1)


async def test_who_ends_while_changing_is_gone_from_both() -> None:
    timeline = CameraTimeline()
    main, sub = Camera("main", timeline), Camera("sub", timeline)
    large, small = Fanout(main.rendition), Fanout(sub.rendition)
    viewer = Viewer(link_bps=200_000)
    async with running(large, small):
        sub.shoot(idr=True, size=1000)
        main.shoot(idr=True, size=60_000)
        small.attach(viewer.sender)
        large.attach(viewer.sender)
        viewer.sender.bye()
        viewer.take()
        main.shoot(idr=True)
        sub.shoot(idr=True)
        assert viewer.take() == []
        assert (large.viewers, small.viewers) == (0, 0)


async def test_what_was_forgotten_is_not_sent_again() -> None:
    """A mask was drawn: no packet from before leaves any more, whoever asks for it and however."""
    camera, viewer, late, slow = Camera(), Viewer(), Viewer(), Viewer(link_bps=300_000)
    fanout = Fanout(camera.rendition)
    async with running(fanout):
        for each in (viewer, slow):
            fanout.attach(each.sender)
        camera.shoot(idr=True, size=30_000, times=2)
        before = viewer.take()
        slow.take()
        held = [slow.sender.held]
        camera.rendition.ring.clear()
        assert viewer.path.recalls == 1
        held.append(slow.sender.held)
        assert before and held == [True, False] and fanout.history.size == 0
        now = time.monotonic()
        viewer.sender.on_rtcp(nack(*(packet.sequence for packet in before)), now)
        viewer.sender.on_rtcp(pli(), now + 1)
        viewer.sender.probe(10_000, now + 1)
        fanout.attach(late.sender)
        camera.shoot()  # it refers to what was forgotten
        await asyncio.sleep(0.02)
        assert viewer.take() == slow.take() == late.take() == []
        newest = camera.shoot(idr=True)
        for each in (viewer, late):
            assert each.stamps()[-1] == newest


async def test_a_keyframe_is_asked_of_who_can_make_one() -> None:
    camera, viewer = Camera(), Viewer()
    asked: list[bool] = []
    fanout = Fanout(camera.rendition, request_keyframe=lambda: asked.append(True))
    async with running(fanout):
        fanout.attach(viewer.sender)
        assert len(asked) == 1
        assert fanout.statistics(time.monotonic()).keyframe_requests == 1


async def test_the_relay_passes_the_wish_on_to_the_renditions_maker() -> None:
    camera, viewer = Camera(), Viewer()
    asked: list[bool] = []
    camera.rendition.on_keyframe_request = lambda: asked.append(True)
    fanouts = Fanouts(lambda _: None)
    async with asyncio.TaskGroup() as group:
        (form,) = fanouts.forms([camera.rendition], group)
        form.attach(viewer.sender, None, time.monotonic())
        fanouts.end_all()
    assert asked == [True]


async def test_an_observer_learns_when_a_picture_has_left() -> None:
    camera, viewer = Camera(), Viewer()
    fanout = Fanout(camera.rendition)
    seen: list[tuple[int, int]] = []
    viewer.sender.observer = lambda unit, sender: seen.append((unit.number, sender.counters.packets))
    async with running(fanout):
        fanout.attach(viewer.sender)
        camera.shoot(idr=True, times=3)
    assert [number for number, _ in seen] == [1, 2, 3]
    assert seen[-1][1] == viewer.sender.counters.packets
