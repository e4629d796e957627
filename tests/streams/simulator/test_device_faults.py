"""Each fault, as it shows on the wire, and that it passes."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from streams.simulator import CommandError, Fault, FaultKind, SimulatedCamera, SimulatedCity, command
from streams.simulator.fault import CLOSED
from tests.streams.simulator.client import Client, connected, running
from tests.support.waiting import until

CAMERA = SimulatedCamera("cam", "Camera", fps=20, gop_s=0.5, size=(320, 180), sub_size=None)


async def plays(city: SimulatedCity) -> bool:
    """Whether a new client gets a picture it can begin with."""
    async with connected(city.address("cam")) as client:
        await client.play()
        return (await client.picture())[-1].nal_type == 5


async def test_stall() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        await client.picture()
        city.set_fault("cam", Fault(FaultKind.STALL))
        made = city.statistics("cam").pictures
        for _ in range(3):
            await asyncio.sleep(0.15)
            assert (await client.ask("GET_PARAMETER")).status == 200
        assert city.statistics("cam").pictures - made <= 1
        city.set_fault("cam", None)
        client.packets.clear()
        await client.picture()


async def test_drop_is_over_at_once() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        city.set_fault("cam", Fault(FaultKind.DROP))
        assert await client.ended()
        assert city.statistics("cam").fault is None
        assert await plays(city)


@pytest.mark.parametrize("kind", sorted(CLOSED))
async def test_a_closed_port_refuses_and_opens_again(kind: FaultKind) -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        await client.play()
        ssrc = (await client.picture())[0].data[8:12]
        begin = time.monotonic()
        city.set_fault("cam", Fault(kind, 0.6))
        assert await client.ended()
        await until(lambda: city.statistics("cam").playing == 0)
        with pytest.raises(ConnectionRefusedError):
            async with connected(city.address("cam")):
                pass
        await until(lambda: city.statistics("cam").fault is None)
        assert 0.5 < time.monotonic() - begin < 2
        async with connected(city.address("cam")) as again:
            await again.play()
            assert (await again.picture())[0].data[8:12] != ssrc


async def test_slow_gives_few_whole_pictures_and_never_a_broken_one() -> None:
    # Noise would not fit through at all; the test card's pictures are small but for the IDR.
    async with running([replace(CAMERA, fps=30)]) as city, connected(city.address("cam")) as client:
        await client.play()
        await client.picture()
        city.set_fault("cam", Fault(FaultKind.SLOW, rate=24_000))
        received, begin = 0, time.monotonic()
        sequence = None
        while time.monotonic() - begin < 1.5:
            packet = await client.packet()
            received += len(packet.data) + 4
            if packet.channel == 0:
                assert sequence is None or packet.sequence == (sequence + 1) & 0xFFFF
                sequence = packet.sequence
        assert received * 8 / 1.5 < 120_000  # what was under way before counts too
        city.set_fault("cam", None)
        await client.picture()


async def test_garbage_is_well_framed() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.GARBAGE))
        async with connected(city.address("cam")) as client:
            await client.play()
            picture = await client.picture()
            assert picture[0].nal_type != 7 or picture[1].nal_type != 8
        city.set_fault("cam", None)
        assert await plays(city)


async def test_unframed_bytes() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.UNFRAMED))
        async with connected(city.address("cam")) as client:
            await client.play()
            client.packets.clear()
            rubbish = b""
            async with asyncio.timeout(5):
                while len(rubbish) < 20_000:
                    rubbish += await client.reader.read(4096)
            assert rubbish.count(b"$\0") < len(rubbish) / 1000


async def test_truncated_packets() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.TRUNCATED))
        async with connected(city.address("cam")) as client:
            await client.play()
            sizes: list[int] = []
            while len(sizes) < 60:
                packet = await client.packet()
                if packet.channel == 0:
                    sizes.append(len(packet.data))
            assert min(sizes) < 12


async def test_half_a_packet() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.HALF_PACKET))
        async with connected(city.address("cam")) as client:
            await client.play()
            with pytest.raises(asyncio.IncompleteReadError):
                while True:
                    await client.packet()


async def test_endless_header() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.ENDLESS_HEADER))
        async with connected(city.address("cam")) as client:
            client.writer.write(f"OPTIONS {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            header = await client.reader.readexactly(500_000)
            assert header.startswith(b"RTSP/1.0 200 OK\r\n")
            assert b"\r\n\r\n" not in header


async def test_mute() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.MUTE))
        async with connected(city.address("cam")) as client:
            client.writer.write(f"OPTIONS {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.reader.read(1)


async def test_silent() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.SILENT))
        async with connected(city.address("cam")) as client:
            await client.play()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.4):
                    await client.reader.read(1)
            assert (await client.ask("GET_PARAMETER")).status == 200


async def test_no_parameter_sets() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.NO_PARAMETER_SETS))
        async with connected(city.address("cam")) as client:
            assert "sprop" not in (await client.ask("DESCRIBE")).body
            await client.play()
            kinds = {packet.nal_type for _ in range(25) for packet in await client.picture()}
            assert kinds == {1, 5}


async def answer(client: Client) -> tuple[int, str, str]:
    reply = await client.ask("DESCRIBE")
    return reply.status, reply.body, reply.headers.get("location", "")


async def test_descriptions_of_no_use() -> None:
    async with running([CAMERA]) as city, connected(city.address("cam")) as client:
        city.set_fault("cam", Fault(FaultKind.NO_VIDEO))
        assert "m=video" not in (await answer(client))[1]
        city.set_fault("cam", Fault(FaultKind.OTHER_CODEC))
        assert "m=video 0 RTP/AVP 31" in (await answer(client))[1]
        city.set_fault("cam", Fault(FaultKind.NOT_FOUND))
        assert (await answer(client))[0] == 404
        city.set_fault("cam", Fault(FaultKind.REDIRECT))
        status, _, location = await answer(client)
        assert status == 302
        assert location.startswith("rtsp://192.0.2.1/")  # reserved for documentation: goes nowhere
        city.set_fault("cam", None)
        assert (await answer(client))[0] == 200


async def test_not_rtsp() -> None:
    async with running([CAMERA]) as city:
        city.set_fault("cam", Fault(FaultKind.NOT_RTSP))
        async with connected(city.address("cam")) as client:
            client.writer.write(f"OPTIONS {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert (await client.reader.read()).startswith(b"HTTP/1.1 400")


async def test_a_reader_that_takes_nothing_stays_bounded_and_harms_nobody() -> None:
    camera = replace(CAMERA, fps=60, size=(1280, 720), bit_rate=20_000_000, scene="road")
    async with (
        running([camera]) as city,
        connected(city.address("cam")) as idle,
        connected(city.address("cam")) as eager,
    ):
        await idle.play()  # and reads no more
        await eager.play()
        pictures = [await eager.picture() for _ in range(60)]
        sequence = [packet.sequence for picture in pictures for packet in picture]
        assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(sequence))
        waiting = [dialogue.outlet.backlog for dialogue in city._devices["cam"]._dialogues]
        assert max(waiting) < 1_500_000


async def test_the_control_line() -> None:
    async with running([CAMERA, replace(CAMERA, id="other")]) as city:
        port = city.control_port
        assert port is not None
        described = json.loads(await command(port, "cameras"))
        assert [each["id"] for each in described] == ["cam", "other"]
        assert described[0]["addresses"]["main"] == city.address("cam")
        assert await command(port, "fault cam stall 30") == ""
        assert city.statistics("cam").fault == Fault(FaultKind.STALL, 30)
        assert await command(port, "fault * refuse") == ""
        assert city.statistics("other").fault == Fault(FaultKind.REFUSE)
        assert await command(port, "fault * none") == ""
        assert city.statistics("cam").fault is None
        for line, words in {
            "fault nobody stall": "no camera 'nobody'",
            "fault cam explode": "unknown fault",
            "fault cam stall -3": "more than 0",
            "hello": "say `cameras`",
        }.items():
            with pytest.raises(CommandError, match=words):
                await command(port, line)


async def test_a_web_page_cannot_give_commands() -> None:
    async with running([CAMERA]) as city:
        reader, writer = await asyncio.open_connection("127.0.0.1", city.control_port)
        writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nfault cam refuse\r\n")
        answered = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answered.count(b"\n") == 1
        assert answered.startswith(b"error")
        assert city.statistics("cam").fault is None
