"""One alley, drawn once for the tests of this folder."""

from __future__ import annotations

import pytest

from streams.simulator.planes import Pixels
from streams.simulator.scenes.light import Light
from tests.pictures.places import Street


@pytest.fixture(scope="session")
def alley() -> list[Pixels]:
    """Sixteen canvases by day."""
    return Street("alley").take(16)


@pytest.fixture(scope="session")
def alley_by_night() -> list[Pixels]:
    """The same place under infrared lamps."""
    return Street("alley", Light.INFRARED).take(16)
