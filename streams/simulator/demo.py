"""The demo city's cameras as simulated ones, each seeing the incident if it looks that way.

Belongs here: from the records of `config/demo_city.py` to orders for `SimulatedCity`.
"""

from __future__ import annotations

import math

from config.demo_city import DemoCamera, DemoCity
from streams.camera import Credentials
from streams.simulator.camera import Auth, H264Profile, Sighting, SimulatedCamera

_EARTH_M = 6_371_000.0
# Wide enough for a tablet's large picture, and so small that all 24 of the city leave a whole core free.
_SIZE = (960, 540)
# Beyond this a column of smoke is lost in the haze.
_SEEN_M = 4_000.0


def simulated_cameras(
    city: DemoCity, sign_in: Credentials | None, *, burning_since: float | None
) -> list[SimulatedCamera]:
    """All cameras of the demo city, asking for `sign_in` by Digest (None: open).

    `burning_since`: Unix seconds when the incident broke out; None: it does not burn.
    """
    return [
        SimulatedCamera(
            id=camera.id,
            name=camera.name_ko,
            scene=camera.scene,
            fps=camera.fps,
            gop_s=camera.gop_s,
            profile=H264Profile(camera.profile),
            size=_SIZE,
            auth=Auth.NONE if sign_in is None else Auth.DIGEST,
            username="" if sign_in is None else sign_in.username,
            password="" if sign_in is None else sign_in.password,
            fire=None if burning_since is None else sighting(camera, city, burning_since),
        )
        for camera in city.cameras
    ]


def sighting(camera: DemoCamera, city: DemoCity, since: float) -> Sighting | None:
    """Where the incident stands in a camera's picture; None where it is too far or out of view."""
    if camera.heading is None or camera.field_of_view is None:
        return None
    north = math.radians(city.incident.latitude - camera.latitude) * _EARTH_M
    middle = math.radians((city.incident.latitude + camera.latitude) / 2)
    east = math.radians(city.incident.longitude - camera.longitude) * _EARTH_M * math.cos(middle)
    distance = math.hypot(north, east)
    off = (math.degrees(math.atan2(east, north)) - camera.heading + 180) % 360 - 180
    if abs(off) > camera.field_of_view / 2 or distance > _SEEN_M:
        return None
    x = math.tan(math.radians(off)) / math.tan(math.radians(camera.field_of_view / 2))
    return Sighting(x, distance, since)
