"""Other people's servers as the fan-out bench runs them: what to start, and where their WHEP is.

MediaMTX and go2rtc run where `MEDIAMTX=` or `GO2RTC=` names a binary. Their settings are the defaults, with
everything switched off that is no part of RTSP in and WHEP out.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

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
class Other:
    """A server's command line and the address of its WHEP. `port`: HTTP, open once it is ready."""

    command: tuple[str, ...]
    url: str
    port: int


def binary(kind: str) -> str | None:
    """The binary of `mediamtx` or `go2rtc`, where the environment names one."""
    return os.environ.get(kind.upper()) or None


def other(kind: str, source: str, folder: Path) -> Other:
    """`mediamtx` or `go2rtc` playing the RTSP address `source`; its settings are written into `folder`."""
    program = binary(kind)
    assert program is not None
    http, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    settings = folder / f"{kind}.yml"
    if kind == "mediamtx":
        settings.write_text(_MEDIAMTX.format(http=http, udp=udp, source=source))
        return Other((program, str(settings)), f"http://127.0.0.1:{http}/camera/whep", http)
    settings.write_text(_GO2RTC.format(http=http, udp=udp, source=source))
    command = (program, "-config", str(settings))
    return Other(command, f"http://127.0.0.1:{http}/api/webrtc?src=camera", http)


def free_port(kind: socket.SocketKind) -> int:
    """A port of loopback that is free now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
