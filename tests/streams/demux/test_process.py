"""The child and its parent: what can go wrong with either, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.demux.process import MOST_UNREAD, Demuxer, Demuxers
from streams.demux.wire import Found, Message, Picture
from streams.depacketize.picture import MAX_PICTURE_BYTES
from streams.errors import CameraError
from streams.state import Reason
from tests.cameras.coded import encode, payloads
from tests.cameras.video import RtpWriter, interleaved
from tests.streams.demux.children import FOUND, HELLO, SLEEP, acting, is_gone
from tests.support.waiting import until

ROOT = str(Path(__file__).resolve().parents[3])


def nothing(_: Message) -> None:
    pass


async def failure(demuxers: Demuxers, on_message: Callable[[Message], None] = nothing) -> CameraError:
    """Why the child ended by itself, or had to be ended."""
    ended = asyncio.Event()
    async with demuxers.started("VP8", on_message, ended.set) as demuxer:
        pid = demuxer.pid
        async with asyncio.timeout(30):
            await ended.wait()
        error = demuxer.failure
        assert error is not None and not demuxer.write(b"late")
    assert is_gone(pid) and demuxers.running == ()
    return error


async def feed(demuxer: Demuxer, until_done: asyncio.Event) -> None:
    """VP8 as a camera sends it, faster."""
    writer, video = RtpWriter(), encode("VP8", 50)
    while not until_done.is_set():
        for picture in video:
            parts = payloads("VP8", picture)
            for index, part in enumerate(parts):
                demuxer.write(interleaved(0, writer.packet(part, index == len(parts) - 1)))
            writer.timestamp += 3600
            await asyncio.sleep(0.005)


async def test_a_healthy_child() -> None:
    demuxers = Demuxers(start_s=30)
    heard: list[Message] = []
    enough = asyncio.Event()

    def hear(message: Message) -> None:
        heard.append(message)
        if len(heard) > 40:
            enough.set()

    async with demuxers.started("VP8", hear, enough.set) as demuxer:
        await demuxer.ready(30)
        async with asyncio.timeout(30):
            await feed(demuxer, enough)
        assert demuxer.failure is None and demuxers.running == (demuxer,)
        pid = demuxer.pid
    assert is_gone(pid)
    assert heard[0] == Found("vp8", 320, 240, False)
    first = heard[1]
    assert isinstance(first, Picture) and first.data == encode("VP8", 1)[0].nal_units[0]


@pytest.fixture
def inheritable() -> Iterator[str]:
    """A pipe that any child may have: what its descriptors are called under /proc."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    with os.fdopen(reading), os.fdopen(writing, "w"):
        yield str(Path(f"/proc/self/fd/{writing}").readlink())


async def test_it_is_told_a_codec_and_nothing_else(
    canary: str, monkeypatch: pytest.MonkeyPatch, inheritable: str
) -> None:
    """Its arguments and environment are for every user of the machine, or its administrator, to see."""
    monkeypatch.setenv("HOTLINE_SECRET_OF_OURS", canary)
    async with Demuxers().started("VP8", nothing, lambda: None) as demuxer:
        await demuxer.ready(30)
        process = Path(f"/proc/{demuxer.pid}")
        assert (process / "cmdline").read_bytes().split(b"\0")[-3:-1] == [b"streams.demux.child", b"VP8"]
        told = {item.split(b"=")[0] for item in (process / "environ").read_bytes().split(b"\0") if item}
        assert told <= {b"PYTHONPATH", b"MALLOC_ARENA_MAX", b"LD_LIBRARY_PATH", b"LD_PRELOAD", b"TMPDIR"}
        assert inheritable not in {str(each.readlink()) for each in (process / "fd").iterdir()}
        limits = (process / "limits").read_text()
        assert "Max core file size        0" in limits and "Max file size             0" in limits
        assert "NoNewPrivs:\t1" in (process / "status").read_text()


async def test_hangs_at_the_start() -> None:
    demuxers = acting(SLEEP)
    async with demuxers.started("VP8", nothing, lambda: None) as demuxer:
        pid = demuxer.pid
        with pytest.raises(CameraError) as caught:
            await demuxer.ready(0.05)
        assert caught.value.reason is Reason.TIMEOUT
    assert is_gone(pid)


async def test_crashes() -> None:
    error = await failure(acting("os.kill(os.getpid(), signal.SIGSEGV)", HELLO))
    assert error.reason is Reason.PROTOCOL and "SIGSEGV" in error.detail


async def test_ends_by_itself() -> None:
    error = await failure(acting("sys.exit(7)"))
    assert error.reason is Reason.PROTOCOL and "status 7" in error.detail


async def test_finds_nothing_that_is_taken() -> None:
    assert (await failure(acting("sys.exit(3)", HELLO))).reason is Reason.UNSUPPORTED_CODEC


async def test_closes_its_output_but_lives() -> None:
    error = await failure(acting(f"os.close(1); os.closerange(3, 1000); {SLEEP}", HELLO))
    assert error.reason is Reason.PROTOCOL and "SIGKILL" in error.detail


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK\r\n",
        bytes(100),
        b"\x03" + (MAX_PICTURE_BYTES + 10).to_bytes(4, "big"),
        b"\x03\xff\xff\xff\xff" + bytes(1000),
    ],
    ids=["text", "zeros", "oversized picture", "absurd size"],
)
async def test_talks_nonsense(words: bytes) -> None:
    error = await failure(acting(SLEEP, HELLO, FOUND, words))
    assert error.reason is Reason.PROTOCOL and "no message" in error.detail


async def test_what_its_reader_cannot_bear_ends_it_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(_: Message) -> None:
        raise ZeroDivisionError

    error = await failure(acting(SLEEP, HELLO, FOUND), fails)
    assert error.reason is Reason.PROTOCOL and "not understood" in caplog.text


async def test_a_child_that_reads_nothing_costs_a_bounded_queue() -> None:
    frame = bytes(60_000)
    async with acting(SLEEP, HELLO).started("VP8", nothing, lambda: None) as demuxer:
        await demuxer.ready(30)
        taken = 0
        while demuxer.write(frame):
            taken += 1
            await asyncio.sleep(0)
            assert taken < 1000
        assert taken * len(frame) >= MOST_UNREAD - len(frame)
        assert not demuxer.write(frame)


async def test_one_more_than_there_are_places() -> None:
    demuxers = acting(SLEEP, HELLO, most=1)
    async with demuxers.started("VP8", nothing, lambda: None):
        with pytest.raises(CameraError) as caught:
            async with demuxers.started("MPV", nothing, lambda: None):
                pass
        assert caught.value.reason is Reason.OVERLOADED and "MPV" in caught.value.detail
    async with demuxers.started("MPV", nothing, lambda: None):
        pass
    with pytest.raises(CameraError, match="allow none"):
        async with Demuxers(0).started("VP8", nothing, lambda: None):
            pass


async def test_a_machine_that_can_start_none() -> None:
    demuxers = Demuxers(1, command=("/nowhere/at/all",))
    for _ in range(2):  # its place is free again
        with pytest.raises(CameraError) as caught:
            async with demuxers.started("VP8", nothing, lambda: None):
                pass
        assert caught.value.reason is Reason.OVERLOADED and "ENOENT" in caught.value.detail


async def test_cancelled_it_leaves_nothing() -> None:
    demuxers = Demuxers()
    pids: list[int] = []

    async def use() -> None:
        async with demuxers.started("VP8", nothing, lambda: None) as demuxer:
            pids.append(demuxer.pid)
            await asyncio.sleep(600)

    using = asyncio.create_task(use())
    await until(lambda: pids)
    using.cancel()
    await asyncio.wait({using})
    assert is_gone(pids[0]) and demuxers.running == ()


PARENT = """
import asyncio, os, signal
from streams.demux.process import Demuxers

async def main():
    async with Demuxers().started("VP8", lambda message: None, lambda: None) as demuxer:
        await demuxer.ready(30)
        if {stopped}:
            os.kill(demuxer.pid, signal.SIGSTOP)
        print(demuxer.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["reading", "hanging"])
async def test_it_dies_with_its_parent(stopped: bool) -> None:
    """Also where it cannot see that its input has ended."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT.format(stopped=stopped)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    try:
        assert parent.stdout is not None
        async with asyncio.timeout(40):
            child = int(await parent.stdout.readline())
        assert not is_gone(child)
        parent.send_signal(signal.SIGKILL)
        await until(lambda: is_gone(child), deadline=20)
    finally:
        if parent.returncode is None:
            parent.kill()
        await parent.wait()
        await asyncio.sleep(0)
