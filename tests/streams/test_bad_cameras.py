"""Bad input from cameras: each fault ends in a stated state and one log line, never a hang, crash or leak."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import pytest

from streams.camera import Credentials, ProfileName
from streams.policies import Policies
from streams.state import Offline, Reason
from tests.cameras import fake
from tests.cameras.fake import Asked, FakeCamera, Manners, Talk, answer, steady
from tests.cameras.video import RtpWriter, interleaved, p_slice
from tests.streams.running import failed, hub_for, is_live, state_of


def status(text: str, headers: str = "") -> Callable[[Talk, Asked], Awaitable[bytes | None]]:
    async def reply(talk: Talk, asked: Asked) -> bytes | None:
        return answer(asked, text, headers)

    return reply


async def endless_header(talk: Talk, asked: Asked) -> bytes | None:
    return b"RTSP/1.0 200 OK\r\n" + b"X-Filler: " + b"a" * 200_000


async def dripping_header(talk: Talk, asked: Asked) -> bytes | None:
    await talk.send(b"RTSP/1.0 200 OK\r\n")
    for _ in range(40):
        await talk.send(b"X-Drip: drop\r\n")
        await asyncio.sleep(0.05)
    return None


def packets_without_sets() -> Callable[[Talk], Awaitable[None]]:
    async def media(talk: Talk) -> None:
        while True:
            await talk.send_picture(talk.rtp.picture([p_slice()]))
            talk.rtp.timestamp += 3600
            await asyncio.sleep(0.04)

    return media


BAD = {
    "redirect": (
        Manners(replies={"DESCRIBE": status("302 Found", "Location: rtsp://10.0.0.1/\r\n")}),
        Reason.REDIRECTED,
    ),
    "not found": (Manners(replies={"DESCRIBE": status("404 Not Found")}), Reason.NOT_FOUND),
    "internal error": (Manners(replies={"SETUP": status("500 Internal Server Error")}), Reason.PROTOCOL),
    "udp only": (Manners(replies={"SETUP": status("461 Unsupported Transport")}), Reason.PROTOCOL),
    "answers udp": (Manners(transport="RTP/AVP;unicast;client_port=4000-4001"), Reason.PROTOCOL),
    "silent at DESCRIBE": (Manners(replies={"DESCRIBE": None}), Reason.TIMEOUT),
    "silent at SETUP": (Manners(replies={"SETUP": None}), Reason.TIMEOUT),
    "silent at PLAY": (Manners(replies={"PLAY": None}), Reason.TIMEOUT),
    "endless header": (Manners(replies={"DESCRIBE": endless_header}), Reason.PROTOCOL),
    "dripping header": (Manners(replies={"DESCRIBE": dripping_header}), Reason.TIMEOUT),
    "body too large": (
        Manners(replies={"DESCRIBE": b"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\nContent-Length: 99999999\r\n\r\n"}),
        Reason.PROTOCOL,
    ),
    "body is no number": (
        Manners(replies={"DESCRIBE": b"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\nContent-Length: -5\r\n\r\n"}),
        Reason.PROTOCOL,
    ),
    "http": (Manners(replies={"DESCRIBE": b"HTTP/1.1 400 Bad Request\r\n\r\n"}), Reason.NOT_RTSP),
    "ssh": (Manners(greeting=b"SSH-2.0-OpenSSH_9.2p1\r\n"), Reason.NOT_RTSP),
    "random bytes": (Manners(greeting=bytes(range(128, 256)) * 10), Reason.NOT_RTSP),
    "hangs up": (Manners(hang_up=True), Reason.CLOSED),
    "no video": (Manners(sdp=fake.SDP_AUDIO_ONLY), Reason.NO_VIDEO),
    "empty description": (Manners(sdp="v=0\r\n"), Reason.NO_VIDEO),
    "not a description": (Manners(sdp="<html>hello</html>"), Reason.PROTOCOL),
    "another codec": (Manners(sdp=fake.SDP_OTHER_CODEC), Reason.UNSUPPORTED_CODEC),
    "plays nothing": (Manners(), Reason.NO_DATA),
    "no parameter sets": (
        Manners(sdp=fake.SDP_WITHOUT_SETS, media=packets_without_sets()),
        Reason.NO_PARAMETER_SETS,
    ),
    "no keyframe": (Manners(media=packets_without_sets()), Reason.NO_DATA),
    "other payload type": (Manners(media=steady(writer=RtpWriter(payload_type=50))), Reason.NO_DATA),
    "truncated packet": (
        Manners(media=fake.burst(interleaved(0, b"\x80\x60\x00"), b"$\x00\xff\xff\x80")),
        Reason.NO_DATA,
    ),
    "redirect request": (
        Manners(
            media=fake.burst(b"REDIRECT rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://10.0.0.1/\r\n\r\n")
        ),
        Reason.REDIRECTED,
    ),
    "junk for ever": (Manners(media=fake.burst(b"\xee" * 400_000)), Reason.PROTOCOL),
    "wants a password": (Manners(auth="digest"), Reason.UNAUTHORIZED),
    "forbids": (Manners(replies={"DESCRIBE": status("403 Forbidden")}), Reason.UNAUTHORIZED),
}


@pytest.mark.parametrize("name", BAD)
async def test_every_fault_ends_in_a_stated_state_and_one_line(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    manners, reason = BAD[name]
    caplog.set_level(logging.WARNING)
    async with FakeCamera(manners) as camera, hub_for(camera.url) as hub:
        began = time.monotonic()
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            state = await failed(hold.rendition)
            assert state.reason is reason
            assert state.next_attempt is not None
            assert time.monotonic() - began < 1.5
            await failed(hold.rendition, 2)  # the second failure says nothing more
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "cam/main" in caplog.text
        assert "10.0.0.1" not in caplog.text
    assert camera.open_talks == []


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_wrong_credentials(auth: str, canary: str, caplog: pytest.LogCaptureFixture) -> None:
    """Two refusals, then only once a minute (here: a second), also when a hold becomes urgent."""
    caplog.set_level(logging.WARNING)
    policies = Policies(refusal_pause_s=1.0, retry_s=(0.01, 0.02, 0.03))
    manners = Manners(auth=auth, media=steady())
    async with (
        FakeCamera(manners) as camera,
        hub_for(camera.url, lambda: Credentials("viewer", canary), policies) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=False) as hold:
            await failed(hold.rendition, 2)
            refused_at = time.monotonic()
            with hub.hold("cam", ProfileName.MAIN, urgent=True):
                state = await failed(hold.rendition, 3)
            assert time.monotonic() - refused_at > 0.9
            assert isinstance(state, Offline) and state.reason is Reason.UNAUTHORIZED
        assert len(caplog.records) == 1
        authorized = [
            asked for talk in camera.talks for asked in talk.asked if "authorization" in asked.headers
        ]
        assert len(authorized) == 3  # one try with the password per attempt, so that no account is locked


async def test_refusals_count_over_both_profiles_and_end_with_other_credentials(canary: str) -> None:
    policies = Policies(refusal_pause_s=60.0, retry_s=(0.01,), retry_urgent_s=0.01)
    known = {"password": canary}
    manners = Manners(auth="digest", media=steady())
    async with FakeCamera(manners) as camera:
        urls = {ProfileName.MAIN: camera.url, ProfileName.SUB: camera.url + "/sub"}
        async with hub_for(urls, lambda: Credentials("viewer", known["password"]), policies) as hub:
            with (
                hub.hold("cam", ProfileName.MAIN, urgent=True) as main,
                hub.hold("cam", ProfileName.SUB, urgent=True) as sub,
            ):
                await failed(main.rendition)
                await failed(sub.rendition)
                assert main.rendition.counters.attempts + sub.rendition.counters.attempts <= 3
                known["password"] = "right"
                hub.refresh("cam")
                await state_of(main.rendition, is_live)
                await state_of(sub.rendition, is_live)


async def test_port_closed() -> None:
    async with hub_for(f"rtsp://127.0.0.1:{fake.closed_port()}/x") as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            assert (await failed(hold.rendition)).reason is Reason.REFUSED


async def test_takes_connections_and_says_nothing() -> None:
    async with fake.silent_port() as port, hub_for(f"rtsp://127.0.0.1:{port}/x") as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            assert (await failed(hold.rendition)).reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("rtsp://no-such-host.invalid/x", Reason.UNREACHABLE),
        ("rtsp://224.0.0.1/x", Reason.UNREACHABLE),  # multicast: the kernel knows no way
        ("http://127.0.0.1/x", Reason.UNREACHABLE),
        ("rtsp://user:secret@127.0.0.1/x", Reason.UNREACHABLE),  # credentials have their own place
        ("rtsp://[::1/x", Reason.UNREACHABLE),
    ],
)
async def test_unreachable(url: str, reason: Reason, caplog: pytest.LogCaptureFixture) -> None:
    async with hub_for(url, policies=Policies(connect_s=2.0)) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            state = await failed(hold.rendition)
            assert state.reason is reason
    assert "secret" not in caplog.text


async def test_a_camera_that_reads_nothing_is_let_go() -> None:
    """TEARDOWN has its deadline: a camera that never answers it does not hold us up."""
    async with FakeCamera(Manners(replies={"TEARDOWN": None}, media=steady())) as camera:
        async with hub_for(camera.url) as hub:
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                await state_of(hold.rendition, is_live)
            released = time.monotonic()
            state = await state_of(hold.rendition, lambda s: isinstance(s, Offline))
            assert isinstance(state, Offline) and state.reason is Reason.STOPPED
            assert time.monotonic() - released < 0.8
        await camera.until(lambda: not camera.open_talks)


async def test_an_inner_fault_costs_one_attempt_not_the_hub(caplog: pytest.LogCaptureFixture) -> None:
    """Should looking up the password fail, the camera is tried again and the others go on."""
    calls = 0

    def look_up() -> Credentials | None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("the key file is away")
        return None

    async with FakeCamera() as camera, hub_for(camera.url, look_up) as hub:
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
    assert "internal error" in caplog.text
