"""The watch's shell: which keyframe it takes, every codec, views kept and asked for, and its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest

from streams.access_unit import AccessUnit
from streams.camera import Polygon, ProfileName
from streams.keyframe import Keyframe
from streams.simulator.planes import Pixels
from streams.watch.fault import PictureFault
from streams.watch.reference import LOOKS
from streams.watch.watch import Light
from streams.watch.watcher import NotWatched, Watcher
from tests.cameras.coded import encode
from tests.pictures.coding import Sensor
from tests.pictures.spoiling import SPOILS, view
from tests.support.waiting import until

QP = 28


@dataclass
class Shelf:
    """A keeper of views that can be made to fail."""

    views: dict[str, dict[str, bytes]] = field(default_factory=dict)
    broken: bool = False
    refused: int = 0

    async def load(self, camera_id: str) -> Mapping[str, bytes]:
        self._demand()
        return self.views.get(camera_id, {})

    async def save(self, camera_id: str, views: Mapping[str, bytes]) -> None:
        self._demand()
        self.views.setdefault(camera_id, {}).update(views)

    def _demand(self) -> None:
        if self.broken:
            self.refused += 1
            raise OSError("the shelf is broken")


class Stand:
    """Cameras that stand still until the test shows the next keyframe."""

    def __init__(self, canvases: list[Pixels]) -> None:
        self.there: dict[str, Keyframe] = {}
        self.canvases = canvases
        self.sensor = Sensor(1.0, named=False, seed=3)
        self.number = 0

    def show(self, camera: str, picture: Pixels | None = None, masks: tuple[Polygon, ...] = ()) -> None:
        self.number += 1
        shown = view(self.canvases[self.number % len(self.canvases)]) if picture is None else picture
        coded = self.sensor.coded(self.sensor.grain(shown), QP)
        unit = replace(coded, number=self.number, arrived=float(self.number))
        self.there[camera] = Keyframe(camera, ProfileName.SUB, "H264", unit, masks)


@asynccontextmanager
async def watching(stand: Stand, shelf: Shelf | None = None, interval: float = 0.0) -> AsyncIterator[Watcher]:
    watcher = Watcher(lambda: stand.there, shelf or Shelf(), interval=interval)
    running = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()


async def shown(
    watcher: Watcher,
    stand: Stand,
    count: int,
    picture: Pixels | None = None,
    masks: tuple[Polygon, ...] = (),
) -> None:
    """So many keyframes of `cam`, each looked at."""
    first = watcher.looks
    for number in range(1, count + 1):
        stand.show("cam", picture, masks)
        wanted = first + number
        await until(partial(_looked, watcher, wanted), "the keyframe is looked at", deadline=20)


def _looked(watcher: Watcher, looks: int) -> bool:
    return watcher.looks >= looks


async def test_a_view_is_learnt_kept_and_known_to_the_next_watcher(alley: list[Pixels]) -> None:
    stand, shelf = Stand(alley), Shelf()
    async with watching(stand, shelf) as watcher:
        await shown(watcher, stand, LOOKS)
        await until(lambda: shelf.views)
        known = watcher.watched("cam")
        assert known is not None
        assert known.findings == ()
        assert known.light is Light.DAY
        assert known.views == {Light.DAY}
    turned = SPOILS["moved"](np.random.default_rng(1), 0)(alley[0])
    async with watching(stand, shelf) as watcher:
        await shown(watcher, stand, 3, turned)
        (finding,) = watcher.findings("cam")
        assert finding.fault is PictureFault.MOVED
        assert finding.since == stand.number - 2
        assert watcher.findings("another") == ()


async def test_an_accepted_view_is_forgotten_by_the_shelf_first(alley: list[Pixels]) -> None:
    stand, shelf = Stand(alley), Shelf()
    turned = SPOILS["moved"](np.random.default_rng(1), 0)(alley[0])
    async with watching(stand, shelf) as watcher:
        with pytest.raises(NotWatched):
            async with watcher.accepting_view("cam"):
                raise AssertionError("there is nothing to accept")
        await shown(watcher, stand, LOOKS)
        before = shelf.views["cam"]["day"]
        await shown(watcher, stand, 3, turned)
        with pytest.raises(ZeroDivisionError):
            async with watcher.accepting_view("cam"):
                raise ZeroDivisionError  # the block failed: nothing is accepted
        await shown(watcher, stand, 1, turned)
        assert [finding.fault for finding in watcher.findings("cam")] == [PictureFault.MOVED]
        async with watcher.accepting_view("cam"):
            shelf.views.clear()
        await shown(watcher, stand, LOOKS, turned)
        assert watcher.findings("cam") == ()
        await until(lambda: shelf.views)
        assert shelf.views["cam"]["day"] != before


async def test_without_its_views_a_camera_is_not_judged_and_nothing_is_lost(alley: list[Pixels]) -> None:
    stand, shelf = Stand(alley), Shelf(broken=True)
    async with watching(stand, shelf) as watcher:
        stand.show("cam")
        await until(lambda: shelf.refused >= 2)
        assert watcher.looks == 0
        shelf.broken = False
        await shown(watcher, stand, LOOKS - 1)
        shelf.broken = True
        await shown(watcher, stand, 2)
        assert not shelf.views
        shelf.broken = False
        await shown(watcher, stand, 1)
        assert set(shelf.views["cam"]) == {"day"}


async def test_rubbish_on_the_shelf_is_learnt_anew(alley: list[Pixels]) -> None:
    stand, shelf = Stand(alley), Shelf({"cam": {"day": b"rubbish", "noon": b""}})
    async with watching(stand, shelf) as watcher:
        await shown(watcher, stand, LOOKS)
        await until(lambda: len(shelf.views["cam"]["day"]) > 1000)


async def test_each_keyframe_is_looked_at_once_and_off_the_loops_thread(alley: list[Pixels]) -> None:
    stand = Stand(alley)
    async with watching(stand) as watcher:
        stand.show("cam")
        stand.show("other")
        await until(lambda: watcher.looks == 2)
        await asyncio.sleep(0.6)  # two ticks and more
        assert watcher.looks == 2
        assert [each.name for each in threading.enumerate() if "picture-watch" in each.name] == [
            "picture-watch_0"
        ]
        assert watcher.cpu_s > 0
    assert not [each for each in threading.enumerate() if "picture-watch" in each.name]


async def test_no_camera_is_looked_at_more_often_than_the_interval_says(alley: list[Pixels]) -> None:
    stand = Stand(alley)
    async with watching(stand, interval=3600.0) as watcher:
        stand.show("cam")
        await until(lambda: watcher.looks == 1)
        stand.show("cam")
        stand.show("other")
        await until(lambda: watcher.watched("other") is not None)
        assert watcher.looks == 2


async def test_what_cannot_be_decoded_is_counted_and_the_others_are_looked_at(alley: list[Pixels]) -> None:
    stand = Stand(alley)
    async with watching(stand) as watcher:
        unit = AccessUnit(1, 0, 0, 0.0, None, True, (b"\x67nothing", b"\x68", b"\x65of the kind"))
        stand.there["broken"] = Keyframe("broken", ProfileName.SUB, "H264", unit, ())
        stand.there["strange"] = Keyframe("strange", ProfileName.SUB, "H999", unit, ())
        stand.show("cam")
        await until(lambda: watcher.failures == 2 and watcher.watched("cam"))
        assert watcher.watched("broken") is None
        assert watcher.watched("strange") is None


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG", "MP4V-ES"])
async def test_every_codec_is_looked_at_by_one_keyframe_alone(codec: str, alley: list[Pixels]) -> None:
    (key, *_) = [each for each in encode(codec, 3) if each.is_key]
    unit = AccessUnit(1, 0, 0, 50.0, None, True, key.nal_units)
    stand = Stand(alley)
    stand.there["cam"] = Keyframe("cam", ProfileName.MAIN, codec, unit, ())
    async with watching(stand) as watcher:
        await until(lambda: watcher.watched("cam") or watcher.failures)
        assert watcher.failures == 0


async def test_masks_are_burned_in_before_anything_is_measured(alley: list[Pixels]) -> None:
    """All but a strip is masked: what happens behind the mask is nobody's business."""
    masks: tuple[Polygon, ...] = (((0.0, 0.0), (1.0, 0.0), (1.0, 0.9), (0.0, 0.9)),)
    stand = Stand(alley)
    black = np.zeros_like(view(alley[0]))
    async with watching(stand) as watcher:
        picture = black.copy()
        picture[-36:] = view(alley[0])[-36:]
        await shown(watcher, stand, 4, picture, masks)
        assert watcher.findings("cam") == ()
