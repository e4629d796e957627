"""What nobody may see of a camera's picture: polygons as they are entered, and how they are kept. Pure.

Belongs here: the rules and the text form. Burning them in is `streams/mask.py`'s.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from hotline.errors import FieldError, Invalid

Masks = tuple[tuple[tuple[float, float], ...], ...]
"""Polygons; each corner is x and y from the picture's upper left, 0 to 1 of its width and height."""

MOST_MASKS = 32
MOST_CORNERS = 64


def faults(masks: Sequence[Sequence[Sequence[float]]], field: str = "masks") -> list[FieldError]:
    """Everything that is wrong with `masks`; a fault names polygon and corner, each counted from 0."""
    if len(masks) > MOST_MASKS:
        return [
            FieldError(field, f"at most {MOST_MASKS} are allowed", f"{MOST_MASKS}개까지 그릴 수 있습니다")
        ]
    found: list[FieldError] = []
    for number, polygon in enumerate(masks):
        name = f"{field}.{number}"
        if not 3 <= len(polygon) <= MOST_CORNERS:
            found.append(
                FieldError(
                    name,
                    f"must have 3 to {MOST_CORNERS} corners",
                    f"꼭짓점이 3개 이상 {MOST_CORNERS}개 이하여야 합니다",
                )
            )
            continue
        found += [
            FieldError(
                f"{name}.{corner}",
                "must be two numbers from 0 to 1: parts of the picture's width and height",
                "0 이상 1 이하의 두 수여야 합니다(화면 너비와 높이에 대한 비율)",
            )
            for corner, place in enumerate(polygon)
            if len(place) != 2 or not all(math.isfinite(part) and 0 <= part <= 1 for part in place)
        ]
    return found


def checked(masks: Iterable[Iterable[Sequence[float]]], field: str = "masks") -> Masks:
    """The masks as they are kept. Raises `Invalid`, fields named."""
    given = [[tuple(corner) for corner in polygon] for polygon in masks]
    errors = faults(given, field)
    if errors:
        raise Invalid(*errors)
    return tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in given)


def dump(masks: Masks) -> str:
    """The masks as text for the database."""
    return json.dumps(masks, separators=(",", ":"), allow_nan=False)


def load(text: str) -> Masks:
    """The masks out of such a text."""
    found: list[list[list[float]]] = json.loads(text)
    return tuple(tuple((x, y) for x, y in polygon) for polygon in found)


def etag(masks: Masks) -> str:
    """A strong entity tag (RFC 9110 §8.8.3): another one as soon as a corner is elsewhere."""
    return f'"{blake2b(dump(masks).encode(), digest_size=8).hexdigest()}"'


def parse_file(content: bytes) -> Masks:
    """The masks of a file: JSON, a list of polygons, or an object with it under `masks`. Raises `Invalid`."""
    try:
        found: Any = json.loads(content)
        if isinstance(found, dict):
            found = found["masks"]
        corners = [[tuple(float(part) for part in corner) for corner in polygon] for polygon in found]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Invalid(
            FieldError(
                "file",
                "must be JSON: a list of polygons, each a list of corners [x, y]",
                "JSON이어야 합니다. 다각형의 목록이며 다각형은 꼭짓점 [x, y]의 목록입니다",
            )
        ) from None
    return checked(corners)


def parse_polygon(text: str, field: str = "polygon") -> list[tuple[float, ...]]:
    """Corners as people type them: `0.1,0.2 0.4,0.2 0.4,0.9`. Raises `Invalid`."""
    try:
        return [tuple(float(part) for part in corner.split(",")) for corner in text.split()]
    except ValueError:
        raise Invalid(
            FieldError(
                field,
                "must be corners such as 0.1,0.2 0.4,0.2 0.4,0.9",
                "0.1,0.2 0.4,0.2 0.4,0.9와 같은 꼭짓점이어야 합니다",
            )
        ) from None
