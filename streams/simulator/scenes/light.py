"""Day, dusk, night, and a camera's infrared night: how places are lit and how sensors show it.

Belongs here: the numbers of light and colour, and the hour they belong to. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Colour = tuple[int, int, int]  # blue, green, red


class Light(StrEnum):
    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"
    INFRARED = "infrared"  # a dark place seen by the camera's own infrared lamps, without colour


@dataclass(frozen=True, slots=True)
class Look:
    """How a light shows in a picture.

    `sky` top and bottom; `ambient` is what the sky gives to every surface, per channel; `sun` what the sun
    adds to surfaces that face it; `lamps` the strength of artificial light; `noise` the sensor's, in grey
    levels; `haze` how much of the sky's colour a hundred metres of air add.
    """

    light: Light
    sky: tuple[Colour, Colour]
    ambient: tuple[float, float, float]
    sun: float
    lamps: float
    noise: float
    haze: float

    @property
    def dark(self) -> bool:
        """Whether lamps and windows are lit."""
        return self.lamps > 0


LOOKS = {
    Light.DAY: Look(Light.DAY, ((232, 200, 164), (242, 234, 224)), (0.93, 0.90, 0.87), 0.34, 0.0, 2.0, 0.14),
    Light.DUSK: Look(Light.DUSK, ((132, 92, 70), (130, 160, 222)), (0.56, 0.49, 0.48), 0.06, 0.6, 3.0, 0.12),
    Light.NIGHT: Look(Light.NIGHT, ((40, 27, 20), (66, 52, 46)), (0.25, 0.22, 0.20), 0.0, 1.0, 4.0, 0.05),
    Light.INFRARED: Look(
        Light.INFRARED, ((14, 14, 14), (26, 26, 26)), (0.10, 0.10, 0.10), 0.0, 0.25, 5.0, 0.0
    ),
}


def light_at(local_hour: float, *, has_infrared: bool) -> Light:
    """The light of an hour of the day (0 to 24) in Korea, the year round taken as one."""
    if 7.0 <= local_hour < 17.5:
        return Light.DAY
    if 6.0 <= local_hour < 7.0 or 17.5 <= local_hour < 18.75:
        return Light.DUSK
    return Light.INFRARED if has_infrared else Light.NIGHT
