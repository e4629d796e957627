"""One viewer's picture is watched while another client does everything bad; for a minute: bench `hostile`."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from tests.relay.house import house
from tests.relay.siege import lay_siege
from tests.relay.siege_verdict import complaints, picture_troubles, stall_troubles
from tests.relay.studio import studio


@pytest.mark.timeout(120)
async def test_a_viewers_picture_goes_on_while_another_does_everything_bad() -> None:
    siege = await lay_siege(12.0)
    found = [
        *complaints(siege),
        *picture_troubles(siege),
        *stall_troubles(siege, quiet_counts=True),
    ]
    assert found == []


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
