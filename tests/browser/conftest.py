"""One Chromium for the whole run, started by the first test that wants it.

Tests here run on the session's event loop (`pytestmark = ON_ONE_LOOP`), because the browser lives on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from .harness import chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running
