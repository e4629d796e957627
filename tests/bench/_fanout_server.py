"""A server under test, in a process of its own: our relay, or aiortc's own sender.

`python -m tests.bench._fanout_server ours|aiortc ADDRESS` (of RTSP) prints one line of JSON with
`url` and `token`, then serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from relay.settings import RelaySettings
from streams.camera import ProfileName
from tests.support.bare_relay import bare_relay

_CAMERA = "camera"
_MANY = 100_000


@asynccontextmanager
async def ours(address: str) -> AsyncIterator[dict[str, str]]:
    """Hub, relay and WHEP with everything on; only the limits on viewers are out of the way."""
    settings = RelaySettings(
        max_viewers=_MANY,
        max_viewers_per_feed=_MANY,
        max_viewers_per_grant=_MANY,
        busy_share=_MANY,
        busy_lag_s=_MANY,
    )
    addresses = {_CAMERA: {ProfileName.MAIN: address}}
    async with bare_relay(addresses, settings=settings) as relay:
        relay.grant(_CAMERA)
        yield {"url": f"{relay.url}/whep/{_CAMERA}", "token": relay.token(seconds=3600.0)}


@asynccontextmanager
async def aiortc(address: str) -> AsyncIterator[dict[str, str]]:
    """The library as its own examples use it: a player without decoding, relayed to each connection."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaPlayer, MediaRelay

    loop = asyncio.get_running_loop()
    player = await loop.run_in_executor(
        None, lambda: MediaPlayer(address, options={"rtsp_transport": "tcp"}, decode=False)
    )
    relay = MediaRelay()
    peers: set[Any] = set()
    app = FastAPI()

    @app.post("/whep")
    async def whep(request: Request) -> Response:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.add(peer)
        assert player.video is not None
        peer.addTrack(relay.subscribe(player.video))
        await peer.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = peer.localDescription.sdp
        return Response(answer, 201, media_type="application/sdp", headers={"Location": "/whep/1"})

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/whep"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", loop="asyncio"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield {"url": url, "token": "none"}
        finally:
            # Nothing of it is measured any more, and closing thirty connections takes it long.
            server.should_exit = True
            await serving


async def main(kind: str, address: str) -> None:
    """Serve until the input ends."""
    serve = {"ours": ours, "aiortc": aiortc}[kind]
    async with serve(address) as described:
        print(json.dumps(described), flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        await reader.read()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
