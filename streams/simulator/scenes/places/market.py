"""A traditional market street: stalls under awnings, shop signs, people between them."""

from __future__ import annotations

import numpy as np

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop, Lamp
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Path, crowd

HALF = 6.2  # to the walls
STALL = 3.6  # to the front of the stalls

_AWNINGS = ((60, 60, 190), (150, 90, 40), (60, 140, 60), (40, 130, 220), (130, 60, 120))
_GOODS = (
    (40, 50, 200), (40, 150, 235), (60, 170, 90), (70, 200, 220), (190, 200, 205), (90, 110, 160),
    (120, 80, 170), (50, 100, 60),
)  # fmt: skip

# Where the demo's fire breaks out: over the shops on the left.
SEAT = (-HALF - 0.5, 27.0, 3.6)


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=8, high=34)
    backdrop.ground(_ground, (120, 124, 128))
    for i, x in enumerate((-44.0, 40.0, -8.0)):
        tower = facade.apartment(rng, 24, int(rng.integers(12, 17)), str(201 + i))
        props.box(
            backdrop, x - 12, x + 12, 170 + 15 * i, 186 + 15 * i, tower.surface.shape[0] / 10, front=tower
        )
    spans: list[tuple[int, float, float]] = []
    for side in (-1, 1):
        y = 108.0
        while y > 7:
            long, floors = float(rng.uniform(9, 13)), int(rng.integers(1, 3))
            tone = int(rng.integers(132, 186))
            wall = (tone - int(rng.integers(4, 34)), tone - int(rng.integers(0, 16)), tone)
            flank, front = facade.shops(rng, long, floors, wall), facade.shops(rng, 12, floors, wall)
            x0, x1 = (HALF, HALF + 12) if side > 0 else (-HALF - 12, -HALF)
            start = max(y - long, 5.0)
            props.box(backdrop, x0, x1, start, y, 4 + floors * 3.2, front=front, side=flank)
            spans.append((side, start, y))
            y = start
    _gate(backdrop)
    _stalls(backdrop, rng)
    _festoons(backdrop)
    walkers = crowd(rng, Path([(0, 8), (0, 62)]), 9, spread=2.7)
    walkers += crowd(rng, Path([(1.4, 9), (1.4, 34)]), 3, spread=1.4, child=0.4)
    return Set([], walkers)


def _ground(plan: Plan) -> None:
    plan.box(-HALF, 0, HALF, plan.y1, (150, 156, 162))
    y = plan.y0
    row = 0
    while y < min(plan.y1, 90):
        plan.stripe([(-HALF, y), (HALF, y)], 0.05, (126, 132, 138))
        y, row = y + 0.9, row + 1
    for x in np.arange(-HALF, HALF, 1.2):
        plan.stripe([(float(x), 0), (float(x), plan.y1)], 0.04, (130, 136, 142))
    for x in (-0.45, 0.45):  # the drain in the middle
        plan.stripe([(x, 0), (x, plan.y1)], 0.16, (104, 108, 112))
    if plan.scale > 10:
        for x, y0, w in ((-1.8, 12, 2.1), (1.6, 21, 1.5), (-0.8, 30, 1.8)):  # wet places
            plan.area(
                [(x - w, y0), (x, y0 - w * 0.5), (x + w, y0 + 0.2), (x + w * 0.3, y0 + w * 0.7)],
                (128, 132, 136),
            )


def _gate(backdrop: Backdrop) -> None:
    """The arch over the street with the market's name."""
    y = 52.0
    for x in (-4.6, 4.6):
        backdrop.bar((x, y, 0), (x, y, 7.4), 0.4, (70, 90, 150))
    sign = facade.board("북변 전통시장", 9.4, 1.7, (60, 60, 180), (235, 245, 250))
    backdrop.wall([(-4.7, y, 7.6), (4.7, y, 7.6), (4.7, y, 5.9), (-4.7, y, 5.9)], sign)
    backdrop.lamp(Lamp(0, y, 8, 0.6))


def _stalls(backdrop: Backdrop, rng: np.random.Generator) -> None:
    y = 74.0
    number = 0
    while y > 9:
        long = float(rng.uniform(3.0, 4.0))
        for side in (-1, 1):
            if rng.random() < 0.12:
                continue
            _stall(backdrop, rng, side, y - long, y - 0.35, number)
            number += 1
        y -= long + 0.3


def _stall(
    backdrop: Backdrop, rng: np.random.Generator, side: int, y0: float, y1: float, number: int
) -> None:
    wall, front = side * HALF, side * STALL
    props.shadow(backdrop, (wall + front) / 2, (y0 + y1) / 2, 2.2, 2.2, 0.4)
    # The table: its face to the street, its near end, and what lies on top in crates.
    backdrop.shape([(front, y1, 0.8), (front, y0, 0.8), (front, y0, 0), (front, y1, 0)], (96, 104, 112))
    backdrop.shape([(front, y0, 0.8), (wall, y0, 0.8), (wall, y0, 0), (front, y0, 0)], (80, 88, 96))
    top = [(wall, y1, 0.8), (front, y1, 0.8), (front, y0, 0.8), (wall, y0, 0.8)]
    backdrop.shape(top, (112, 122, 130))
    columns, rows = 4, 5
    for j in reversed(range(rows)):
        for i in range(columns):
            x0 = front + (wall - front) * 0.75 * i / columns
            x1 = front + (wall - front) * 0.75 * (i + 0.88) / columns
            a, b = y0 + (y1 - y0) * (j + 0.06) / rows, y0 + (y1 - y0) * (j + 0.92) / rows
            goods = _GOODS[int(rng.integers(len(_GOODS)))]
            tone = float(rng.uniform(0.8, 1.1))
            paint = (
                min(255, int(goods[0] * tone)),
                min(255, int(goods[1] * tone)),
                min(255, int(goods[2] * tone)),
            )
            backdrop.shape(
                [
                    (x0, b, 0.86 + 0.05 * i),
                    (x1, b, 0.9 + 0.05 * i),
                    (x1, a, 0.9 + 0.05 * i),
                    (x0, a, 0.86 + 0.05 * i),
                ],
                paint,
            )
    for y in (y1, y0):
        backdrop.bar((front, y, 0), (front, y, 2.55), 0.07, (150, 152, 150))
    colour = _AWNINGS[number % len(_AWNINGS)]
    with backdrop.foreground():
        props.awning(backdrop, wall, front - side * 0.35, y0, y1, 3.15, 2.45, colour)
    if number % 3 == 0:
        backdrop.lamp(Lamp(front, (y0 + y1) / 2, 5.5, 0.8, (0.62, 0.88, 1.0)))


def _festoons(backdrop: Backdrop) -> None:
    """Bulbs and pennants across the street."""
    colours = ((60, 60, 200), (60, 190, 220), (190, 120, 50), (80, 160, 70))
    for n, y in enumerate((46.0, 37.0, 29.0, 22.0)):
        last = (-HALF, y, 6.0)
        for i in range(1, 21):
            t = i / 20
            here = (-HALF + 2 * HALF * t, y, 6.0 - 2.2 * t * (1 - t))
            backdrop.bar(last, here, 0.03, (60, 60, 60))
            if i < 20 and i % 2:
                paint = colours[(i + n) % 4]
                backdrop.shape(
                    [(here[0] - 0.22, y, here[2]), (here[0] + 0.22, y, here[2]), (here[0], y, here[2] - 0.5)],
                    paint,
                )
            elif i < 20:
                backdrop.bar(
                    (here[0], y, here[2] - 0.05),
                    (here[0], y, here[2] - 0.25),
                    0.16,
                    (210, 225, 230),
                    (190, 235, 255),
                )
            last = here
