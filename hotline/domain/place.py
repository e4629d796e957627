"""Places on the ground, WGS84: distance, bearing, words for a direction, the bounds of a city."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hotline.errors import FieldError, Invalid

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 (IUGG)
KOREA_LATITUDE = (33.0, 39.0)
KOREA_LONGITUDE = (124.0, 132.0)

_DIRECTIONS = (
    ("북쪽", "north"),
    ("북동쪽", "north-east"),
    ("동쪽", "east"),
    ("남동쪽", "south-east"),
    ("남쪽", "south"),
    ("남서쪽", "south-west"),
    ("서쪽", "west"),
    ("북서쪽", "north-west"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees north and east."""

    latitude: float
    longitude: float


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine); good to 0.5% within a city."""
    phi_a, phi_b = math.radians(a.latitude), math.radians(b.latitude)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = math.radians(b.longitude - a.longitude) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def bearing_deg(origin: Point, target: Point) -> float:
    """Initial bearing from `origin` to `target`, degrees clockwise from north, 0 ≤ x < 360."""
    phi_a, phi_b = math.radians(origin.latitude), math.radians(target.latitude)
    d_lambda = math.radians(target.longitude - origin.longitude)
    east = math.sin(d_lambda) * math.cos(phi_b)
    north = math.cos(phi_a) * math.sin(phi_b) - math.sin(phi_a) * math.cos(phi_b) * math.cos(d_lambda)
    return math.degrees(math.atan2(east, north)) % 360.0


def direction(bearing: float) -> tuple[str, str]:
    """The nearest of the eight directions, Korean and English."""
    return _DIRECTIONS[round(bearing / 45.0) % 8]


def angle_between(a: float, b: float) -> float:
    """The smaller angle between two bearings, degrees, 0 ≤ x ≤ 180."""
    return abs((a - b + 180.0) % 360.0 - 180.0)


def require_in_city(place: Point, centre: Point, reach_km: float) -> None:
    """Raises `Invalid`, naming latitude or longitude or both, for a place outside Korea or out of reach."""
    errors = []
    for field, value, (low, high) in (
        ("latitude", place.latitude, KOREA_LATITUDE),
        ("longitude", place.longitude, KOREA_LONGITUDE),
    ):
        if not low <= value <= high:
            errors.append(
                FieldError(
                    field,
                    f"is outside Korea ({low:g} to {high:g} degrees)",
                    f"대한민국 밖입니다({low:g}~{high:g}도)",
                )
            )
    if not errors and (away := distance_m(centre, place) / 1000) > reach_km:
        message = f"is {away:.0f} km from the city's centre; at most {reach_km:g} km is allowed"
        message_ko = f"도시 중심에서 {away:.0f}km 떨어져 있습니다. {reach_km:g}km 이내여야 합니다"
        errors = [FieldError(field, message, message_ko) for field in ("latitude", "longitude")]
    if errors:
        raise Invalid(*errors)
