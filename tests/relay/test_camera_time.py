"""Cameras whose RTP time leaps, wraps or begins anew: media time and the viewer's stamps go on at the pace of
real time, in one connection. From the camera's socket to the viewer's."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from relay.client import WhepViewer
from streams.access_unit import AccessUnit
from streams.camera import ProfileName
from streams.timeline import TICKS
from tests.cameras.fake import FakeCamera, Manners, Talk
from tests.cameras.video import RtpWriter, pictures
from tests.support.bare_relay import bare_relay
from tests.support.waiting import until

STEP = 3600  # 25 pictures a second
HOURS = 10 * 3600 * TICKS
_NO_LEAP = 5 * TICKS  # far more than a busy machine is late, far less than any leap here
_ROUNDING = 2
_ALL = 10**6  # pictures


@dataclass
class Fault:
    """What becomes of the camera's writer once. single: of one picture alone."""

    leap: int = 0
    single: bool = False
    restart: RtpWriter | None = None  # another row of numbers, time and SSRC, within the session
    begin: RtpWriter | None = None
    then: tuple[int, ...] = (0,)  # what is added to the stamps of the pictures after it, in turn
    jumps: int = 0  # time stamps that are known not to be true
    uneven: int = 0  # steps that are not those of the camera's own clock


class Odd:
    """The camera: as it should be until `strike`."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._strike = False
        self.struck = False
        self.camera = FakeCamera(Manners(media=self._media))

    def strike(self) -> None:
        """The next picture is the one."""
        self._strike = True

    async def _media(self, talk: Talk) -> None:
        fault = self._fault
        writer = talk.rtp = fault.begin or talk.rtp
        flow = pictures(writer, step=STEP)
        loop = asyncio.get_running_loop()
        due = loop.time()
        then = itertools.cycle(fault.then)
        while True:
            if self.struck:
                writer.timestamp += next(then)
            now = self._strike and not self.struck
            if now:
                writer.timestamp += fault.leap
                if fault.restart is not None:
                    vars(writer).update(vars(fault.restart))
            packets = next(flow)
            if now and fault.single:
                writer.timestamp -= fault.leap
            self.struck = self.struck or now
            await talk.send_picture(packets)
            due += STEP / TICKS
            await asyncio.sleep(max(0.0, due - loop.time()))


FAULTS = {
    "wrap": Fault(begin=RtpWriter(timestamp=0xFFFFFFFF - 60 * STEP, sequence=0xFFFF - 100)),
    "forward": Fault(leap=HOURS, jumps=3, uneven=3),
    "back": Fault(leap=-HOURS, jumps=3, uneven=3),
    "one forward": Fault(leap=HOURS, single=True, jumps=1, uneven=2),
    "one back": Fault(leap=-HOURS, single=True, jumps=1, uneven=2),
    "stands still": Fault(then=(-STEP,), uneven=_ALL),
    "a quarter early or late": Fault(then=(STEP // 4, -STEP // 4), uneven=_ALL),
    # The first pictures of the new row are lost with its first packets, which may be another's.
    "encoder restarted": Fault(restart=RtpWriter(ssrc=0x9999, sequence=7, timestamp=0), jumps=3, uneven=3),
}


def steps(units: list[AccessUnit]) -> list[tuple[int, float]]:
    """By how much media time, and time of arrival in ticks, go on at each picture."""
    return [
        (b.media_time - a.media_time, (b.arrived - a.arrived) * TICKS) for a, b in itertools.pairwise(units)
    ]


def demand_no_leap(stamps: list[int]) -> None:
    """RTP stamps of pictures, as a viewer got them."""
    ahead = [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(stamps)]
    assert ahead and all(0 < step < _NO_LEAP for step in ahead), ahead


def listen(viewer: WhepViewer) -> list[int]:
    """The stamp of each picture that comes to the viewer."""
    stamps: list[int] = []

    def take(packet: bytes, _: float) -> None:
        stamp = int.from_bytes(packet[4:8], "big")
        if not stamps or stamps[-1] != stamp:
            stamps.append(stamp)

    viewer.on_packet = take
    return stamps


async def more(viewer: WhepViewer, pictures: int = 10) -> None:
    """Waits until so many pictures more have come to the viewer."""
    newest = viewer.newest
    await viewer.wait_picture(20.0, after=pictures + (newest.number if newest is not None else 0))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_leap_of_the_cameras_time_is_none_of_the_viewers(name: str) -> None:
    fault = FAULTS[name]
    odd = Odd(fault)
    units: list[AccessUnit] = []
    async with odd.camera as camera, bare_relay({"cam": {ProfileName.MAIN: camera.url}}) as relay:
        relay.grant("cam")
        with relay.hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            forget = hold.rendition.ring.listen(units.append)
            async with WhepViewer.open(relay.whep("cam"), relay.token()) as viewer:
                stamps = listen(viewer)
                await more(viewer)
                odd.strike()
                await until(lambda: odd.struck)
                so_far = len(units)
                # Past the 60 pictures before the wrap.
                await until(lambda: len(units) > so_far + 60, "pictures go on", deadline=20)
                await more(viewer)
            forget()
            counters = hold.rendition.counters
            assert len(camera.talks) == 1 and counters.losses == 0
            assert counters.time_jumps == fault.jumps
        went = steps(units)
        assert sum(step != STEP for step, _ in went) <= fault.uneven
        for step, passed in went:  # one at most waits for a picture that was placed by its arrival
            assert 0 < step <= max(passed, 0) + 2 * STEP + _ROUNDING
        demand_no_leap(stamps)


def begins(*writers: RtpWriter) -> Callable[[Talk], RtpWriter]:
    """Each session's writer."""
    return lambda talk: writers[min(len(talk.camera.talks), len(writers)) - 1]


@pytest.mark.parametrize(
    "second",
    [RtpWriter(ssrc=0x9999, sequence=7, timestamp=0), RtpWriter(ssrc=1, sequence=3, timestamp=0xFFFFF000)],
    ids=["from 0", "near the wrap"],
)
async def test_time_numbers_and_ssrc_of_a_new_session_have_nothing_to_do_with_the_last(
    second: RtpWriter,
) -> None:
    first = RtpWriter(ssrc=1, sequence=40_000, timestamp=HOURS)
    choose = begins(first, second)

    async def media(talk: Talk) -> None:
        flow = pictures(choose(talk), step=STEP)
        while True:
            await talk.send_picture(next(flow))
            await asyncio.sleep(STEP / TICKS)

    units: list[AccessUnit] = []
    async with (
        FakeCamera(Manners(media=media)) as camera,
        bare_relay({"cam": {ProfileName.MAIN: camera.url}}) as relay,
    ):
        relay.grant("cam")
        with relay.hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            forget = hold.rendition.ring.listen(units.append)
            async with WhepViewer.open(relay.whep("cam"), relay.token()) as viewer:
                stamps = listen(viewer)
                await more(viewer)
                camera.open_talks[-1].hang_up()
                await until(lambda: hold.rendition.counters.losses == 1, "the loss", deadline=10)
                so_far = len(units)
                await until(lambda: len(units) > so_far + 20, "pictures go on", deadline=20)
                await more(viewer)
            forget()
        assert len(camera.talks) == 2 and hold.rendition.counters.time_jumps == 0
        went = steps(units)
        ((step, passed),) = [each for each in went if each[0] != STEP]
        assert step == pytest.approx(passed, abs=_ROUNDING)
        demand_no_leap(stamps)
