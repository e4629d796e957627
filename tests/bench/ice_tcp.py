"""Chromium on a network that blocks UDP: connected by TCP, and the first picture.

connect: from the answer to a connection that stands (ICE by TCP, and DTLS), where only TCP is offered.
udp_blocked: both are offered, and what goes to the UDP port comes to nothing; from the click to the first
picture, and from the answer to the connection. udp_connect: the same as connect by UDP alone, for comparison.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from playwright.async_api import Browser

from relay.settings import RelaySettings
from streams.simulator import SimulatedCamera
from tests.bench._figures import median, say
from tests.browser.harness import chromium, context, plain_player
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import city

NAMES = ("ice_tcp",)
_RUNS = 15
_CAMERA = "street"
_CONNECT_MS = 200
_FIRST_PICTURE_MS = 2_000
_CHANGE = """([keep, port]) => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (answer) {
    const lines = answer.sdp.split("\\r\\n").filter((line) => {
      const found = /^a=candidate:\\S+ \\d+ (\\S+)/.exec(line);
      return !found || keep.includes(found[1].toLowerCase());
    });
    const udp = /(a=candidate:\\S+ 1 udp \\d+ \\S+) \\d+/gi;
    const sdp = lines.join("\\r\\n").replace(udp, port ? `$1 ${port}` : "$&");
    return set.call(this, { type: answer.type, sdp });
  };
}"""

_PROTOCOL = """async () => {
  const stats = await player.peer.getStats();
  const transport = [...stats.values()].find((each) => each.type === "transport");
  return stats.get(stats.get(transport.selectedCandidatePairId).localCandidateId).protocol;
}"""


async def run(_: str) -> Mapping[str, Any]:
    """Milliseconds."""
    cameras = [SimulatedCamera(_CAMERA, "Street", scene="junction", fps=25)]
    async with (
        city(cameras) as simulated,
        bare_relay(simulated.addresses, settings=RelaySettings(tcp_port=0)) as relay,
        chromium() as browser,
    ):
        relay.grant(_CAMERA)
        by_udp = await _starts(browser, relay, ["udp"], 0)
        by_tcp = await _starts(browser, relay, ["tcp"], 0)
        with _hole() as port:
            blocked = await _starts(browser, relay, ["udp", "tcp"], port)
    figures = {
        "connect_ms_median": median(_connect(by_tcp)),
        "connect_ms_worst": round(max(_connect(by_tcp)), 1),
        "udp_connect_ms_median": median(_connect(by_udp)),
        "udp_blocked_connect_ms_median": median(_connect(blocked)),
        "udp_blocked_first_picture_ms_median": median(_first(blocked)),
        "udp_blocked_first_picture_ms_worst": round(max(_first(blocked)), 1),
    }
    return {**figures, "not_met": [*_short_of(figures)]}


@contextmanager
def _hole() -> Iterator[int]:
    """A UDP port that takes everything and says nothing, as a firewall does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield hole.getsockname()[1]


async def _starts(browser: Browser, relay: BareRelay, keep: list[str], port: int) -> list[dict[str, float]]:
    async with context(browser, relay.url) as opened:
        page = await plain_player(opened, relay.url)
        await page.evaluate(_CHANGE, [keep, port])
        starts = []
        for _ in range(_RUNS + 1):
            times = await page.evaluate(
                "([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token()]
            )
            starts.append(times)
            protocol = await page.evaluate(_PROTOCOL)
            if protocol != keep[-1]:
                raise RuntimeError(f"the picture came by {protocol}")
            await page.evaluate("player.stop()")
    offered = "+".join(keep) + (" to nowhere" if port else "")
    say(f"{offered}: connected after {sorted(round(each) for each in _connect(starts))} ms")
    return starts[1:]  # Chromium's first connection of all loads what later ones share


def _connect(starts: list[dict[str, float]]) -> list[float]:
    return [each["connected"] - each["answered"] for each in starts]


def _first(starts: list[dict[str, float]]) -> list[float]:
    return [each["shown"] - each["clicked"] for each in starts]


def _short_of(figures: Mapping[str, float]) -> Iterator[str]:
    if figures["connect_ms_median"] >= _CONNECT_MS:
        yield f"connected by TCP after {figures['connect_ms_median']} ms"
    if figures["udp_blocked_first_picture_ms_worst"] >= _FIRST_PICTURE_MS:
        yield f"first picture after {figures['udp_blocked_first_picture_ms_worst']} ms"
