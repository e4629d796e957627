"""Which cameras to look through for a place: near, looking at it, alive, and not all the same view. Pure.

Every camera within the radius gets an effective distance: the true one, made shorter for a camera that faces
the place, longer for one that looks away or gives no picture, longer again when a better one shows the same
view. The shortest come first, so that each choice can be explained in one sentence. A camera that gave no
picture when it was last checked comes behind all others, whatever its distance; it is still offered, for it
may have been mended since.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hotline.domain.place import EARTH_RADIUS_M, Point, angle_between, bearing_deg, direction, distance_m

FACES = 0.6  # a camera that faces the place is worth one at 60% of its distance
LOOKS_AWAY = 1.8
DOWN = 3.0  # known to give no picture now
SLOW = 1.3  # its picture comes late, so a nearer one of two alike is not worth the wait
SAME_VIEW = 1.6  # for each better camera on the same pole that looks the same way
SAME_POLE_M = 20.0
SAME_WAY_DEG = 45.0
USUAL_FIELD_OF_VIEW = 80.0  # degrees; fixed CCTV with a 2.8 to 4 mm lens, where the inventory does not say
NEAREST_M = 15.0  # closer than this makes no difference


class Standing(Protocol):
    """What the ranking needs to know of a camera."""

    @property
    def id(self) -> str: ...
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...
    @property
    def heading(self) -> float | None: ...
    @property
    def field_of_view(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """How one camera stands to a place.

    bearing_deg: from the place to the camera, clockwise from north. faces: whether the place is within its
    field of view; None when nobody entered where it looks.
    """

    camera_id: str
    distance_m: float
    bearing_deg: float
    faces: bool | None
    down: bool = False
    same_view: bool = False
    dead: bool = False  # gave no picture when it was last checked
    slow: bool = False  # was slow then

    @property
    def direction(self) -> tuple[str, str]:
        """Where the camera stands as seen from the place, Korean and English."""
        return direction(self.bearing_deg)

    @property
    def reason(self) -> tuple[str, str]:
        """Why it is where it is in the list, Korean and English."""
        where_ko, where_en = self.direction
        ko = [f"{where_ko} {_metres(self.distance_m)}m"]
        en = [f"{_metres(self.distance_m)} m {where_en}"]
        if self.faces is not None:
            ko.append("현장을 향함" if self.faces else "다른 곳을 향함")
            en.append("faces the place" if self.faces else "looks elsewhere")
        if self.down:
            ko.append("현재 영상 없음")
            en.append("no picture at present")
        elif self.dead:
            ko.append("최근 점검에서 영상 없음")
            en.append("no picture when last checked")
        elif self.slow:
            ko.append("영상이 늦게 나옴")
            en.append("slow to show")
        if self.same_view:
            ko.append("비슷한 화각이 있음")
            en.append("another shows the same view")
        return ", ".join(ko), ", ".join(en)


def sight(
    place: Point, camera: Standing, *, down: bool = False, dead: bool = False, slow: bool = False
) -> Sight:
    """How `camera` stands to `place`."""
    stands = Point(camera.latitude, camera.longitude)
    faces = None
    if camera.heading is not None:
        opening = camera.field_of_view if camera.field_of_view is not None else USUAL_FIELD_OF_VIEW
        faces = angle_between(camera.heading, bearing_deg(stands, place)) <= opening / 2
    return Sight(
        camera.id, distance_m(place, stands), bearing_deg(place, stands), faces, down, dead=dead, slow=slow
    )


def rank(
    place: Point,
    cameras: Sequence[Standing],
    *,
    limit: int,
    radius_m: float,
    down: Collection[str] = (),
    dead: Collection[str] = (),
    slow: Collection[str] = (),
) -> list[Sight]:
    """The best `limit` cameras within `radius_m` of `place`, best first.

    down: ids that are asked for now and give no picture. dead, slow: by their newest check.
    """
    near = []
    for camera in _within_box(place, cameras, radius_m):
        known = camera.id
        found = sight(place, camera, down=known in down, dead=known in dead, slow=known in slow)
        if found.distance_m <= radius_m:
            near.append((camera, found))
    # Effective distances only grow while better cameras are taken, so that a heap entry that is still as
    # long when it is popped again is the shortest there is.
    heap = [(_effective(found, 0), found.camera_id, camera, found) for camera, found in near]
    heapq.heapify(heap)
    chosen: list[tuple[Standing, Sight]] = []
    while heap and len(chosen) < limit:
        length, camera_id, camera, found = heapq.heappop(heap)
        alike = sum(_same_view(camera, other) for other, _ in chosen)
        true_length = _effective(found, alike)
        if true_length > length:
            heapq.heappush(heap, (true_length, camera_id, camera, found))
            continue
        if alike:
            found = replace(found, same_view=True)
        chosen.append((camera, found))
    return [found for _, found in chosen]


def _within_box(place: Point, cameras: Sequence[Standing], radius_m: float) -> list[Standing]:
    """Those in the square around the circle: two comparisons instead of six sines for most of a city."""
    d_latitude = math.degrees(radius_m / EARTH_RADIUS_M) * 1.01
    d_longitude = d_latitude / max(0.01, math.cos(math.radians(abs(place.latitude) + d_latitude)))
    return [
        camera
        for camera in cameras
        if abs(camera.latitude - place.latitude) <= d_latitude
        and abs(camera.longitude - place.longitude) <= d_longitude
    ]


def _effective(found: Sight, alike: int) -> tuple[bool, float]:
    """What cameras are ordered by; a tuple only grows with `alike`."""
    length = max(found.distance_m, NEAREST_M)
    if found.faces is not None:
        length *= FACES if found.faces else LOOKS_AWAY
    if found.down:
        length *= DOWN
    if found.slow:
        length *= SLOW
    return found.dead, length * SAME_VIEW**alike


def _same_view(camera: Standing, other: Standing) -> bool:
    if abs(camera.latitude - other.latitude) > 0.001:  # 111 m: spares the sines
        return False
    apart = distance_m(Point(camera.latitude, camera.longitude), Point(other.latitude, other.longitude))
    if apart > SAME_POLE_M:
        return False
    if camera.heading is None or other.heading is None:
        return camera.heading is other.heading
    return angle_between(camera.heading, other.heading) < SAME_WAY_DEG


def _metres(distance: float) -> int:
    """As people say it: to 5 m when near, to 10 m from 100 m on."""
    step = 5 if distance < 100 else 10
    return int(round(distance / step) * step)
