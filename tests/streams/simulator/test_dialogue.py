"""What a simulated camera answers, to a client written from the RFC."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from streams.simulator import Auth, SimulatedCamera
from tests.streams.simulator.client import Client, connected, digest, running

CAMERA = SimulatedCamera("cam", "Camera", fps=20, gop_s=0.5, size=(320, 180), sub_size=(256, 144))


async def test_the_whole_dialogue() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        options = await client.ask("OPTIONS")
        assert {"DESCRIBE", "SETUP", "PLAY", "TEARDOWN"} <= set(options.headers["public"].split(", "))
        describe = await client.ask("DESCRIBE", Accept="application/sdp")
        assert describe.headers["content-base"] == client.url + "/"
        assert "m=video 0 RTP/AVP 96" in describe.body
        assert "m=audio" not in describe.body
        sets = re.search(r"sprop-parameter-sets=(\S+),(\S+)", describe.body)
        assert sets is not None
        sps, pps = (base64.b64decode(part) for part in sets.groups())
        assert (sps[0] & 0x1F, pps[0] & 0x1F) == (7, 8)
        assert f"profile-level-id={sps[1:4].hex()}" in describe.body
        setup = await client.ask(
            "SETUP", client.url + "/trackID=1", Transport="RTP/AVP/TCP;unicast;interleaved=4-5"
        )
        assert "interleaved=4-5" in setup.headers["transport"]
        assert setup.headers["session"].endswith(";timeout=60")
        client.session = setup.headers["session"].split(";")[0]
        play = await client.ask("PLAY", Range="npt=0-")
        info = re.search(r"url=(\S+);seq=(\d+);rtptime=(\d+)", play.headers["rtp-info"])
        assert info is not None
        report = await client.packet()
        assert report.channel == 5
        assert abs(report.report[0] - time.time()) < 1
        first = await client.packet()
        assert (first.channel, first.sequence) == (4, int(info[2]))
        assert [first.payload, (await client.packet()).payload] == [sps, pps]
        assert (await client.packet()).nal_type == 5
        assert (await client.ask("GET_PARAMETER")).status == 200
        assert (await client.ask("SET_PARAMETER")).status == 200
        assert (await client.ask("TEARDOWN")).status == 200
        assert await client.ended()
        statistics = city.statistics("cam")
        assert (statistics.connections, statistics.plays, statistics.teardowns) == (1, 1, 1)
        assert statistics.playing == 0


async def test_reports_give_the_capture_time_at_most_a_second_apart() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        reports: list[tuple[float, float, int]] = []
        begin = time.monotonic()
        while len(reports) < 3:
            packet = await client.packet()
            if packet.channel == 1:
                reports.append((time.monotonic(), *packet.report))
        assert reports[0][0] - begin < 0.3
        for (at0, utc0, rtp0), (at1, utc1, rtp1) in pairwise(reports):
            assert at1 - at0 < 1.3  # 0.9 s apart, on a busy machine
            assert ((rtp1 - rtp0) & 0xFFFFFFFF) / 90_000 == pytest.approx(utc1 - utc0, abs=0.005)


async def test_gop_phase_and_picture_interval() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        pictures = [await client.picture() for _ in range(45)]
    idrs = [p[0].time for p in pictures if any(packet.nal_type == 5 for packet in p)]
    assert pictures[0][-1].nal_type == 5
    assert len(idrs) >= 3
    # All but the first, which came because the encoder rested, are half a second apart.
    for before, after in pairwise(idrs[1:]):
        assert ((after - before) & 0xFFFFFFFF) / 90_000 == pytest.approx(0.5, abs=0.11)
    steps = sorted(((b[0].time - a[0].time) & 0xFFFFFFFF) / 90 for a, b in pairwise(pictures))
    assert steps[len(steps) // 2] == pytest.approx(50, abs=8)
    sequence = [packet.sequence for picture in pictures for packet in picture]
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(sequence))


async def test_a_second_player_waits_for_the_next_idr_and_costs_no_second_encoder() -> None:
    camera = replace(CAMERA, gop_s=1.0)
    async with (
        running([camera]) as city,
        connected(city.address("cam")) as one,
        connected(city.address("cam")) as two,
    ):
        await one.play()
        for _ in range(5):
            await one.picture()
        await two.play()
        seen = await two.picture()
        assert seen[-1].nal_type == 5
        drawn = city.statistics("cam").pictures
        # The very same coded pictures reach both.
        payloads = {packet.payload for packet in seen}
        while payloads - {packet.payload for packet in await one.picture()}:
            assert city.statistics("cam").pictures - drawn < 60
        assert city.statistics("cam").playing == 2


async def test_nothing_is_made_while_nobody_plays() -> None:
    async with running([CAMERA]) as city:
        for _ in range(2):
            async with connected(city.address("cam")) as client:
                await client.play()
                await client.picture()
                assert (await client.ask("TEARDOWN")).status == 200
                await client.ended()
            await asyncio.sleep(0)
            made = city.statistics("cam").pictures
            await asyncio.sleep(0.3)  # six picture intervals
            assert city.statistics("cam").pictures - made <= 1


async def test_refusals() -> None:
    async with running([replace(CAMERA, sub_size=None)]) as city, connected(city.address("cam")) as client:
        base = client.url.rsplit("/", 1)[0]
        for path in ("nothing", "sub", "", "main/trackID=2"):
            method = "SETUP" if "track" in path else "DESCRIBE"
            assert (await client.ask(method, f"{base}/{path}", Transport="RTP/AVP/TCP")).status == 404
        udp = await client.ask(
            "SETUP", client.url + "/trackID=1", Transport="RTP/AVP;unicast;client_port=5000-5001"
        )
        assert udp.status == 461
        assert (await client.ask("PLAY")).status == 454
        assert (await client.ask("GET_PARAMETER", Session="1234")).status == 454
        assert (await client.ask("RECORD")).status == 405
        await client.play()
        assert (await client.ask("SETUP", client.url + "/trackID=1", Transport="RTP/AVP/TCP")).status == 455


@pytest.mark.parametrize(
    "rubbish",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + b"x" * 40 + b"\r\n\r\n", b"y" * 20_000],
)
async def test_rubbish_ends_the_connection(rubbish: bytes) -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        client.writer.write(rubbish)
        assert await client.ended()
        async with connected(city.address("cam")) as another:
            assert (await another.ask("OPTIONS")).status == 200


async def test_interleaved_packets_of_the_client_are_taken() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        client.writer.write(b"$\x01\x00\x08" + b"\x80\xc9\x00\x01\x00\x00\x00\x01")
        assert (await client.ask("GET_PARAMETER")).status == 200


async def test_silence_ends_the_session() -> None:
    async with (
        running([replace(CAMERA, session_timeout_s=1.0)]) as city,
        connected(city.address("cam")) as silent,
        connected(city.address("cam")) as talkative,
    ):
        await silent.play()
        await talkative.play()
        begin = time.monotonic()
        ended = asyncio.create_task(silent.ended())
        for _ in range(8):
            await asyncio.sleep(0.25)  # twice the time-out in all
            assert (await talkative.ask("GET_PARAMETER")).status == 200
        assert await ended
        assert 0.8 < time.monotonic() - begin < 3
        assert city.statistics("cam").playing == 1


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.DIGEST, Auth.DIGEST_SHA256, Auth.DIGEST_BOTH])
async def test_a_guarded_camera(auth: Auth, canary: str) -> None:
    camera = replace(CAMERA, auth=auth, username="user", password=canary, lock_after=2)

    def proof(client: Client, challenge: str, password: str) -> str:
        if auth is Auth.BASIC:
            return "Basic " + base64.b64encode(f"user:{password}".encode()).decode()
        return digest(challenge, "user", password, "DESCRIBE", client.url)

    async with running([camera]) as city, connected(city.address("cam")) as client:
        assert (await client.ask("OPTIONS")).status == 200
        refused = await client.ask("DESCRIBE")
        assert refused.status == 401
        for challenge in refused.headers["www-authenticate"].split("\n"):
            good = proof(client, challenge, canary)
            assert (await client.ask("DESCRIBE", Authorization=good)).status == 200
        bad = proof(client, challenge, "wrong")
        assert city.statistics("cam").refusals == 0
        for _ in range(2):
            assert (await client.ask("DESCRIBE", Authorization=bad)).status == 401
        # Twice wrong locks the account, for the right password too.
        assert (await client.ask("DESCRIBE", Authorization=good)).status == 401
        assert city.statistics("cam").refusals == 3
