"""What the simulated cameras see.

Belongs here: drawing a place as it looks at an instant, into luma and chroma planes. Text, time code and
encoding come after.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from streams.simulator.camera import SimulatedCamera

Pixels = npt.NDArray[np.uint8]
Planes = tuple[Pixels, Pixels, Pixels]  # luma, and U and V of half width and height


class Scene(Protocol):
    """One place, seen by one camera."""

    def draw(self, planes: Planes, utc: float) -> None:
        """Draw the instant `utc` (Unix seconds) over the whole of the planes."""


def scene_for(camera: SimulatedCamera) -> Scene:
    """The scene a camera looks at. Raises KeyError for a name that is not known."""
    from streams.simulator.scenes.plain import PlainRoad

    return PlainRoad(camera.size)
