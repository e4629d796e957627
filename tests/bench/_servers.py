"""The servers that the fan-out bench compares, each a process of its own that plays one camera.

`ours`; `aiortc`; `prototype` where `HOTLINE_TEST_PROTOTYPES` (default `../shared/prototypes`) has it;
MediaMTX and go2rtc where `MEDIAMTX=` or `GO2RTC=` names a binary, with everything switched off that is no
part of RTSP in and WHEP out.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.camera import ProfileName
from tests.support.relay_process import relay_process
from tests.support.talker import child

_START_DEADLINE_S = 30.0
_SETTLE_S = 2.0
_MANY = 100_000
_CAMERA = "camera"

_MEDIAMTX = """\
logLevel: warn
rtsp: no
rtmp: no
hls: no
srt: no
webrtcAddress: 127.0.0.1:{http}
webrtcLocalUDPAddress: :{udp}
webrtcIPsFromInterfaces: no
webrtcAdditionalHosts: [127.0.0.1]
paths:
  camera:
    source: {source}
    rtspTransport: tcp
"""

_GO2RTC = """\
log: {{level: warn}}
api: {{listen: "127.0.0.1:{http}"}}
rtsp: {{listen: ""}}
webrtc: {{listen: ":{udp}", candidates: ["127.0.0.1:{udp}"]}}
streams: {{camera: "{source}#transport=tcp"}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, its WHEP address, and the token for it."""

    pid: int
    url: str
    token: str = "none"


def kinds() -> list[str]:
    """The servers that can be run here."""
    found = ["ours", "aiortc"]
    if _prototype().exists():
        found.append("prototype")
    return found + [kind for kind in ("mediamtx", "go2rtc") if _binary(kind)]


@asynccontextmanager
async def server(kind: str, camera: str) -> AsyncIterator[Server]:
    """A server that plays the RTSP address `camera`, until the block is left."""
    if kind == "ours":
        async with relay_process(
            {_CAMERA: {ProfileName.MAIN: camera}},
            lag=False,
            max_viewers=_MANY,
            max_viewers_per_feed=_MANY,
            max_viewers_per_grant=_MANY,
            busy_share=_MANY,
            busy_lag_s=_MANY,
        ) as relay:
            yield Server(relay.talker.process.pid, relay.whep(_CAMERA), relay.token)
    elif kind == "aiortc":
        async with child("tests.bench._aiortc_server", camera) as talker:
            described = await talker.answer()
            yield Server(talker.process.pid, described["url"])
    else:
        async with _foreign(kind, camera) as foreign:
            yield foreign


@asynccontextmanager
async def _foreign(kind: str, camera: str) -> AsyncIterator[Server]:
    """A program that is not ours: it is killed in the end, and ready when its HTTP port is open."""
    http, udp = _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_DGRAM)
    at = f"http://127.0.0.1:{http}"
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.yml"
        if kind == "prototype":
            command: tuple[str, ...] = (sys.executable, str(_prototype()), str(http), camera, str(udp))
            url = f"{at}/whep"
        elif kind == "mediamtx":
            settings.write_text(_MEDIAMTX.format(http=http, udp=udp, source=camera))
            command = (_binary(kind), str(settings))
            url = f"{at}/camera/whep"
        else:
            settings.write_text(_GO2RTC.format(http=http, udp=udp, source=camera))
            command = (_binary(kind), "-config", str(settings))
            url = f"{at}/api/webrtc?src=camera"
        async with _program(command, {"PYTHONWARNINGS": "ignore"}) as pid:
            await _listening(http)
            await asyncio.sleep(_SETTLE_S)  # they open the camera by themselves
            yield Server(pid, url)


@asynccontextmanager
async def _program(command: tuple[str, ...], environment: Mapping[str, str]) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    try:
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _binary(kind: str) -> str:
    return os.environ.get(kind.upper(), "")


def _prototype() -> Path:
    default = Path(__file__).parents[3] / "shared" / "prototypes"
    return Path(os.environ.get("HOTLINE_TEST_PROTOTYPES", default)) / "ice_lite_relay.py"


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(_START_DEADLINE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
