"""One Chromium and one product for the whole run, each started by the first test that wants it.

Tests here run on the session's event loop, because both live on it:
`pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.product import Product, nine_cameras, product

from .harness import chromium

# A machine that is busy with something else is slow, not wrong; what must be quick is for the benches to say.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ours() -> AsyncIterator[Product]:
    """The product with nine cameras around a fire. Tests close their incidents and mend their cameras."""
    async with product(nine_cameras(drawn=3)) as running:
        yield running
