"""Sources and the hub against a camera that plays by script, in good days and in changing ones."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from dataclasses import replace

import pytest

from streams.access_unit import AccessUnit
from streams.camera import Credentials, ProfileName
from streams.errors import UnknownCameraError
from streams.policies import KeepAlive, Policies
from streams.rendition import Rendition
from streams.rtsp.connection import connect
from streams.state import Live, Offline, Reason, Stalled
from tests.cameras import fake
from tests.cameras.fake import Asked, FakeCamera, Manners, Talk, answer, steady
from tests.cameras.video import PPS_640, SPS_640, SPS_768, idr_slice, interleaved, p_slice
from tests.streams.running import QUICK, failed, hub_for, is_live, state_of


async def pictures_of(rendition: Rendition, count: int) -> list[AccessUnit]:
    """The next pictures."""
    cursor = rendition.ring.reader()
    async with asyncio.timeout(10):
        return [await cursor.next() for _ in range(count)]


async def test_pictures_arrive_and_teardown_ends_them() -> None:
    async with FakeCamera() as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            units = await pictures_of(rendition, 12)
            assert [unit.number for unit in units] == list(range(units[0].number, units[0].number + 12))
            assert units[0].is_idr and units[0].nal_units[0] == SPS_768
            assert isinstance(rendition.state, Live)
            assert (rendition.profile_level_id, rendition.format.width if rendition.format else 0) == (
                "428016",
                768,
            )
            steps = [b.media_time - a.media_time for a, b in itertools.pairwise(units)]
            assert steps == [3600] * 11
        await camera.until(lambda: camera.asked("TEARDOWN") == 1)
        state = await state_of(rendition, lambda s: isinstance(s, Offline))
        assert isinstance(state, Offline) and state.reason is Reason.STOPPED and state.next_attempt is None
        assert len(rendition.ring) == 0 and rendition.sps == SPS_768


async def test_audio_is_never_set_up() -> None:
    async with FakeCamera() as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await pictures_of(hold.rendition, 1)
        set_up = [asked.url for talk in camera.talks for asked in talk.asked if asked.method == "SETUP"]
        assert set_up == [camera.url + "/video"]


async def test_one_session_however_many_hold() -> None:
    async with FakeCamera() as camera, hub_for(camera.url, linger=0.05) as hub:
        holds = [hub.hold("cam", ProfileName.MAIN, urgent=False) for _ in range(30)]
        assert len({id(hold.rendition) for hold in holds}) == 1
        await state_of(holds[0].rendition, is_live)
        for hold in holds[:-1]:
            hold.release()
            hold.release()  # once more does nothing
        await pictures_of(holds[0].rendition, 3)
        assert len(camera.talks) == 1 and camera.asked("TEARDOWN") == 0
        holds[-1].release()
        again = hub.hold("cam", ProfileName.MAIN, urgent=False)  # within the linger
        await pictures_of(again.rendition, 10)
        assert len(camera.talks) == 1
        again.release()
        await camera.until(lambda: camera.asked("TEARDOWN") == 1)


async def test_a_sub_profile_is_its_own_session_and_falls_back_to_main() -> None:
    async with FakeCamera() as camera:
        urls = {ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url + "/sub"}
        async with hub_for(urls) as hub:
            with (
                hub.hold("cam", ProfileName.MAIN, urgent=True) as main,
                hub.hold("cam", ProfileName.SUB, urgent=True) as sub,
            ):
                await state_of(main.rendition, is_live)
                await state_of(sub.rendition, is_live)
                assert main.rendition is not sub.rendition
                assert main.rendition.timeline is sub.rendition.timeline
        async with hub_for(camera.url) as hub:
            assert hub.rendition("cam", ProfileName.SUB) is hub.rendition("cam", ProfileName.MAIN)
            assert hub.rendition("nobody", ProfileName.SUB) is None
            with pytest.raises(UnknownCameraError):
                hub.hold("nobody", ProfileName.MAIN, urgent=True)


async def test_held_before_the_hub_runs_and_ended_with_it() -> None:
    async with FakeCamera() as camera:
        async with hub_for(camera.url) as hub:
            hold = hub.hold("cam", ProfileName.MAIN, urgent=True)
            await state_of(hold.rendition, is_live)
        # the hub was cancelled while the hold stood
        assert camera.asked("TEARDOWN") == 1
        assert isinstance(hold.rendition.state, Offline)
        hold.release()


@pytest.mark.parametrize("algorithm", [None, "MD5", "SHA-256"])
@pytest.mark.parametrize("qop", [True, False])
async def test_digest(algorithm: str | None, qop: bool, canary: str) -> None:
    manners = Manners(auth="digest", algorithm=algorithm, qop=qop, password=canary, media=steady())
    async with (
        FakeCamera(manners) as camera,
        hub_for(camera.url, lambda: Credentials("viewer", canary)) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await pictures_of(hold.rendition, 3)
        await camera.until(lambda: camera.asked("TEARDOWN") == 1)
        assert camera.talks[0].methods == ["DESCRIBE", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@pytest.mark.parametrize("says_stale", [True, False])
async def test_stale_nonce(says_stale: bool) -> None:
    """A nonce that is good for two requests: the third is asked again with the new one, no refusal."""
    manners = Manners(auth="digest", nonce_uses=2, says_stale=says_stale, password="p", media=steady())
    async with FakeCamera(manners) as camera, hub_for(camera.url, lambda: Credentials("viewer", "p")) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await pictures_of(hold.rendition, 3)
            assert hold.rendition.counters.refusals == 0
            assert camera.talks[0].methods.count("PLAY") == 2


async def test_stalls_says_since_when_and_reconnects() -> None:
    async with FakeCamera(Manners(media=steady(count=10))) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            rendition = hold.rendition
            await state_of(rendition, is_live)
            stalled = await state_of(rendition, lambda s: isinstance(s, Stalled))
            assert isinstance(stalled, Stalled) and stalled.since == rendition.freshness.arrived
            assert 1.0 <= time.monotonic() - stalled.since < 1.2
            offline = await failed(rendition)
            assert offline.reason is Reason.NO_DATA and offline.since == stalled.since
            await state_of(rendition, is_live)
            assert len(camera.talks) == 2 and camera.talks[0].methods[-1] == "TEARDOWN"


async def test_a_short_stall_heals_without_a_new_session() -> None:
    async def media(talk: Talk) -> None:
        await steady(count=10)(talk)
        await asyncio.sleep(1.2)
        await steady(count=100)(talk)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            await state_of(hold.rendition, lambda s: isinstance(s, Stalled))
            await state_of(hold.rendition, is_live)
            assert len(camera.talks) == 1 and hold.rendition.counters.losses == 0


async def test_reboot() -> None:
    """The port closes and opens again: pictures within a second, numbers and media time go on."""
    async with FakeCamera() as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            before = (await pictures_of(hold.rendition, 5))[-1]
            await camera.stop()
            await failed(hold.rendition, 3)
            await camera.start()
            opened = time.monotonic()
            await state_of(hold.rendition, is_live)
            assert time.monotonic() - opened < 1.5
            after = hold.rendition.ring.newest
            assert after is not None and after.number > before.number
            assert (after.media_time - before.media_time) / 90_000 == pytest.approx(
                after.arrived - before.arrived, abs=0.3
            )


async def test_waits_five_seconds_when_nobody_may_look_and_wakes_at_once() -> None:
    policies = replace(QUICK, retry_s=(0.01, 0.01, 0.01))
    camera = FakeCamera()
    camera.port = fake.closed_port()
    async with hub_for(camera.url, policies=policies) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=False) as hold:
            state = await failed(hold.rendition, 4)
            assert state.next_attempt is not None and state.next_attempt - time.monotonic() > 3.5
            async with camera:
                asked = time.monotonic()
                with hub.hold("cam", ProfileName.MAIN, urgent=True):
                    await state_of(hold.rendition, is_live)
                    # Not the idle five seconds; the port was found closed less than half a second ago.
                    assert time.monotonic() - asked < 2.0
                hold.release()
                await state_of(
                    hold.rendition, lambda s: isinstance(s, Offline) and s.reason is Reason.STOPPED
                )


async def test_keeps_alive_at_half_the_time_out() -> None:
    manners = Manners(session="7;timeout=1", media=steady())
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            began = time.monotonic()
            await camera.until(lambda: camera.asked("GET_PARAMETER") == 2)
            assert camera.talks[0].methods[3:] == ["OPTIONS", "GET_PARAMETER", "GET_PARAMETER"]
            assert 1.2 < time.monotonic() - began < 2.0
            assert all(asked.headers["session"] == "7" for asked in camera.talks[0].asked[2:])


async def refuse(talk: Talk, asked: Asked) -> bytes | None:
    return answer(asked, "501 Not Implemented")


async def hang_up(talk: Talk, asked: Asked) -> bytes | None:
    talk.hang_up()
    return None


async def test_keep_alive_refused_or_unanswered_is_tolerated() -> None:
    manners = Manners(
        session="7;timeout=1", media=steady(), replies={"OPTIONS": None, "GET_PARAMETER": refuse}
    )
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await camera.until(lambda: camera.asked("OPTIONS") == 3)
            assert is_live(hold.rendition.state) and len(camera.talks) == 1


async def test_a_refused_get_parameter_goes_back_to_options() -> None:
    manners = Manners(session="7;timeout=1", media=steady(), replies={"GET_PARAMETER": refuse})
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await camera.until(lambda: camera.asked("OPTIONS") == 2)
            assert camera.talks[0].methods[3:] == ["OPTIONS", "GET_PARAMETER", "OPTIONS"]


async def test_a_keep_alive_that_drops_the_connection_is_not_sent_again() -> None:
    manners = Manners(session="7;timeout=1", media=steady(), replies={"GET_PARAMETER": hang_up})
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await camera.until(
                lambda: len(camera.talks) == 2 and camera.talks[1].methods.count("OPTIONS") == 3
            )
            assert camera.asked("GET_PARAMETER") == 1


async def test_a_camera_that_knows_no_keep_alive_gets_reports_only() -> None:
    policies = replace(QUICK, report_every_s=0.2)
    manners = Manners(session="7;timeout=1", media=steady(), replies={"OPTIONS": hang_up})
    async with FakeCamera(manners) as camera, hub_for(camera.url, policies=policies) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await camera.until(lambda: len(camera.talks) == 3 and len(camera.talks[2].frames) >= 5)
            channels = {channel for channel, _ in camera.talks[2].frames}
            assert channels == {1} and camera.talks[2].methods == ["DESCRIBE", "SETUP", "PLAY"]


async def test_policy_options_never_asks_get_parameter() -> None:
    policies = replace(QUICK, keep_alive=KeepAlive.OPTIONS)
    manners = Manners(session="7;timeout=1", media=steady())
    async with FakeCamera(manners) as camera, hub_for(camera.url, policies=policies) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True):
            await camera.until(lambda: camera.asked("OPTIONS") == 2)
            assert camera.asked("GET_PARAMETER") == 0


async def test_data_before_the_play_reply_and_on_other_channels() -> None:
    first = interleaved(2, b"\x80\x60" + bytes(20)) + b"\r\n"
    manners = Manners(
        transport="RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=  1A2B ",
        before_play_reply=first + interleaved(7, b"whatever"),
    )

    async def media(talk: Talk) -> None:
        talk.channel = 2
        await steady()(talk)

    manners.media = media
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await pictures_of(hold.rendition, 3)


async def test_size_change_midstream() -> None:
    async def media(talk: Talk) -> None:
        await steady(count=20)(talk)
        await talk.send_picture(talk.rtp.picture([SPS_640, PPS_640, idr_slice()]))
        for _ in range(100):
            talk.rtp.timestamp += 3600
            await talk.send_picture(talk.rtp.picture([p_slice()]))
            await asyncio.sleep(0.04)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await pictures_of(hold.rendition, 25)
            idr = next(unit for unit in units if unit.is_idr and unit.nal_units[0] == SPS_640)
            assert idr.nal_units[:2] == (SPS_640, PPS_640)
            assert hold.rendition.format is not None
            assert (hold.rendition.format.width, hold.rendition.format.height) == (640, 480)
            assert len(camera.talks) == 1


async def test_framing_lost_and_found() -> None:
    """A frame cut short and junk between frames: pictures go on at the next keyframe, same session."""

    async def media(talk: Talk) -> None:
        await steady(count=5)(talk)
        await talk.send(b"\x07\x99junk" * 100)
        await steady(count=500)(talk)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await pictures_of(hold.rendition, 20)
            assert hold.rendition.counters.resyncs >= 1 and len(camera.talks) == 1


async def test_capture_time_from_sender_reports() -> None:
    async def media(talk: Talk) -> None:
        await talk.send(interleaved(1, talk.rtp.sender_report(1_700_000_000.25)))
        await steady()(talk)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            units = await pictures_of(hold.rendition, 5)
            assert [unit.captured for unit in units] == pytest.approx(
                [1_700_000_000.25 + 0.04 * index for index in range(5)], abs=1e-4
            )


async def test_the_hub_tells_of_every_change() -> None:
    async with FakeCamera() as camera, hub_for(camera.url) as hub:
        seen = hub.version
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            async with asyncio.timeout(5):
                while not is_live(hold.rendition.state):
                    seen = await hub.changed(seen)


async def test_a_record_that_changes_is_followed() -> None:
    async with FakeCamera() as old, FakeCamera() as new:
        urls = {ProfileName.MAIN: old.url}
        async with hub_for(urls) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                await state_of(hold.rendition, is_live)
                urls[ProfileName.MAIN] = new.url
                hub.refresh("cam")
                await new.until(lambda: new.asked("PLAY") == 1)
                await state_of(hold.rendition, is_live)
                assert old.asked("TEARDOWN") == 1


async def test_a_camera_silent_until_its_next_keyframe_is_not_given_up() -> None:
    """The silence is stated; the picture comes on the same session."""
    policies = replace(QUICK, first_data_s=0.1, keyframe_s=30.0)
    spoken = asyncio.Event()

    async def media(talk: Talk) -> None:
        await spoken.wait()
        await steady()(talk)

    async with FakeCamera(Manners(media=media)) as camera, hub_for(camera.url, policies=policies) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            stated = await failed(hold.rendition)
            assert stated.reason is Reason.NO_DATA and stated.next_attempt is not None
            spoken.set()
            await state_of(hold.rendition, is_live)
            assert len(camera.talks) == 1 and hold.rendition.counters.losses == 1


async def test_a_camera_that_answers_no_syn_is_knocked_at_again() -> None:
    """Its queue is full, so it drops what comes; when it takes again, one connection is made and kept."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        host, port = full.getsockname()
        with socket.create_connection((host, port)):
            knocking = asyncio.create_task(connect(host, port, lambda *_: None, lambda: None, timeout_s=20))
            await asyncio.sleep(0.7)  # the first SYN is lost, and the second
            assert not knocking.done()
            full.setblocking(False)
            loop = asyncio.get_running_loop()
            taken, _ = await loop.sock_accept(full)
            taken.close()
            connection = await knocking
            ours = connection.hosts
            accepted, _ = await loop.sock_accept(full)
            accepted.close()
            await connection.close()
            assert ours[0] == ours[1] == host


async def test_both_profiles_of_a_camera_that_is_away_knock_twice_a_second_together() -> None:
    camera = FakeCamera()
    await camera.start()
    profiles = {ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url}
    async with hub_for(profiles, policies=Policies()) as hub:
        with (
            hub.hold("cam", ProfileName.MAIN, urgent=True) as main,
            hub.hold("cam", ProfileName.SUB, urgent=True) as sub,
        ):
            renditions = (main.rendition, sub.rendition)
            for rendition in renditions:
                await state_of(rendition, is_live)
            await camera.stop()
            counters = [rendition.counters for rendition in renditions]
            before, began = [each.attempts for each in counters], time.monotonic()
            for rendition, attempts in zip(renditions, before, strict=True):
                await failed(rendition, attempts + 2)
            made = sum(each.attempts for each in counters) - sum(before)
            assert made <= 2 * (time.monotonic() - began) + 2
            await camera.start()
            for rendition in renditions:
                await state_of(rendition, is_live, 10)
    await camera.stop()
