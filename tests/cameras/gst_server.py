"""GStreamer's RTSP server as a camera. Runs on the system's own Python, which alone has its bindings.

As a program (`/usr/bin/python3 gst_server.py '{json}'`) it serves clips and prints one line with its port,
and it ends when its standard input closes. `GstCamera` starts it from a test. H.264 is passed through as it
is in the file; `transcode` names an encoder pipeline instead.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SYSTEM_PYTHON = "/usr/bin/python3"


def clip(name: str = "car-detection.mp4") -> Path:
    """A clip of real footage; where there is none the test is skipped. HOTLINE_TEST_CLIPS names another
    folder than the default."""
    default = Path(__file__).resolve().parents[3] / "shared" / "clips"
    path = Path(os.environ.get("HOTLINE_TEST_CLIPS", default)) / name
    if not path.is_file():
        import pytest  # here: the system's Python, which runs this file too, has none

        pytest.skip(f"real footage is not here: {path.name}; HOTLINE_TEST_CLIPS says where it is")
    return path


@dataclass(frozen=True)
class GstMount:
    """One path of the server.

    config_interval: of `rtph264pay`: 0 parameter sets in the SDP only (as far as the file has none in
    band), -1 with every keyframe, n every n seconds. audio: the clip's sound is offered too. transcode:
    what stands between decoder and payloader instead of passing the file's H.264 through.
    """

    path: str = "/main"
    file: str = ""
    config_interval: int = -1
    audio: bool = True
    transcode: str = ""
    payloader: str = "rtph264pay"


@dataclass
class GstCamera:
    """The server as an async context manager; `url(path)` is a camera's address."""

    mounts: list[GstMount] = field(default_factory=lambda: [GstMount()])
    username: str = ""
    password: str = ""
    auth: str = "none"  # none, basic or digest
    port: int = 0
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> GstCamera:
        mounts = [asdict(mount) | {"file": mount.file or str(clip())} for mount in self.mounts]
        settings = {
            "mounts": mounts,
            "username": self.username,
            "password": self.password,
            "auth": self.auth,
            "port": self.port,
        }
        self._process = await asyncio.create_subprocess_exec(
            SYSTEM_PYTHON,
            __file__,
            json.dumps(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            line = await self._process.stdout.readline()
        if not line:
            await self._process.wait()
            raise RuntimeError("GStreamer's RTSP server did not start")
        self.port = int(line)
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        assert process is not None and process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(3):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        # The transport of a subprocess closes its pipes one loop iteration after the process ended.
        await asyncio.sleep(0)

    @property
    def pid(self) -> int:
        """The server's process, to stop and continue it."""
        assert self._process is not None
        return self._process.pid

    def url(self, path: str = "/main") -> str:
        """The address of one mount."""
        return f"rtsp://127.0.0.1:{self.port}{path}"


def _launch_line(mount: dict[str, Any]) -> str:
    source = f'filesrc location="{mount["file"]}" ! qtdemux name=d'
    payloader = f"{mount['payloader']} name=pay0 pt=96"
    if mount["payloader"] == "rtph264pay":
        payloader += f" config-interval={mount['config_interval']}"
    middle = "h264parse"
    if mount["transcode"]:
        middle = f"h264parse ! avdec_h264 ! videoconvert ! {mount['transcode']}"
    line = f"{source} d.video_0 ! queue ! {middle} ! {payloader}"
    if mount["audio"]:
        line += " d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"
    return f"( {line} )"


def _serve(settings: dict[str, Any]) -> None:
    import gi  # type: ignore[import-not-found]  # of the system's Python only

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(settings["port"]))
    points = server.get_mount_points()
    for mount in settings["mounts"]:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(_launch_line(mount))
        factory.set_shared(True)
        if settings["auth"] != "none":
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
        points.add_factory(mount["path"], factory)
    if settings["auth"] != "none":
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        user, password = settings["username"], settings["password"]
        if settings["auth"] == "digest":
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        else:
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        server.set_auth(auth)
    server.attach(None)
    loop = GLib.MainLoop()

    def ended(*_: object) -> bool:
        loop.quit()
        return False

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, ended)
    GLib.timeout_add(2000, lambda: server.get_session_pool().cleanup() >= 0)
    print(server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
