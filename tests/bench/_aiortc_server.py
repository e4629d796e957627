"""aiortc's own sender behind WHEP, as the library's examples use it: a player without decoding, relayed.

`python -m tests.bench._aiortc_server ADDRESS` (of RTSP) tells `url`, then serves until its input ends.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer, MediaRelay
from fastapi import FastAPI, Request, Response

from tests.support.talker import orders, tell


def whep_app(player: MediaPlayer) -> FastAPI:
    """One peer connection for each POST."""
    relay = MediaRelay()
    peers: list[RTCPeerConnection] = []
    app = FastAPI()

    @app.post("/whep")
    async def whep(request: Request) -> Response:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(peer)
        assert player.video is not None
        peer.addTrack(relay.subscribe(player.video))
        await peer.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = peer.localDescription.sdp
        return Response(answer, 201, media_type="application/sdp", headers={"Location": "/whep/1"})

    return app


async def main(address: str) -> None:
    """Serve until the input ends. The process then ends as it is: to close every connection takes it long,
    and nothing of that is measured."""
    loop = asyncio.get_running_loop()
    player = await loop.run_in_executor(
        None, lambda: MediaPlayer(address, options={"rtsp_transport": "tcp"}, decode=False)
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(whep_app(player), log_level="warning", lifespan="off", loop="asyncio")
        serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listening]))
        tell({"url": f"http://127.0.0.1:{listening.getsockname()[1]}/whep"})
        async with orders() as none:
            async for _ in none:
                pass
        serving.cancel()
        await asyncio.wait({serving})
        player.video.stop()  # type: ignore[union-attr]  # it had one to begin with


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
