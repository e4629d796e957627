"""What stands about in a street: trees, lamps, poles and wires, signals, fences, parked things.

Belongs here: still things, drawn on a `Backdrop`. Places decide where.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from streams.simulator.scenes.backdrop import Backdrop, Lamp, Pixels, Texture
from streams.simulator.scenes.light import Colour, Light


def tree(
    backdrop: Backdrop, x: float, y: float, height: float, *, green: float = 1.0, autumn: float = 0.0
) -> None:
    """A street tree: trunk, shadow, and a crown of many leaf tufts lit from the upper left."""
    view, rng = backdrop.view, backdrop.rng
    scale = view.scale(x, y)
    if scale <= 0 or view.depth(x, y, height) < 1.5:
        return
    shadow(backdrop, x + height * 0.12, y + 0.3, height * 0.34, height * 0.22)
    backdrop.bar((x, y, 0), (x, y, height * 0.5), 0.16 + height * 0.018, (44, 56, 72))
    px, py = view.pixel(x, y, height * 0.66)
    radius = max(2.0, height * 0.34 * view.scale(x, y, height * 0.66))
    side = int(radius * 2.6) + 4
    if side > 1600:
        return
    crown: Pixels = np.zeros((side, side, 3), np.uint8)
    mask = np.zeros((side, side), np.uint8)
    tufts = int(np.clip(radius * 1.6, 14, 240))
    angles = rng.uniform(0, 2 * np.pi, tufts)
    reach = np.sqrt(rng.uniform(0, 1, tufts))
    order = np.argsort(reach * np.sin(angles))[::-1]  # low and dark first, high and light last
    for i in order:
        cx = side / 2 + np.cos(angles[i]) * reach[i] * radius * 0.92
        cy = side / 2 + np.sin(angles[i]) * reach[i] * radius * 0.98
        lift = 0.5 - 0.5 * np.sin(angles[i]) * reach[i] - 0.18 * np.cos(angles[i]) * reach[i]
        tone = 34 + 88 * lift * float(rng.uniform(0.75, 1.2))
        warm = autumn * float(rng.uniform(0.4, 1.2))
        colour = (
            tone * 0.55 * (1 - 0.5 * warm),
            tone * (0.98 - 0.22 * warm) * green,
            tone * (0.62 + 0.75 * warm),
        )
        size = max(1, int(radius * rng.uniform(0.12, 0.26)))
        cv2.circle(crown, (int(cx), int(cy)), size, colour, -1, cv2.LINE_AA)
        cv2.circle(mask, (int(cx), int(cy)), size, 255, -1, cv2.LINE_AA)
    _stamp_centred(backdrop, crown, mask, px, py, view.depth(x, y))


def _stamp_centred(
    backdrop: Backdrop, picture: Pixels, mask: Pixels, px: float, py: float, metres: float
) -> None:
    height, width = mask.shape
    full_width, full_height = backdrop.view.size
    left, top = int(px - width / 2), int(py - height / 2)
    x0, y0 = max(0, -left), max(0, -top)
    x1, y1 = min(width, full_width - left), min(height, full_height - top)
    if x1 > x0 and y1 > y0:
        backdrop.stamp(left + x0, top + y0, picture[y0:y1, x0:x1], mask[y0:y1, x0:x1], None, metres)


def shadow(backdrop: Backdrop, x: float, y: float, wide: float, deep: float, strength: float = 0.42) -> None:
    """A soft shadow on the ground."""
    if backdrop.look.dark:
        strength *= 0.5
    view = backdrop.view
    corners = np.array([[x - wide, y, 0], [x + wide, y, 0], [x, y - deep, 0], [x, y + deep, 0]])
    if min(view.depth(*c) for c in corners) < 0.5:
        return
    points = view.project(corners)
    cx, cy = points.mean(axis=0)
    rx, ry = abs(points[1, 0] - points[0, 0]) / 2, abs(points[3, 1] - points[2, 1]) / 2
    left, top = max(0, int(cx - rx * 1.4)), max(0, int(cy - ry * 1.4))
    right = min(view.width_px, int(cx + rx * 1.4) + 1)
    bottom = min(view.height_px, int(cy + ry * 1.4) + 1)
    if right - left < 2 or bottom - top < 2:
        return
    yy, xx = np.mgrid[top:bottom, left:right]
    distance = ((xx - cx) / max(rx, 1)) ** 2 + ((yy - cy) / max(ry, 1)) ** 2
    keep = 1 - strength * np.clip(1.5 - distance, 0, 1)
    part = backdrop.albedo[top:bottom, left:right]
    part[:] = part * keep[..., None]


def street_lamp(backdrop: Backdrop, x: float, y: float, *, height: float = 8.0, arm: float = 1.8) -> None:
    """A street lamp; `arm` metres to the right (negative: left). It lights the ground at night."""
    grey: Colour = (96, 96, 92)
    backdrop.bar((x, y, 0), (x, y, height), 0.14, grey)
    backdrop.bar((x, y, height), (x + arm, y, height + 0.35), 0.1, grey)
    head = (x + arm, y, height + 0.3)
    backdrop.bar(
        (x + arm - 0.35, y, height + 0.3),
        (x + arm + 0.35, y, height + 0.3),
        0.2,
        (150, 152, 150),
        (190, 235, 255),
    )
    if backdrop.view.depth(*head) > 1:
        backdrop.lamp(Lamp(x + arm, y, reach=10.5))


def utility_pole(backdrop: Backdrop, x: float, y: float, *, height: float = 9.0) -> None:
    """A concrete pole with cross arms and a transformer."""
    backdrop.bar((x, y, 0), (x, y, height), 0.3, (132, 138, 140))
    for z in (height - 0.4, height - 1.3):
        backdrop.bar((x - 1.0, y, z), (x + 1.0, y, z), 0.1, (84, 88, 90))
    backdrop.bar((x + 0.45, y, height - 3.1), (x + 0.45, y, height - 2.1), 0.5, (110, 112, 110))
    # Yellow and black sleeve at the foot, as Korean poles wear.
    backdrop.bar((x, y - 0.05, 0.2), (x, y - 0.05, 1.7), 0.34, (60, 190, 225))
    for z in (0.5, 1.0, 1.5):
        backdrop.bar((x, y - 0.06, z), (x, y - 0.06, z + 0.18), 0.35, (40, 44, 48))


def wires(backdrop: Backdrop, poles: list[tuple[float, float, float]]) -> None:
    """Sagging wires from pole to pole, given as x, y, height."""
    for (x0, y0, z0), (x1, y1, z1) in pairwise(poles):
        for offset in (-0.9, -0.3, 0.4, 0.9):
            last = (x0 + offset, y0, z0 - 0.3)
            for part in range(1, 9):
                t = part / 8
                sag = 0.7 * 4 * t * (1 - t)
                here = (x0 + (x1 - x0) * t + offset, y0 + (y1 - y0) * t, z0 + (z1 - z0) * t - 0.3 - sag)
                backdrop.bar(last, here, 0.035, (52, 50, 48))
                last = here


def box(
    backdrop: Backdrop,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    height: float,
    *,
    front: Texture,
    side: Texture | None = None,
    roof: Colour = (140, 142, 140),
) -> None:
    """A building: `front` hangs at y0 facing the camera, `side` on whichever flank it sees."""
    flank = side or front
    sunny = 1.0 if backdrop.look.light is Light.DAY else 0.94
    if x0 > 0:
        corners = [(x0, y1, height), (x0, y0, height), (x0, y0, 0.0), (x0, y1, 0.0)]
        backdrop.wall(corners, flank, shade=0.80 * sunny)
    if x1 < 0:
        corners = [(x1, y0, height), (x1, y1, height), (x1, y1, 0.0), (x1, y0, 0.0)]
        backdrop.wall(corners, flank, shade=1.0)
    if height < backdrop.view.height:
        backdrop.shape([(x0, y0, height), (x1, y0, height), (x1, y1, height), (x0, y1, height)], roof)
    corners = [(x0, y0, height), (x1, y0, height), (x1, y0, 0.0), (x0, y0, 0.0)]
    backdrop.wall(corners, front, shade=0.9 * sunny)


def skyline(backdrop: Backdrop, *, low: float = 10, high: float = 46, distance: float = 420) -> None:
    """Far buildings and a ridge of hills, all across the horizon."""
    rng = backdrop.rng
    ridge: list[tuple[float, float, float]] = []
    for i, x in enumerate(np.linspace(-900, 900, 40)):
        ridge.append((float(x), 1100.0, 55 + 40 * float(np.sin(i * 0.55 + rng.uniform(0, 0.6)))))
    for left, right in pairwise(ridge):
        quad = [left, right, (right[0], 1100.0, -60.0), (left[0], 1100.0, -60.0)]
        backdrop.shape(quad, (96, 110, 96))
    x = -distance * 0.95
    while x < distance * 0.95:
        width, height = float(rng.uniform(14, 34)), float(rng.uniform(low, high))
        tone = int(rng.integers(120, 190))
        colour = (tone, tone - 3, tone - 8)
        backdrop.shape(
            [
                (x, distance, height),
                (x + width, distance, height),
                (x + width, distance, -3),
                (x, distance, -3),
            ],
            colour,
        )
        for _ in range(int(height / 3)):  # a few windows
            wx, wz = float(rng.uniform(x + 1, x + width - 2)), float(rng.uniform(2, max(3.0, height - 2)))
            pane = [
                (wx, distance, wz + 1.6),
                (wx + 1.8, distance, wz + 1.6),
                (wx + 1.8, distance, wz),
                (wx, distance, wz),
            ]
            lit: Colour | None = (90, 160, 200) if rng.random() < 0.6 else None
            backdrop.shape(pane, (tone - 50, tone - 56, tone - 60), lit)
        x += width * float(rng.uniform(0.8, 1.5))


def fence(
    backdrop: Backdrop,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: Colour,
    *,
    height: float = 1.1,
) -> None:
    """A railing with bars."""
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    count = max(2, int(length / 0.5))
    for i in range(count + 1):
        t = 1 - i / count
        x, y = start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t
        backdrop.bar((x, y, 0), (x, y, height), 0.05 if i % 4 else 0.1, colour)
    for z in (0.2, height):
        backdrop.bar((*start, z), (*end, z), 0.07, colour)


def signal_pole(
    backdrop: Backdrop, x: float, y: float, arm: float, *, height: float = 6.2
) -> tuple[float, float, float]:
    """A signal on an arm of `arm` metres (negative: to the left). Returns where its head hangs."""
    grey: Colour = (104, 106, 104)
    backdrop.bar((x, y, 0), (x, y, height + 0.4), 0.22, grey)
    backdrop.bar((x, y, height), (x + arm, y, height + 0.15), 0.14, grey)
    head = (x + arm, y, height)
    half = 0.95
    corners = [(head[0] - half, y - 0.05, height + 0.32), (head[0] + half, y - 0.05, height + 0.32)]
    corners += [(head[0] + half, y - 0.05, height - 0.32), (head[0] - half, y - 0.05, height - 0.32)]
    backdrop.shape(corners, (36, 36, 36))
    return head


def bench(backdrop: Backdrop, x: float, y: float) -> None:
    """A park bench."""
    wood: Colour = (60, 96, 140)
    shadow(backdrop, x, y, 1.2, 0.5, 0.3)
    for side in (-0.7, 0.7):
        backdrop.bar((x + side, y, 0), (x + side, y, 0.45), 0.08, (60, 60, 60))
    seat = [
        (x - 0.9, y - 0.25, 0.45),
        (x + 0.9, y - 0.25, 0.45),
        (x + 0.9, y + 0.2, 0.45),
        (x - 0.9, y + 0.2, 0.45),
    ]
    backdrop.shape(seat, wood)
    back = [
        (x - 0.9, y + 0.25, 0.95),
        (x + 0.9, y + 0.25, 0.95),
        (x + 0.9, y + 0.25, 0.55),
        (x - 0.9, y + 0.25, 0.55),
    ]
    backdrop.shape(back, (52, 84, 124))


def parked(backdrop: Backdrop, x: float, y: float, colour: Colour, *, along: bool = True) -> None:
    """A parked car, seen from its rear (or with `along` false, from its side)."""
    long, half = (4.4, 0.92) if along else (1.84, 2.2)
    y1 = y + long
    shadow(backdrop, x, (y + y1) / 2, half * 1.5, long * 0.7, 0.5)
    dark = (int(colour[0] * 0.7), int(colour[1] * 0.7), int(colour[2] * 0.7))
    glass: Colour = (84, 74, 66)
    flank = half if x < 0 else -half
    backdrop.shape([(x - half, y1, 0.9), (x + half, y1, 0.9), (x + half, y, 0.9), (x - half, y, 0.9)], colour)
    sides = [(x + flank, y1, 0.9), (x + flank, y, 0.9), (x + flank, y, 0.25), (x + flank, y1, 0.25)]
    backdrop.shape(sides, dark)
    inner = half * 0.84
    c0, c1 = (y + long * 0.1, y + long * 0.72) if along else (y + 0.15, y1 - 0.15)
    flank2 = inner if x < 0 else -inner
    backdrop.shape(
        [
            (x + flank, c1, 0.9),
            (x + flank, c0, 0.9),
            (x + flank2, c0 + 0.5, 1.45),
            (x + flank2, c1 - 0.4, 1.45),
        ],
        glass,
    )
    backdrop.shape(
        [
            (x - inner, c1 - 0.4, 1.45),
            (x + inner, c1 - 0.4, 1.45),
            (x + inner, c0 + 0.5, 1.45),
            (x - inner, c0 + 0.5, 1.45),
        ],
        colour,
    )
    backdrop.shape([(x - half, y, 0.9), (x + half, y, 0.9), (x + half, y, 0.25), (x - half, y, 0.25)], dark)
    backdrop.shape(
        [
            (x - inner, c0 + 0.5, 1.45),
            (x + inner, c0 + 0.5, 1.45),
            (x + half * 0.95, c0, 0.9),
            (x - half * 0.95, c0, 0.9),
        ],
        glass,
    )
    if along:
        for side in (-1, 1):
            lamp = x + side * half * 0.78
            backdrop.shape(
                [
                    (lamp - 0.14, y - 0.01, 0.8),
                    (lamp + 0.14, y - 0.01, 0.8),
                    (lamp + 0.14, y - 0.01, 0.62),
                    (lamp - 0.14, y - 0.01, 0.62),
                ],
                (40, 38, 150),
            )


def awning(
    backdrop: Backdrop, x0: float, x1: float, y0: float, y1: float, high: float, low: float, colour: Colour
) -> None:
    """A striped awning sloping from x0 (at the wall, `high`) to x1 (over the street, `low`)."""
    count = max(2, round((y1 - y0) / 0.55))
    pale = (225, 228, 230)
    for i in reversed(range(count)):
        a, b = y0 + (y1 - y0) * i / count, y0 + (y1 - y0) * (i + 1) / count
        paint = colour if i % 2 else pale
        backdrop.shape([(x0, b, high), (x1, b, low), (x1, a, low), (x0, a, high)], paint)
        trim = (int(paint[0] * 0.8), int(paint[1] * 0.8), int(paint[2] * 0.8))
        backdrop.shape([(x1, b, low), (x1, a, low), (x1, a, low - 0.28), (x1, b, low - 0.28)], trim)


def wall_along(backdrop: Backdrop, x: float, y0: float, y1: float, height: float, texture: Texture) -> None:
    """A flank that runs ahead at x, from y0 to y1."""
    if x > 0:
        corners = [(x, y1, height), (x, y0, height), (x, y0, 0.0), (x, y1, 0.0)]
    else:
        corners = [(x, y0, height), (x, y1, height), (x, y1, 0.0), (x, y0, 0.0)]
    backdrop.wall(corners, texture, shade=0.86 if x > 0 else 1.0)
