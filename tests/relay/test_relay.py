"""The relay as a whole: grants to holds and viewers, feeds, start and stop."""

from __future__ import annotations

import asyncio
import time

import pytest

from relay.client import WatchError, WhepViewer
from relay.errors import Refused
from relay.fanout import Fanout
from relay.grant import Grant, GrantSet
from relay.relay import Relay
from relay.settings import RelaySettings
from streams.camera import ProfileName
from streams.state import Live, Offline
from tests.support.waiting import until

from .house import LOOPBACK, Recorder, house
from .stranger import stranger
from .studio import Studio, studio
from .test_http import OFFER


def grants(revision: int, *cameras: str, start: float = -1.0, end: float = 60.0) -> GrantSet:
    now = time.time()
    return GrantSet(
        revision,
        tuple(Grant(f"g-{camera}", "unit", "share", camera, now + start, now + end) for camera in cameras),
    )


async def test_new_grants_warm_their_cameras_before_anyone_asks() -> None:
    async with studio(("a", "b")) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a"))
        assert sorted(cameras.held) == [("a", ProfileName.MAIN), ("a", ProfileName.SUB)]
        ours.relay.apply(grants(2, "a", "b"))
        assert len(cameras.held) == 4
        ours.relay.apply(grants(3, "b"))
        assert sorted(cameras.held) == [("b", ProfileName.MAIN), ("b", ProfileName.SUB)]


async def test_an_older_set_is_ignored_and_a_repeated_one_does_no_harm() -> None:
    async with studio(("a", "b")) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(5, "a"))
        ours.relay.apply(grants(4, "b"))
        assert ours.relay.revision == 5
        assert {camera for camera, _ in cameras.held} == {"a"}
        ours.relay.apply(grants(5, "a"))
        assert len(cameras.held) == 2


async def test_a_grant_begins_and_ends_by_the_relays_clock() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a", start=100.0, end=200.0))
        assert cameras.held == []
        ours.ahead = 150.0
        await until(lambda: len(cameras.held) == 2, deadline=2)
        ours.ahead = 250.0
        await until(lambda: cameras.held == [], deadline=2)


async def test_a_camera_that_is_granted_but_not_known_troubles_nobody() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "ghost", "a"))
        assert {camera for camera, _ in cameras.held} == {"a"}
        with pytest.raises(WatchError) as refused:
            async with WhepViewer.open(ours.url("ghost"), ours.token()):
                pass
        assert refused.value.status == 404


async def test_feeds_tell_the_truth_and_the_newest_picture() -> None:
    async with studio(("a", "b")) as cameras, house(cameras) as ours:
        await until(lambda: cameras.cameras["a"].renditions[ProfileName.MAIN].ring.newest)
        cameras.cameras["b"].offline()
        feeds = ours.relay.feeds(["a", "b", "ghost"])
        assert feeds.keys() == {"a", "b"}
        assert isinstance(feeds["a"].state, Live)
        newest = cameras.cameras["a"].renditions[ProfileName.MAIN].ring.newest
        assert newest is not None
        assert feeds["a"].newest_rtp == newest.media_time & 0xFFFFFFFF
        assert feeds["a"].newest_age_s is not None
        assert 0 <= feeds["a"].newest_age_s < 1
        assert feeds["a"].limit_s >= 1.0
        assert isinstance(feeds["b"].state, Offline)


async def test_waiting_for_feeds_ends_with_a_change_or_with_patience() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        started = time.monotonic()
        await ours.relay.feeds_changed(0.1)
        assert time.monotonic() - started >= 0.09
        waiting = asyncio.create_task(ours.relay.feeds_changed(5.0))
        await asyncio.sleep(0)
        cameras.signal.notify()
        async with asyncio.timeout(1):
            await waiting


async def test_the_shown_rtp_time_compares_with_the_announced_one() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a"))
        for profile in ProfileName:
            async with WhepViewer.open(ours.url("a"), ours.token(), profile=profile.value) as viewer:
                picture = await viewer.wait_picture(after=30)
                announced = ours.relay.feeds(["a"])["a"].newest_rtp
                assert announced is not None
                assert -9000 <= ((announced - picture.rtp_time + (1 << 31)) % (1 << 32)) - (1 << 31) <= 9000


async def test_many_viewers_share_one_fan_out_and_leave_nothing() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a"))

        async def watch() -> int:
            async with WhepViewer.open(ours.url("a"), ours.token()) as viewer:
                return (await viewer.wait_picture(after=20)).number

        assert all(number > 20 for number in await asyncio.gather(*(watch() for _ in range(8))))
        await until(lambda: len(ours.recorder.closed_viewings) == 8)
        assert ours.relay.viewers() == []
        assert len(ours.relay.peers) == 0


async def test_a_relay_can_be_stopped_and_started_again() -> None:
    async with studio(("a",)) as cameras:
        relay = Relay(LOOPBACK, cameras, Recorder(), bytes(32))
        relay.apply(grants(1, "a"))
        for _ in range(2):
            running = asyncio.create_task(relay.run())
            async with asyncio.timeout(5):
                await relay.started.wait()
            assert relay.port
            await until(lambda: len(cameras.held) == 2)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert cameras.held == []
            assert not relay.started.is_set()


async def test_a_port_that_is_taken_is_said_at_once() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        other = Relay(
            RelaySettings(hosts=("127.0.0.1",), udp_port=ours.relay.port), cameras, Recorder(), bytes(32)
        )
        with pytest.raises(OSError, match="in use"):
            await other.run()


async def test_a_relay_that_does_not_run_admits_nobody() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        other = Relay(LOOPBACK, cameras, Recorder(), ours.key)
        other.apply(grants(1, "a"))
        with pytest.raises(Refused) as refused:
            await other.admit("a", ours.token(), OFFER, ProfileName.MAIN)
        assert refused.value.status == 503


def test_nothing_of_a_relay_shows_a_secret(canary: str) -> None:
    relay = Relay(LOOPBACK, Studio({}), Recorder(), canary.encode() * 8)
    assert canary not in repr(relay)
    assert canary not in repr(LOOPBACK)


async def test_statistics_tell_what_was_sent_and_what_was_dropped() -> None:
    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a"))
        async with WhepViewer.open(ours.url("a"), ours.token()) as viewer:
            await viewer.wait_picture(after=30)
            with stranger() as other:
                other.send(b"", ours.relay.port)
                await until(lambda: ours.relay.statistics().dropped.get("empty") == 1)
            statistics = ours.relay.statistics()
            ((status, sent),) = statistics.viewers
            assert status.camera == "a"
            assert sent is not None
            assert sent.packets == status.packets_sent >= viewer.packets > 30
            _, rendition = statistics.renditions
            assert rendition.rendition == "main"
            assert (rendition.camera, rendition.rendition, rendition.viewers) == ("a", "main", 1)
            assert rendition.bitrate > 0


async def test_a_fan_out_that_breaks_ends_its_viewers_and_the_next_ones_get_a_fresh_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_: Fanout) -> None:
        raise RuntimeError("a fault of ours")

    async with studio(("a",)) as cameras, house(cameras) as ours:
        ours.relay.apply(grants(1, "a"))
        with monkeypatch.context() as patched:
            patched.setattr(Fanout, "run", broken)
            async with WhepViewer.open(ours.url("a"), ours.token()):
                await until(lambda: ours.relay.viewers() == [])
        assert [each.rendition for each in ours.relay.statistics().renditions] == ["sub"]
        async with WhepViewer.open(ours.url("a"), ours.token()) as viewer:
            await viewer.wait_picture()
