"""Which rendition a viewer is on, with real fan-outs and senders: its start, its wishes, its link."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from relay.adaptation import Cause
from relay.errors import OfferRefused
from relay.fanouts import Fanouts
from relay.form import Form
from relay.links import LINK_KNOWN_S, MOST_LINKS, KnownLinks
from relay.load import LEAST_S, Load
from relay.quality import FIRST_CLIMB_S, INTERVAL, Quality
from relay.reception import LOSS_PACKETS, RecentLoss
from relay.wish import Wish, read_layer
from streams.state import Offline, Reason
from streams.timeline import CameraTimeline

from .test_fanout import Camera
from .wire import Viewer

FORMS: list[tuple[str, int | None]] = [("sub", 640), ("main", 1920)]


@dataclass
class Scene:
    """A camera with two streams, and a viewer that is put on it."""

    sub: Camera
    main: Camera
    forms: tuple[Form, ...]
    viewer: Viewer

    def begin(self, wish: Wish = Wish(), **options: float | None) -> Quality:  # noqa: B008 - a frozen value
        """Put the viewer on it."""
        now = time.monotonic()
        return Quality(self.forms, self.viewer.sender, wish, now, **{"assumed_bps": 16e6, **options})  # type: ignore[arg-type]

    def shoot(self, *, main: bool = True, sub: bool = True, idr: bool = False) -> None:
        """A picture of each stream that is there."""
        for wanted, camera, size in ((main, self.main, 20_000), (sub, self.sub, 2_000)):
            if wanted:
                camera.shoot(idr=idr, size=size)

    @property
    def on(self) -> str | None:
        """The rendition whose pictures the viewer is sent."""
        supply = self.viewer.sender.supply
        return supply.name if supply is not None else None


@asynccontextmanager
async def scene(*, only_main: bool = False) -> AsyncIterator[Scene]:
    """With a group of pictures of both streams in the relay."""
    timeline = CameraTimeline()
    sub, main = Camera("sub", timeline), Camera("main", timeline)
    async with asyncio.TaskGroup() as group:
        fanouts = Fanouts(lambda _: None)
        renditions = [main.rendition, main.rendition] if only_main else [sub.rendition, main.rendition]
        forms = fanouts.forms(renditions, group)
        await asyncio.sleep(0)
        made = Scene(sub, main, forms, Viewer())
        made.shoot(idr=True)
        made.shoot()
        try:
            yield made
        finally:
            fanouts.end_all()


async def test_it_begins_on_the_largest_and_a_small_tile_on_the_small_one() -> None:
    async with scene() as made:
        made.begin()
        assert made.on == "main"
    async with scene() as made:
        made.begin(Wish(ceiling="sub"))
        assert made.on == "sub"


async def test_a_group_of_pictures_larger_than_a_second_of_the_link_begins_on_the_small_stream() -> None:
    async with scene() as made:
        quality = made.begin(assumed_bps=200_000)
        assert made.on == "sub"
        assert quality.status().switches == {}
    async with scene() as made:
        made.begin(link=200_000)
        assert made.on == "sub"
        assert made.viewer.sender.link_bps == 200_000


async def test_a_link_that_is_stuck_is_looked_at_before_it_is_due() -> None:
    async with scene() as made:
        quality = made.begin()
        now = time.monotonic()
        departures = made.viewer.sender._link.departures
        for number in range(40):
            departures.left(now + 0.05 * number - 2.0, 1000 + 10 * number, 10_000 * number)
        departures.reported(now, 1100)
        quality.act(now + 0.11)
        assert made.on == "main"
        departures.reported(now + 0.2, 1110)
        assert quality.due <= now + 0.2
        quality.act(now + 0.22)
        assert made.on == "sub"
        assert quality.status().switches == {Cause.TROUBLE: 1}


async def test_a_viewer_is_never_sent_to_more_slowly_than_what_it_is_on_needs() -> None:
    async with scene() as made:
        made.begin(Wish(pinned="main"), link=50_000)
        assert made.on == "main"
        assert made.viewer.sender.link_bps > made.forms[-1].bitrate(time.monotonic()) > 50_000


async def test_a_camera_with_one_stream_has_a_ladder_of_one_rung() -> None:
    async with scene(only_main=True) as made:
        quality = made.begin(assumed_bps=1.0)
        assert len(made.forms) == 1
        quality.act(time.monotonic() + INTERVAL)
        quality.ask(Wish(hidden=True), time.monotonic())
        assert made.on == "main"
        assert quality.status().switches == {}


async def test_a_hidden_page_gets_the_small_stream_and_the_large_one_back_at_once() -> None:
    async with scene() as made:
        quality = made.begin()
        quality.ask(Wish(hidden=True), time.monotonic())
        assert made.on == "sub"  # its group of pictures is there to be replayed
        quality.ask(Wish(), time.monotonic())
        assert made.on == "main"
        assert quality.status().switches == {Cause.CEILING: 1, Cause.RETURNED: 1}


async def test_a_rendition_that_went_away_is_left_at_once_and_taken_up_again_when_it_is_back() -> None:
    async with scene() as made:
        quality = made.begin()
        now = time.monotonic()
        made.main.rendition.set_state(Offline(now, Reason.CLOSED, None))
        quality.act(now + INTERVAL)
        assert made.on == "sub"
        made.shoot(idr=True)
        quality.act(now + 3 * INTERVAL)  # well past the next look: 2 would be a matter of rounding
        assert made.on == "main"
        assert quality.status().switches == {Cause.GONE: 1, Cause.RETURNED: 1}


async def test_a_viewer_stays_where_it_is_while_the_whole_camera_is_away() -> None:
    async with scene() as made:
        quality = made.begin()
        for camera in (made.main, made.sub):
            camera.rendition.set_state(Offline(time.monotonic(), Reason.CLOSED, None))
        quality.act(time.monotonic() + INTERVAL)
        assert made.on == "main"
        quality.ask(Wish(hidden=True), time.monotonic())
        assert made.on == "main"


async def test_whoever_begins_while_the_large_stream_is_away_gets_it_when_it_comes() -> None:
    async with scene() as made:
        made.main.rendition.set_state(Offline(time.monotonic(), Reason.CLOSED, None))
        quality = made.begin()
        assert made.on == "sub"
        made.shoot(idr=True)
        quality.act(time.monotonic() + INTERVAL)
        assert made.on == "main"


async def test_a_start_on_the_small_stream_for_want_of_knowledge_climbs_soon() -> None:
    async with scene() as made:
        quality = made.begin(assumed_bps=200_000)
        begun = now = time.monotonic()
        while quality.current == "sub" and now - begun < 30:
            now += 0.1
            quality.act(now)
        assert FIRST_CLIMB_S <= now - begun < 30
        assert quality.status().switches == {Cause.RECOVERED: 1}


async def test_a_link_that_is_too_slow_is_learnt_and_left_within_two_seconds() -> None:
    learnt: list[float] = []
    async with scene() as made:
        quality = Quality(
            made.forms,
            made.viewer.sender,
            Wish(),
            time.monotonic(),
            assumed_bps=16e6,
            learnt=lambda bps, _: learnt.append(bps),
        )
        now = time.monotonic()
        for highest in (1000, 1100):
            made.viewer.sender._link.reception.loss.report(highest, 0.8, now)
        quality.act(now + INTERVAL)
        assert made.on == "sub"
        assert quality.status().switches == {Cause.TROUBLE: 1}
        assert learnt == [quality.status().link_bps]


@pytest.mark.parametrize(
    ("wish", "bounds"),
    [
        (Wish(), (None, None)),
        (Wish(ceiling="sub"), (None, "sub")),
        (Wish(ceiling="gone"), (None, None)),
        (Wish(pinned="main", ceiling="sub"), ("main", None)),
        (Wish(pinned="gone", ceiling="sub"), (None, "sub")),
        (Wish(max_width=640), (None, "sub")),
        (Wish(max_width=641), (None, "main")),
        (Wish(max_width=4000), (None, None)),
        (Wish(pinned="main", hidden=True), (None, "sub")),
    ],
)
def test_what_a_wish_means_for_the_renditions_there_are(
    wish: Wish, bounds: tuple[str | None, str | None]
) -> None:
    assert wish.bounds(FORMS) == bounds
    assert wish.bounds([]) == (None, None)


def test_a_layer_request_changes_what_it_names() -> None:
    wish = read_layer(b'{"rid": "main", "hidden": true}', Wish(ceiling="sub"))
    assert wish == Wish(pinned="main", ceiling="sub", hidden=True)
    wish = read_layer(b'{"hidden": false, "mediaId": "0"}', wish)
    assert wish == Wish(pinned="main", ceiling="sub")
    assert read_layer(b'{"rid": null, "maxWidth": 800}', wish) == Wish(max_width=800)
    assert read_layer(b'{"maxWidth": null}', Wish(ceiling="sub")) == Wish()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 50_000,
        *(
            json.dumps(each).encode()
            for each in (
                {"rid": 1},
                {"rid": ""},
                {"rid": "x" * 65},
                {"maxWidth": 0},
                {"maxWidth": True},
                {"maxWidth": 1.5},
                {"maxWidth": 10**6},
                {"hidden": None},
                {"hidden": "yes"},
            )
        ),
    ],
)
def test_a_layer_request_that_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(OfferRefused) as refused:
        read_layer(body, Wish())
    assert refused.value.status == 400


def test_links_are_remembered_for_a_while_and_within_bounds() -> None:
    links = KnownLinks()
    links.learn("a", 400_000, 0.0)
    assert links.find("a", LINK_KNOWN_S - 1) == 400_000
    assert links.find("a", LINK_KNOWN_S) is None
    assert links.find("b", 0.0) is None
    for each in range(MOST_LINKS):
        links.learn(each, 1e6, 1.0)
    assert links.find("a", 1.0) is None
    assert links.find(0, 1.0) == 1e6


def test_a_machine_that_stood_still_takes_its_viewers_back_at_once() -> None:
    load = Load(0.9, 0.1)
    for tick in range(20):
        load.observe(tick / 10, 0.0, 0.0)
    for tick in range(20):
        load.observe(4 + tick / 10, 2.0 if tick == 0 else 0.0, 0.0)
        assert not load.too_busy


def test_a_worker_is_too_busy_by_what_lasts_and_not_by_a_hiccup() -> None:
    load = Load(0.9, 0.1)
    assert not load.too_busy
    cpu = 0.0
    for step in range(100):
        now = step / 10
        lag = 1.0 if step == 50 else 0.001  # one hiccup
        busy = step >= 70
        cpu += 0.099 if busy else 0.03
        load.observe(now, lag, cpu)
        if now >= LEAST_S and step < 70:
            assert load.share == pytest.approx(0.3)
        assert step >= 70 or not load.too_busy
    assert load.share == pytest.approx(0.99)
    assert load.too_busy


def test_a_late_loop_is_too_busy_whatever_it_uses() -> None:
    load = Load(0.9, 0.1)
    for step in range(20):
        load.observe(step / 10, 0.15, step * 0.01)
    assert load.too_busy


def test_the_loss_of_a_few_packets_is_taken_over_several_reports() -> None:
    loss = RecentLoss()
    loss.report(100, 0.5, 0.0)
    assert loss.fraction is None
    loss.report(110, 0.0, 0.5)
    loss.report(140, 0.0, 1.0)
    loss.report(142, 0.5, 1.5)
    assert loss.fraction == pytest.approx(1 / 42)
    assert loss.packets == 42 >= LOSS_PACKETS
    loss.report(242, 0.4, 2.0)
    assert loss.packets == 100
    assert loss.fraction == pytest.approx(0.4)
    loss.report(242, 0.0, 2.5)  # nothing was expected: nothing is said
    assert loss.fraction == pytest.approx(0.4)
