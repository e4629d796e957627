"""A TURN server of the city's between browser and relay: coturn takes the credentials that we make."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aioice import stun
from playwright.async_api import Browser

from relay.settings import TurnServer
from relay.whep import turn_links
from tests.relay.stranger import stranger
from tests.support.waiting import until

from .test_plain_whep import delays, play, player

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET = "shared with the TURN server"
LINK = re.compile(
    r'<(?P<url>[^>]+)>; rel="ice-server"; username="(?P<name>[^"]+)"; credential="(?P<word>[^"]+)"'
)
ONLY_BY_TURN = """([url, username, credential]) => {
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor() {
      super({ iceServers: [{ urls: url, username, credential }], iceTransportPolicy: "relay" });
    }
  };
}"""


async def answering(port: int) -> None:
    """Wait until somebody answers STUN on `port`."""
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    with stranger() as client:
        async with asyncio.timeout(10):
            while True:
                client.send(bytes(request), port)
                with suppress(TimeoutError, ConnectionRefusedError):
                    await client.receive(0.1)
                    return


@asynccontextmanager
async def coturn(directory: Path) -> AsyncIterator[int]:
    """A TURN server on loopback; gives its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "turnserver",
        "-n",
        "--use-auth-secret",
        f"--static-auth-secret={SECRET}",
        "--realm=hotline",
        "--listening-ip=127.0.0.1",
        f"--listening-port={port}",
        "--relay-ip=127.0.0.1",
        "--allow-loopback-peers",
        "--no-cli",
        "--no-tls",
        "--no-dtls",
        f"--pidfile={directory / 'turn.pid'}",
        f"--userdb={directory / 'turn.db'}",
        "--simple-log",
        "--log-file=stdout",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await answering(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def test_chromium_reaches_the_relay_through_coturn(browser: Browser, tmp_path: Path) -> None:
    async with coturn(tmp_path) as port, player(browser) as (ours, page):
        server = TurnServer(f"turn:127.0.0.1:{port}?transport=udp", SECRET)
        found = LINK.match(turn_links([server], "viewer", time.time())[0])
        assert found is not None
        await page.evaluate(ONLY_BY_TURN, [found["url"], found["name"], found["word"]])
        await play(page, ours)
        await delays(page, 20)
        kinds = await page.evaluate(
            """async () => {
              const stats = await player.peer.getStats();
              return [...stats.values()]
                .filter((each) => each.type === "candidate-pair" && each.nominated)
                .map((each) => stats.get(each.localCandidateId).candidateType);
            }"""
        )
        assert kinds == ["relay"]


@pytest.mark.parametrize("fault", ["expired", "another secret"])
async def test_coturn_refuses_credentials_that_are_expired_or_forged(
    browser: Browser, tmp_path: Path, fault: str
) -> None:
    async with coturn(tmp_path) as port, player(browser) as (ours, page):
        server = TurnServer(
            f"turn:127.0.0.1:{port}?transport=udp", SECRET if fault == "expired" else "guessed", 60.0
        )
        found = LINK.match(
            turn_links([server], "viewer", time.time() - (120 if fault == "expired" else 0))[0]
        )
        assert found is not None
        await page.evaluate(ONLY_BY_TURN, [found["url"], found["name"], found["word"]])
        await page.evaluate(
            "([url, token]) => { player.play(url, token).catch(() => {}); }", [ours.url(), ours.token()]
        )
        await until(lambda: ours.relay.viewers())
        await asyncio.sleep(1.0)
        assert ours.relay.viewers()[0].remote is None
