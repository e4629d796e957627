"""The camera's own H.265 as one rung among the H.264 ones, with real fan-outs and senders: one viewer, two
payload types, one row of sequence numbers."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from relay.adaptation import Cause
from relay.fanouts import Fanouts, Original
from relay.form import Form
from relay.ladder import Step
from relay.quality import INTERVAL, Quality
from relay.wish import Lack, Wish
from streams.camera import RenditionName
from streams.rendition import Rendition
from streams.state import Live, Offline, Reason
from streams.timeline import CameraTimeline

from .test_fanout import Camera
from .test_sender import nack
from .wire import H265_RTX_TYPE, H265_TYPE, PAYLOAD_TYPE, RTX_SSRC, RTX_TYPE, SSRC, Rtp, Viewer

VPS, IDR, TRAILING = b"\x40\x01", b"\x26\x01", b"\x02\x01"


class HevcCamera(Camera):
    """One that sends H.265, as far as RTP can tell."""

    def __init__(self, timeline: CameraTimeline) -> None:
        super().__init__("source", timeline)
        self.rendition.codec = "H265"

    def shoot(self, *, idr: bool = False, size: int = 2000, times: int = 1) -> int:
        """See `Camera`."""
        for _ in range(times):
            self.taken += 1
            now = time.monotonic()
            nals = (VPS + bytes(20), IDR + bytes(size)) if idr else (TRAILING + bytes(size),)
            unit = self.rendition.push(self.rendition.track.picture(self.taken * 3600, now), now, idr, nals)
            idr = False
        return unit.media_time


@dataclass
class Counted:
    """A hold that tells whether it is held. Implements `relay.ports.Hold`."""

    held: int = 0
    taken: int = 0

    def take(self) -> Counted:
        """Hold it."""
        self.held += 1
        self.taken += 1
        return self

    def release(self) -> None:
        """Want it no more."""
        self.held -= 1


@dataclass
class Scene:
    """A camera of H.265 with a sub stream that is H.264, and a viewer who takes both."""

    source: HevcCamera
    main: Camera
    sub: Camera
    low: Camera
    forms: tuple[Form, ...]
    fanouts: Fanouts
    group: asyncio.TaskGroup
    kept: Counted
    viewer: Viewer
    given: bool = True
    seen: list[Rtp] = field(default_factory=list)

    def begin(self, wish: Wish = Wish(), *, link: float | None = None) -> Quality:  # noqa: B008 - frozen
        """Put the viewer on it. link: bit/s that it carries at most, if that is known."""
        return Quality(self.forms, self.viewer.sender, wish, time.monotonic(), assumed_bps=16e6, link=link)

    def shoot(self, *, idr: bool = False) -> None:
        """A picture of each stream that the camera sends."""
        self.source.shoot(idr=idr, size=20_000)
        self.sub.shoot(idr=idr)

    def arrived(self) -> set[int]:
        """The payload types of the media that came since the last call; all of it is kept in `seen`."""
        self.viewer.sender.limit(None)  # how fast is not the question here
        new = self.viewer.drain(time.monotonic())
        self.seen += new
        return {packet.payload_type for packet in new if packet.ssrc == SSRC}

    def lose(self, *lost: int) -> list[Rtp]:
        """What the viewer is sent when it asks for these sequence numbers again."""
        self.viewer.sender.on_rtcp(nack(*lost), time.monotonic())
        return [packet for packet in self.viewer.take() if packet.ssrc == RTX_SSRC]

    @property
    def on(self) -> str | None:
        """The rendition whose pictures the viewer is sent."""
        supply = self.viewer.sender.supply
        return supply.name if supply is not None else None


@asynccontextmanager
async def scene(*, sub_made: bool = False) -> AsyncIterator[Scene]:
    """With a group of pictures of what the camera sends in the relay; nothing is made yet."""
    timeline = CameraTimeline()
    source, main = HevcCamera(timeline), Camera("main", timeline)
    sub, low = Camera("sub", timeline), Camera("low", timeline)
    kept, extra = Counted(), Counted()
    main.rendition.set_state(Live(time.monotonic()))  # as a held one says that nobody reads yet
    async with asyncio.TaskGroup() as group:
        fanouts = Fanouts(lambda _: None)
        rates = {"main": 4e6, "sub": 500e3} if sub_made else {"main": 4e6}
        forms = fanouts.forms(
            [sub.rendition, main.rendition],
            group,
            [(Step(RenditionName.LOW, 300e3, below=True), low.rendition, extra.take)],
            rates=rates,
            original=Original(source.rendition, kept.take, lambda: made.given),
        )
        made = Scene(source, main, sub, low, forms, fanouts, group, kept, Viewer(h265_too=True))
        await asyncio.sleep(0)
        if sub_made:
            sub.rendition.set_state(Live(time.monotonic()))
            source.shoot(idr=True, size=20_000)
        else:
            made.shoot(idr=True)
            made.shoot()
        try:
            yield made
        finally:
            fanouts.end_all()


def trouble(made: Scene) -> None:
    """The viewer reports that most of it gets lost."""
    for highest in (1000, 1100):
        made.viewer.sender._link.reception.loss.report(highest, 0.8, time.monotonic())


def quiet(made: Scene) -> None:
    """The viewer reports that nothing does."""
    for highest in (2000, 2100):
        made.viewer.sender._link.reception.loss.report(highest, 0.0, time.monotonic())


def carry(quality: Quality, now: float) -> float:
    """Let the link show that it carries what is sent; when that is done."""
    for _ in range(10):
        now += INTERVAL + 0.1
        quality.act(now)
    return now


async def test_a_weak_link_goes_down_to_h264_and_up_again_in_one_row_of_packets() -> None:
    async with scene() as made:
        quality = made.begin()
        now = time.monotonic()
        assert made.on == "source"
        assert made.arrived() == {H265_TYPE}
        made.shoot()
        assert made.arrived() == {H265_TYPE}

        trouble(made)
        now += INTERVAL + 0.1
        quality.act(now)
        assert made.on == "sub"
        assert made.arrived() == {PAYLOAD_TYPE}
        made.shoot()
        assert made.arrived() == {PAYLOAD_TYPE}

        quiet(made)
        for _ in range(600):
            now += 0.1
            quality.act(now)
            if quality.current == "source":
                break
        made.shoot(idr=True)
        made.arrived()
        made.shoot()
        assert made.on == "source"
        assert made.arrived() == {H265_TYPE}
        assert quality.status().switches == {Cause.TROUBLE: 1, Cause.RECOVERED: 1}

        media = [packet for packet in made.seen if packet.ssrc == SSRC]
        assert all(later.sequence == (sooner.sequence + 1) & 0xFFFF for sooner, later in pairwise(media))
        assert all(later.stamp >= sooner.stamp for sooner, later in pairwise(media))
        pictures = {packet.stamp: packet.payload_type for packet in media}
        assert all(pictures[packet.stamp] == packet.payload_type for packet in media)


async def test_what_gets_lost_is_sent_again_as_what_it_was() -> None:
    async with scene() as made:
        quality = made.begin()
        made.shoot()
        made.arrived()
        lost = made.seen[-2]
        (again,) = made.lose(lost.sequence)
        assert again.payload_type == H265_RTX_TYPE
        assert again.payload == struct.pack("!H", lost.sequence) + lost.payload

        trouble(made)
        quality.act(time.monotonic() + INTERVAL + 0.1)
        made.shoot()
        made.arrived()
        newest = made.seen[-1]
        (again,) = made.lose(lost.sequence, newest.sequence)  # of what it has left, nothing
        assert again.payload_type == RTX_TYPE
        assert again.payload == struct.pack("!H", newest.sequence) + newest.payload


async def test_a_link_is_tested_with_packets_of_the_rendition_that_the_viewer_is_on() -> None:
    async with scene() as made:
        quality = made.begin()
        made.source.shoot(size=60_000)
        made.sub.shoot(times=2)  # its pictures have the same numbers, and fewer packets
        made.arrived()
        trouble(made)
        quality.act(time.monotonic() + INTERVAL + 0.1)
        made.arrived()
        made.viewer.sender.probe(500_000, time.monotonic())
        assert {packet.payload_type for packet in made.viewer.take()} == {RTX_TYPE}


async def test_what_is_made_for_the_full_quality_is_no_rung_until_the_own_pictures_end() -> None:
    async with scene() as made:
        quality = made.begin()
        now = time.monotonic()
        made.arrived()
        quality.ask(Wish(pinned="main"), now)  # the full quality, whatever it is called
        assert quality.current == "source"
        quality.ask(Wish(), now)
        now = carry(quality, now)
        assert 0 < quality.status().carried_bps < 4e6  # less than the other may take, and no limit
        made.given = False
        made.source.rendition.ring.clear()  # as a mask does
        made.shoot()
        now += INTERVAL + 0.1
        quality.act(now)
        assert quality.current == "main"
        assert made.arrived() == set()  # nothing of what may not be seen, and nothing else yet
        made.main.shoot(idr=True)
        assert made.on == "main"
        assert made.arrived() == {PAYLOAD_TYPE}
        made.given = True
        made.source.shoot(idr=True)
        quality.act(now + 3 * INTERVAL)
        assert quality.current == made.on == "source"
        assert quality.status().switches == {Cause.GONE: 2}


async def test_the_full_quality_is_not_lacking_where_the_own_pictures_are_it() -> None:
    async with scene() as made:
        quality = made.begin(Wish(pinned="main"))
        now = time.monotonic()
        made.main.rendition.set_state(Offline(now, Reason.OVERLOADED, None))
        assert quality.current == "source"
        assert quality.lack(now) is None
        made.given = False
        assert quality.lack(now) is Lack.NO_ROOM


async def test_on_a_link_that_is_too_narrow_for_it_a_smaller_one_takes_its_place() -> None:
    async with scene() as made:
        quality = made.begin(link=1e6)
        now = carry(quality, time.monotonic())
        assert quality.current == "source"
        made.given = False
        quality.act(now + INTERVAL + 0.1)
        assert quality.current == "sub"


async def test_what_is_made_has_its_rate_before_it_is_and_is_waited_for_on_what_there_is() -> None:
    async with scene(sub_made=True) as made:
        quality = made.begin()
        made.arrived()
        sub = next(form for form in made.forms if form.name == "sub")
        assert sub.bitrate(time.monotonic()) == 500e3
        trouble(made)
        quality.act(time.monotonic() + INTERVAL + 0.1)
        assert quality.current == "sub"
        assert made.on == "source"
        made.source.shoot()
        assert made.arrived() == {H265_TYPE}
        made.sub.shoot(idr=True)
        assert made.on == "sub"
        assert made.arrived() == {PAYLOAD_TYPE}


async def test_a_small_tile_has_the_small_stream_and_a_hidden_one_too() -> None:
    async with scene() as made:
        assert made.begin(Wish(ceiling="sub")).current == "sub"
    async with scene() as made:
        quality = made.begin()
        quality.ask(Wish(hidden=True), time.monotonic())
        assert quality.current == "sub"
        quality.ask(Wish(), time.monotonic())
        assert quality.current == "source"


async def test_it_is_held_while_somebody_may_watch_who_takes_it() -> None:
    async with scene() as made:
        source = made.forms[-1]
        assert source.name == "source"
        assert made.kept.held == 0
        source.join("a")
        source.join("b")
        assert made.kept.held == 1
        source.leave("a")
        assert made.kept.held == 1
        source.leave("b")
        assert made.kept.held == 0
        source.join("c")
        made.fanouts.end_all()
        assert (made.kept.held, made.kept.taken) == (0, 2)


async def test_who_takes_h265_alone_has_one_rung() -> None:
    async with scene() as made:
        given = made.given
        alone = made.fanouts.forms(
            (), made.group, original=Original(made.source.rendition, made.kept.take, lambda: given)
        )
        assert alone == made.forms[-1:]
        made.forms = alone
        quality = made.begin(Wish(pinned="main"))
        trouble(made)
        quality.act(time.monotonic() + INTERVAL + 0.1)
        assert made.on == quality.current == "source"
        made.given = False
        quality.act(time.monotonic() + 3 * INTERVAL)
        assert quality.current == "source"


async def test_renditions_of_a_viewer_who_takes_h264_alone_are_what_they_were() -> None:
    async with scene() as made:
        main: Rendition = made.main.rendition
        forms = made.fanouts.forms([made.sub.rendition, main], made.group)
        assert [form.name for form in forms] == ["sub", "main"]
        made.forms = forms
        quality = made.begin()
        assert quality.current == "main"
