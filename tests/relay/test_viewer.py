"""A viewer's life, end to end on loopback: our relay, our client, real H.264; and what would end it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import islice, pairwise
from typing import Any

import httpx
import pytest

from relay.client import WatchError, WhepViewer
from relay.framing import frame
from relay.peer import Peer
from relay.viewer import Stage
from streams.camera import ProfileName
from streams.simulator import timecode
from tests.netem.impairment import Impairment
from tests.netem.kinds import Kind
from tests.netem.sdp import reroute
from tests.netem.udp import UdpPath
from tests.support.waiting import until

from .house import House, house
from .stranger import CLIENT_HELLO, CLOSE_NOTIFY, PLAIN_FATAL_ALERT, check, garbage, stranger
from .studio import studio

SDP = {"Content-Type": "application/sdp"}


@asynccontextmanager
async def relayed(**changes: Any) -> AsyncIterator[House]:
    """One camera, granted, behind a relay."""
    async with studio() as cameras, house(cameras, **changes) as ours:
        ours.grant()
        yield ours


@asynccontextmanager
async def through(ours: House, path: UdpPath, **options: Any) -> AsyncIterator[WhepViewer]:
    """A viewer on the far side of `path`."""
    routes = {("udp", ("127.0.0.1", ours.relay.port)): path.address}
    async with WhepViewer.open(
        ours.url(), ours.token(), rewrite=lambda answer: reroute(answer, routes), **options
    ) as viewer:
        yield viewer


async def half_open(ours: House) -> dict[str, str]:
    """POST an offer and do no more; the ICE credentials of the answer."""
    async with WhepViewer.open(ours.url(), ours.token()) as viewer:
        offer = viewer._offer()
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(
            ours.url(), content=offer, headers={**SDP, "Authorization": f"Bearer {ours.token()}"}
        )
    assert response.status_code == 201
    found = dict(re.findall(r"^a=(ice-ufrag|ice-pwd):(\S+)", response.text, re.MULTILINE))
    theirs = re.search(r"^a=ice-ufrag:(\S+)", offer, re.MULTILINE)
    assert theirs is not None
    return {**found, "theirs": theirs[1]}


async def moving(viewer: WhepViewer, pictures: int = 5, deadline: float = 5.0) -> None:
    """Wait until so many more pictures have come."""
    await viewer.wait_picture(deadline, after=viewer.pictures + pictures - 1)


async def test_a_good_bye_that_fails_is_one_viewers_end_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as stays:
        await moving(stays)
        whole = Peer.close

        def fails(peer: Peer) -> None:
            whole(peer)
            raise OSError("a socket that is none any more")

        async with WhepViewer.open(ours.url(), ours.token()) as goes:
            await moving(goes)
            monkeypatch.setattr(Peer, "close", fails)
        await until(lambda: ours.recorder.closed_viewings)
        monkeypatch.undo()
        assert "its good-bye failed" in caplog.text
        await moving(stays)
        assert len(ours.relay.viewers()) == 1


async def test_a_viewer_decodes_the_live_picture_at_once() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token(), decode=True) as viewer:
        picture = await viewer.wait_picture()
        assert picture.frame is not None
        assert picture.frame.shape == (184, 320, 3)
        assert viewer.first_picture is not None
        assert viewer.first_picture - viewer.started < 1.0
        picture = await viewer.wait_picture(after=picture.number + 30)
        assert picture.frame is not None
        now = round(time.time() * 1000)
        taken = timecode.read(picture.frame, now)
        assert taken is not None
        assert -5 <= now - taken < 200


@pytest.mark.parametrize("profile", list(ProfileName))
async def test_a_viewer_gets_the_profile_it_asks_for(profile: ProfileName) -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token(), profile=profile.value) as viewer:
        await viewer.wait_picture()
        (status,) = ours.relay.viewers()
        assert status.profile == profile.value
        assert status.state == Stage.PLAYING.value
        assert status.remote == "127.0.0.1"
        assert status.packets_sent > 0
        assert (status.receiver, status.share, status.person) == ("unit", "share", "person")


async def test_a_camera_that_goes_away_ends_no_viewer() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        camera = ours.studio.cameras["cam-1"]
        camera.offline()
        seen = viewer.pictures
        await asyncio.sleep(0.3)
        assert viewer.pictures <= seen + 2
        assert viewer.ended is None
        camera.running.set()
        await moving(viewer)


async def test_a_viewer_by_ipv6() -> None:
    async with (
        studio() as cameras,
        house(cameras, hosts=("127.0.0.1", "::1"), tcp_port=0) as ours,
    ):
        ours.grant()
        for tcp in (False, True):
            async with WhepViewer.open(ours.url(), ours.token(), host="::1", tcp=tcp) as viewer:
                await moving(viewer)
                (status,) = ours.relay.viewers()
                assert status.remote == "::1"


# The record.


async def test_the_viewing_is_recorded_before_the_first_media_packet() -> None:
    gate = asyncio.Event()
    async with relayed() as ours:
        ours.recorder.before = gate.wait
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await asyncio.sleep(0.3)
            assert viewer.packets == 0
            gate.set()
            await viewer.wait_picture()
            (opened,) = ours.recorder.opened_viewings
            assert opened.camera == "cam-1"
            assert opened.remote == "127.0.0.1"
            assert abs(opened.at - time.time()) < 5
            assert viewer.location.endswith(opened.viewer_id)
        await until(lambda: ours.recorder.closed_viewings)
        viewer_id, reason, sent = ours.recorder.closed_viewings[0]
        assert viewer_id == opened.viewer_id
        assert reason == "ended by the viewer"
        assert sent > 1000


async def test_a_viewing_that_cannot_be_recorded_shows_nothing() -> None:
    async with relayed() as ours:

        def broken() -> None:
            raise RuntimeError("the database is away")

        ours.recorder.before = broken
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            assert await viewer.wait_end() == "closed"
            assert viewer.packets == 0
        assert ours.relay.viewers() == []
        assert ours.recorder.closed_viewings[0][1] == "the viewing could not be recorded"


async def test_a_recorder_that_hangs_is_waited_for_until_its_deadline() -> None:
    async with relayed(record_deadline_s=0.3) as ours:
        ours.recorder.before = asyncio.Event().wait
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            assert await viewer.wait_end(2.0) == "closed"
            assert viewer.packets == 0


# The end.


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
async def test_while_its_end_is_written_down_slowly_a_viewer_takes_no_path(tcp: bool) -> None:
    gate = asyncio.Event()
    async with relayed(tcp_port=0) as ours, WhepViewer.open(ours.url(), ours.token(), tcp=tcp) as viewer:
        await viewer.wait_picture()
        (ended,) = ours.relay._viewers.values()
        ours.recorder.before_end = gate.wait
        ours.grant(())
        await until(lambda: ended.stage is Stage.CLOSING)
        theirs = ended.peer.ice.credentials
        again = check(theirs.ufrag, theirs.password, theirs.remote_ufrag)
        if tcp:
            reader, writer = await asyncio.open_connection("127.0.0.1", ours.relay.tcp_port)
            writer.write(frame([again]))
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
        else:
            with stranger() as client:
                client.send(again, ours.relay.port)
                await until(lambda: ours.relay.peers.dropped["check"] > 0)
        assert ended.peer.ice.paths() == ()
        gate.set()
        await until(lambda: not ours.relay.viewers())
        await until(lambda: ours.relay.statistics().tcp_connections == 0)
        assert all(not each._wires for each in ours.relay._udp._sockets)


async def test_the_end_of_the_grant_ends_the_viewer_within_a_second() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        ours.grant(())
        assert await viewer.wait_end(1.0) == "bye"
        await until(lambda: ours.recorder.closed_viewings)
        assert ours.recorder.closed_viewings[0][1] == "the grant ended"
        packets = viewer.packets
        await asyncio.sleep(0.2)
        assert viewer.packets == packets
        assert ours.studio.held == []


async def test_a_grant_expires_by_the_relays_own_clock() -> None:
    async with relayed() as ours:
        ours.grant(seconds=1.0)
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await viewer.wait_picture()
            assert await viewer.wait_end(2.0) == "bye"


async def test_the_expiry_of_its_token_does_not_cut_a_running_viewer() -> None:
    async with relayed() as ours:
        token = ours.token(seconds=60)
        async with WhepViewer.open(ours.url(), token) as viewer:
            await viewer.wait_picture()
            ours.ahead = 120.0
            with pytest.raises(WatchError) as refused:
                async with WhepViewer.open(ours.url(), token):
                    pass
            assert refused.value.status == 401
            await moving(viewer, 15)


async def test_delete_frees_at_once() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.delete(viewer.location)).status_code == 200
            assert ours.relay.viewers() == []
            assert len(ours.relay.peers) == 0
            assert (await client.delete(viewer.location)).status_code == 404
        assert await viewer.wait_end() == "bye"


async def test_a_dead_viewer_is_freed() -> None:
    async with relayed(silence_s=1.0) as ours:
        async with UdpPath(("127.0.0.1", ours.relay.port)) as path, through(ours, path) as viewer:
            await viewer.wait_picture()
            path.set(up=Impairment(loss=1.0))
            await until(lambda: ours.recorder.closed_viewings, deadline=10)
        assert ours.recorder.closed_viewings[0][1] == "gone: nothing heard from the viewer"
        assert len(ours.relay.peers) == 0


async def test_a_stopping_relay_says_good_bye_and_keeps_the_record() -> None:
    async with studio() as cameras:
        async with house(cameras) as ours:
            ours.grant()
            client = httpx.AsyncClient(trust_env=False)
            opening = WhepViewer.open(ours.url(), ours.token(), http=client)
            viewer = await opening.__aenter__()
            await viewer.wait_picture()
        assert await viewer.wait_end() == "bye"
        assert ours.recorder.closed_viewings[0][1] == "the relay stops"
        await opening.__aexit__(None, None, None)
        await client.aclose()
        assert cameras.held == []


# Half-open peers.


async def test_an_offer_that_nobody_follows_up_is_closed() -> None:
    async with relayed(ice_deadline_s=0.4) as ours:
        await half_open(ours)
        assert [each.state for each in ours.relay.viewers()] == [Stage.CHECKING.value]
        await until(lambda: ours.relay.viewers() == [], deadline=2)
        assert len(ours.relay.peers) == 0


async def test_ice_without_dtls_is_closed() -> None:
    async with relayed(dtls_deadline_s=0.4) as ours:
        credentials = await half_open(ours)
        with stranger() as silent:
            silent.send(
                check(credentials["ice-ufrag"], credentials["ice-pwd"], credentials["theirs"]),
                ours.relay.port,
            )
            await silent.receive()
            await until(lambda: [each.state for each in ours.relay.viewers()] == [Stage.SECURING.value])
            await until(lambda: ours.relay.viewers() == [], deadline=2)
        assert ours.recorder.closed_viewings[-1][1] == "DTLS did not finish"


# The network.


async def test_a_round_trip_of_a_second_and_a_half_is_survived() -> None:
    slow = Impairment(delay=0.75)
    async with (
        relayed() as ours,
        UdpPath(("127.0.0.1", ours.relay.port), up=slow, down=slow) as path,
        through(ours, path, deadline=15.0) as viewer,
    ):
        await viewer.wait_picture()
        end = time.monotonic() + 12.0
        while time.monotonic() < end:
            await moving(viewer)


async def test_a_viewer_whose_address_changes_goes_on_within_three_seconds() -> None:
    async with (
        relayed() as ours,
        UdpPath(("127.0.0.1", ours.relay.port)) as path,
        through(ours, path) as viewer,
    ):
        await viewer.wait_picture()
        path.change_address()
        await moving(viewer, deadline=3.0)
        (status,) = ours.relay.viewers()
        assert status.state == Stage.PLAYING.value


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_lost_datagram_of_the_handshake_is_made_up_for(number: int) -> None:
    lost = tuple(index == number for index in range(200))
    dtls = Impairment(pattern=lost, kinds=frozenset({Kind.DTLS}))
    async with (
        relayed() as ours,
        UdpPath(("127.0.0.1", ours.relay.port), up=dtls, down=dtls) as path,
        through(ours, path) as viewer,
    ):
        await viewer.wait_picture()


# Session killers.


async def test_what_strangers_send_disturbs_neither_handshake_nor_picture() -> None:
    async with relayed() as ours:
        port = ours.relay.port
        running = True

        async def harass() -> None:
            with stranger() as other:
                while running:
                    for datagram in (b"", PLAIN_FATAL_ALERT, CLOSE_NOTIFY, CLIENT_HELLO):
                        other.send(datagram, port)
                    await asyncio.sleep(0.001)

        harassing = asyncio.create_task(harass())
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await moving(viewer, 25)
            running = False
            await harassing
            assert viewer.ended is None
        assert ours.relay.peers.dropped["empty"] > 100
        assert ours.relay.peers.dropped["stranger"] > 300


async def test_empty_datagrams_and_alerts_from_the_viewers_own_address_end_nothing() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        for datagram in (b"", PLAIN_FATAL_ALERT, CLOSE_NOTIFY, CLIENT_HELLO, b"\x80", b"\x80\xc8", b"\x16"):
            viewer._link.send(datagram, ("127.0.0.1", ours.relay.port))
        await moving(viewer, 10)


async def test_garbage_at_full_speed_stalls_neither_the_loop_nor_the_picture() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        ufrag = re.search(r"^a=ice-ufrag:(\S+)", viewer.answer, re.MULTILINE)
        assert ufrag is not None
        worst = 0.0
        gaps: list[float] = []
        viewer.on_packet = lambda _, now: gaps.append(now)
        with stranger() as other:
            for datagram in islice(garbage(ufrag[1]), 20_000):
                other.send(datagram, ours.relay.port)
                before = time.thread_time()
                await asyncio.sleep(0)
                worst = max(worst, time.thread_time() - before)
        await moving(viewer)
        assert worst < 0.05
        assert max(later - earlier for earlier, later in pairwise(gaps)) < 0.3


async def test_a_stranger_who_knows_the_fragment_cannot_take_the_stream() -> None:
    async with relayed() as ours, WhepViewer.open(ours.url(), ours.token()) as viewer:
        await viewer.wait_picture()
        ours_ufrag = re.search(r"^a=ice-ufrag:(\S+)", viewer.answer, re.MULTILINE)
        assert ours_ufrag is not None
        with stranger() as other:
            for theirs in (viewer._ufrag, "guess"):
                other.send(check(ours_ufrag[1], "g" * 24, theirs), ours.relay.port)
            await moving(viewer, 10)
            with pytest.raises(BlockingIOError):
                other.socket.recvfrom(2048)


async def test_a_wrong_fingerprint_gets_no_picture() -> None:
    async with relayed() as ours:
        offers: list[str] = []
        original = WhepViewer._offer

        def lying(viewer: WhepViewer) -> str:
            offers.append(re.sub(r"(a=fingerprint:sha-256 )..", r"\g<1>00", original(viewer)))
            return offers[-1]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(WhepViewer, "_offer", lying)
            try:
                async with WhepViewer.open(ours.url(), ours.token(), deadline=3.0) as viewer:
                    await viewer.wait_end(3.0)
                    assert viewer.packets == 0
            except (WatchError, TimeoutError):
                pass
        await until(lambda: ours.recorder.closed_viewings)
        assert "fingerprint" in ours.recorder.closed_viewings[0][1]


async def test_a_viewer_far_away_answers_what_it_is_asked() -> None:
    async with (
        relayed() as ours,
        UdpPath(
            ("127.0.0.1", ours.relay.port), up=Impairment(delay=0.02), down=Impairment(delay=0.02)
        ) as path,
        through(ours, path) as viewer,
    ):
        await viewer.wait_picture()
        (living,) = ours.relay._viewers.values()
        answered: list[int] = []
        assert living.peer.on_echo is not None
        living.peer.on_echo = lambda number, now: answered.append(number)
        assert living.peer.ask(1_000_001)
        await until(lambda: 1_000_001 in answered, "the answer", deadline=5)
        path.change_address()
        assert not living.peer.answer(b"", time.monotonic())
        await moving(viewer)
