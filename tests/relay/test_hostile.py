"""Issue 3's 'Bad input': one viewer's picture is watched while another client does all of it."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from tests.relay.hostility import CUT_OFF
from tests.relay.house import house
from tests.relay.siege import FPS, lay_siege
from tests.relay.studio import studio

RESULTS = {
    "1 MB announced": {"413"},
    "1000 candidates": {"201"},  # nobody reads them
    "50 media sections": {"400"},
    "1000 ssrc lines": {"201"},
    "audio only": {"406"},
    "no H.264": {"406"},
    "data channel": {"406"},
    "candidates inside": {"201"},
    "reached inside": {"never"},
    "not UTF-8": {"400"},
    "empty": {"400"},
    "wrong fingerprint": {"kept out"},
    "garbage on TCP": {"closed"},
    "replays": {"lives on"},
    "bad token": {"401", "429"},
    "good token after that": {"201"},
}
"""What comes of each thing that is answered at all."""
TOO_LARGE = ("1 MB", "1 MB in pieces", "5000 candidates")
"""Refused before all of it is said: then the answer may be lost with the connection."""
COUNTED = {"empty": 50, "stun": 50, "check": 5_000, "stranger": 500, "refused": 500, "frame": 1, "crowd": 20}
"""What the relay must have counted at least, by its own reasons."""
MOST_STALL_MS = 50.0
LONGEST_GAP_S = 0.5


@pytest.mark.timeout(120)
async def test_a_viewers_picture_goes_on_while_another_does_everything_bad() -> None:
    siege = await lay_siege(12.0)
    found = {name: set(results) for name, results in siege.results.items()}
    for name in TOO_LARGE:
        assert found.pop(name) <= {"413", CUT_OFF}, name
    assert found == RESULTS
    assert siege.done["forged checks"] > 5_000
    assert siege.done["garbage"] > 1_000
    assert siege.done["replays"] > 1_000

    dropped = {
        reason: siege.after["dropped"].get(reason, 0) - siege.before["dropped"].get(reason, 0)
        for reason in COUNTED
    }
    assert all(dropped[reason] >= least for reason, least in COUNTED.items()), dropped
    assert siege.after["dropped"].get("fault", 0) == 0
    assert siege.after["ended"]["the certificate has not the promised fingerprint"] > 0
    assert "internal fault" not in siege.after["ended"]

    assert siege.viewer_ended is None
    watched = siege.under_attack
    # A machine that is busy otherwise shows in the quiet time too.
    assert watched.rate > 0.7 * min(FPS, siege.quiet.rate)
    assert max(watched.gaps) < LONGEST_GAP_S + max(siege.starved, 5 * max(siege.quiet.gaps))
    assert watched.unread <= 0.02 * len(watched.gaps)
    assert siege.lag["own_ms"] <= max(MOST_STALL_MS, 1.5 * siege.quiet_lag["own_ms"])
    assert siege.after["viewers"] <= 2  # the one that watches, and one that was never finished


async def test_who_hangs_up_in_the_middle_of_a_body_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async with studio() as cameras, house(cameras) as ours:
        ours.grant()
        url = httpx.URL(ours.url())
        head = (
            f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\n"
            f"Authorization: Bearer {ours.token()}\r\nContent-Length: 3000\r\n\r\nv=0\r\n"
        )
        for _ in range(5):
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(head.encode())
            await writer.drain()
            await asyncio.sleep(0.05)  # the request has to be read before the end of it is
            writer.close()
            await writer.wait_closed()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(ours.url())).status_code == 200
        await asyncio.sleep(0.05)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []
