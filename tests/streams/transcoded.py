"""Reading made renditions in tests: pictures, what they show, waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from streams.access_unit import AccessUnit
from streams.rendition import Rendition
from streams.ring import Lagged
from tests.cameras.coded import decoded, number_in


async def read(rendition: Rendition, count: int, timeout: float = 10.0) -> list[AccessUnit]:
    """The next `count` pictures from the newest keyframe on, without a gap."""
    cursor = rendition.ring.reader()
    found: list[AccessUnit] = []
    async with asyncio.timeout(timeout):
        while len(found) < count:
            try:
                found.append(await cursor.next())
            except Lagged:
                found.clear()
    return found


def numbers(units: Sequence[AccessUnit], codec: str = "H264") -> list[int]:
    """What the pictures show."""
    return [number_in(each) for each in decoded(codec, [unit.nal_units for unit in units])]
