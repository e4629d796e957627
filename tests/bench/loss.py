"""Chromium behind a bad network: packets that never came, time that stood still, and the way back.

A seeded proxy loses packets in both directions, each for itself, at every round trip; STUN, RTCP and
retransmissions are lost like the rest. Unrecovered: of the RTP packets that the relay sent in the measured
time, those that arrived by no transmission (`_account`). That includes what was given up on purpose: once a
viewer was sent the newest group of pictures afresh (`replays`), nothing from before it is sent again.
Frozen: the share of the time
that lies in gaps of more than 300 ms between two pictures shown. Blackout: three seconds without a packet in
either direction; back is the first picture shown that was taken after its end.

`HOTLINE_BENCH_LOSS_S` sets the seconds per cell of the table, `HOTLINE_BENCH_LOSS_CELLS` picks some of them:
`5/100 10/200`.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.async_api import Page

from relay.stats import SenderStatistics
from streams.simulator import SimulatedCamera
from tests.bench._account import Account, AccountedLink, noting_repeats
from tests.bench._figures import median, say
from tests.browser.harness import Shown, chromium, context, plain_player, shown
from tests.netem.impairment import Impairment
from tests.netem.udp import UdpPath
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import city

NAMES = ("loss",)
LONG = ("loss",)
LOSSES = (1, 2, 5, 10)
ROUND_TRIPS = (50, 100, 200)
TARGETS = ((5, 100), (10, 200))
_RUNS = 3  # of each cell with a target; the worst is told
_FROZEN_MS = 300
_SETTLE_S = 4.0
_TAIL_S = 2.5  # retransmissions of what left last are still waited for
_BLACKOUT_S = 3.0
_BLACKOUTS = 7
_BACK_DEADLINE_S = 10.0
_CAMERA = "street"
_FPS = 25
_REROUTE = """([port, proxy]) => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (answer) {
    const sdp = answer.sdp.replaceAll(`127.0.0.1 ${port} `, `127.0.0.1 ${proxy} `);
    return set.call(this, { type: answer.type, sdp });
  };
}"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the table. Loss in percent each way, round trip in ms; shares in percent."""

    loss: int
    rtt: int
    packets: int
    lost: float
    unrecovered: float
    frozen: float
    longest_gap_ms: int
    shown_per_s: float
    replays: int
    rendition: str | None


async def run(_: str) -> Mapping[str, Any]:
    """The table, its two cells with a target, and the way back after a blackout."""
    seconds = float(os.environ.get("HOTLINE_BENCH_LOSS_S", "30"))
    cells = _cells(os.environ.get("HOTLINE_BENCH_LOSS_CELLS", ""))
    table: dict[tuple[int, int], Cell] = {}
    cameras = [SimulatedCamera(_CAMERA, "Street", scene="junction", fps=_FPS)]
    accounts: dict[int, Account] = {}
    async with (
        city(cameras) as simulated,
        bare_relay(simulated.addresses) as relay,
        chromium() as browser,
    ):
        relay.grant(_CAMERA)
        with noting_repeats(accounts):
            for loss, rtt in cells:
                for run in range(_RUNS if (loss, rtt) in TARGETS else 1):
                    async with context(browser, relay.url) as opened:
                        page = await plain_player(opened, relay.url)
                        cell = await _cell(page, relay, accounts, loss, rtt, seconds, run)
                    say(f"{cell}")
                    worst = table.setdefault((loss, rtt), cell)
                    if (cell.unrecovered, cell.frozen) > (worst.unrecovered, worst.frozen):
                        table[loss, rtt] = cell
        async with context(browser, relay.url) as opened:
            back = await _blackouts(await plain_player(opened, relay.url), relay)
    say(f"back after a blackout: {[round(each) for each in back]} ms")
    figures: dict[str, Any] = {}
    for loss, rtt in TARGETS:
        if (loss, rtt) in table:
            figures[f"worst_unrecovered_{loss}_{rtt}"] = table[loss, rtt].unrecovered
    return {
        **figures,
        "blackout_back_ms": round(max(back)),
        "blackout_back_ms_median": median(back, 0),
        "table": [
            {
                "loss": cell.loss,
                "rtt": cell.rtt,
                "packets": cell.packets,
                "lost": cell.lost,
                "unrecovered": cell.unrecovered,
                "frozen": cell.frozen,
                "longest_gap_ms": cell.longest_gap_ms,
                "shown_per_s": cell.shown_per_s,
                "rendition": cell.rendition,
                "replays": cell.replays,
            }
            for cell in table.values()
        ],
    }


def _cells(wanted: str) -> list[tuple[int, int]]:
    if not wanted:
        return [(loss, rtt) for loss in LOSSES for rtt in ROUND_TRIPS]
    return [(int(loss), int(rtt)) for loss, _, rtt in (each.partition("/") for each in wanted.split())]


@asynccontextmanager
async def _playing(page: Page, relay: BareRelay, rtt: int, seed: str) -> AsyncIterator[UdpPath]:
    """The page plays through a proxy without loss."""
    delay = Impairment(delay=rtt / 2_000)
    async with UdpPath(("127.0.0.1", relay.relay.port), up=delay, down=delay) as path:
        path.down = AccountedLink(delay, seed=f"{seed}/down", start=path.down.start)
        path.up = AccountedLink(delay, seed=f"{seed}/up", start=path.up.start)
        await page.evaluate(_REROUTE, [relay.relay.port, path.address[1]])
        await page.evaluate("([url, token]) => player.play(url, token)", [relay.whep(_CAMERA), relay.token()])
        yield path
        await page.evaluate("player.stop()")


async def _cell(
    page: Page, relay: BareRelay, accounts: dict[int, Account], loss: int, rtt: int, seconds: float, run: int
) -> Cell:
    async with _playing(page, relay, rtt, f"{loss}/{rtt}/{run}") as path:
        (viewer,) = relay.relay._viewers.values()
        account = accounts[viewer.parameters.ssrc] = Account(viewer.parameters.ssrc)
        assert isinstance(path.down, AccountedLink)
        path.down.account = account
        bad = Impairment(delay=rtt / 2_000, loss=loss / 100)
        path.set(up=bad, down=bad)
        await asyncio.sleep(_SETTLE_S)
        before = viewer.statistics()
        assert before is not None
        replayed = sum(before.replays.values())
        begin, begin_ms = asyncio.get_running_loop().time(), time.time() * 1_000
        await asyncio.sleep(seconds)
        end, end_ms = asyncio.get_running_loop().time(), time.time() * 1_000
        await asyncio.sleep(_TAIL_S)
        statistics = viewer.statistics()
        assert statistics is not None
        browser = await page.evaluate("player.received()")
        tally = account.tally(begin, end)
        gaps = _gaps(await shown(page), begin_ms, end_ms)
        _explain(loss, rtt, statistics, browser)
    frozen = sum(gap for gap in gaps if gap > _FROZEN_MS)
    return Cell(
        loss=loss,
        rtt=rtt,
        packets=tally.sent,
        lost=round(100 * tally.lost_at_first / tally.sent, 2),
        unrecovered=round(100 * tally.unrecovered / tally.sent, 3),
        frozen=round(100 * frozen / (end_ms - begin_ms), 1),
        longest_gap_ms=round(max(gaps)),
        shown_per_s=round((len(gaps) - 1) / seconds, 1),
        replays=sum(statistics.replays.values()) - replayed,
        rendition=statistics.rendition,
    )


def _gaps(pictures: Sequence[Shown], begin: float, end: float) -> list[float]:
    """Milliseconds between the pictures shown in a time, its beginning and its end."""
    moments = [begin, *(each.shown_at for each in pictures if begin <= each.shown_at < end), end]
    return [after - before for before, after in pairwise(moments)]


def _explain(loss: int, rtt: int, sent: SenderStatistics, browser: Mapping[str, Any]) -> None:
    received = {
        name: browser.get(name)
        for name in (
            "packetsReceived",
            "packetsLost",
            "nackCount",
            "pliCount",
            "framesDropped",
            "freezeCount",
        )
    }
    say(
        f"{loss}% {rtt} ms: nacks {sent.nacks}, again {sent.retransmitted}, too soon {sent.suppressed}, "
        f"gone {sent.unserveable}, replays {sent.replays}, round trip {sent.round_trip}, "
        f"on {sent.rendition}; Chromium {received}"
    )


async def _blackouts(page: Page, relay: BareRelay) -> list[float]:
    """Milliseconds from the end of each blackout until a picture taken after it is shown."""
    draw = random.Random(7)
    back = []
    async with _playing(page, relay, 50, "blackout") as path:
        for _ in range(_BLACKOUTS):
            await asyncio.sleep(draw.uniform(2.0, 4.0))
            dark = Impairment(delay=0.025, blackouts=((0.0, _BLACKOUT_S),))
            end = time.time() * 1_000 + _BLACKOUT_S * 1_000
            path.set(up=dark, down=dark)
            await asyncio.sleep(_BLACKOUT_S)
            back.append(await _first_after(page, end) - end)
            await page.evaluate("recorder.clear()")
    return back


async def _first_after(page: Page, moment: float) -> float:
    """When the first picture was shown that was taken after `moment` (both Unix ms)."""
    async with asyncio.timeout(_BACK_DEADLINE_S):
        while True:
            for each in await shown(page):
                if each.timecode is not None and each.timecode > moment:
                    return each.shown_at
            await asyncio.sleep(0.1)
