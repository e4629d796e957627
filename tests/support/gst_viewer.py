"""GStreamer's webrtcbin as a viewer: a WebRTC stack that no one here wrote and that takes H.265.

Its bindings exist for the system's own Python only: `webrtcbin.py` runs there, and this speaks WHEP for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.cameras.gst_server import SYSTEM_PYTHON

_DEADLINE_S = 20.0
_PROGRAM = Path(__file__).with_name("webrtcbin.py")


class GstViewer:
    """An async context manager. codecs: RTP encoding names to offer, the most wanted first. rewrite: of the
    answer, before it is used."""

    def __init__(
        self,
        url: str,
        token: str,
        codecs: tuple[str, ...] = ("H265", "H264"),
        *,
        rewrite: Callable[[str], str] = lambda answer: answer,
    ) -> None:
        self.answer = ""
        self._url = url
        self._token = token
        self._codecs = codecs
        self._rewrite = rewrite
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> GstViewer:
        self._process = await asyncio.create_subprocess_exec(
            SYSTEM_PYTHON,
            str(_PROGRAM),
            *self._codecs,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await self._negotiate()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def picture(self) -> dict[str, Any]:
        """The next picture that it decoded: codec, width, height, and luma, how bright it is at one place
        (`webrtcbin.py` says which). Raises TimeoutError."""
        return await self._line()

    async def _negotiate(self) -> None:
        offer = (await self._line())["offer"]
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/sdp"}
        async with httpx.AsyncClient(trust_env=False, timeout=_DEADLINE_S) as client:
            answer = await client.post(self._url, content=offer, headers=headers)
        assert answer.status_code == 201, answer.text
        self.answer = answer.text
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps({"answer": self._rewrite(answer.text)}).encode() + b"\n")
        await self._process.stdin.drain()

    async def _line(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        async with asyncio.timeout(_DEADLINE_S):
            line = await self._process.stdout.readline()
        assert line, "webrtcbin ended"
        told: dict[str, Any] = json.loads(line)
        return told

    async def _end(self) -> None:
        process = self._process
        assert process is not None and process.stdin is not None
        process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.sleep(0)  # the transport closes its pipes one loop iteration after the process ended
