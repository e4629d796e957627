"""A country road: two lanes between rice fields, greenhouses, a village, hills."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop
from streams.simulator.scenes.place import Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.traffic import Lane, Path, crowd
from streams.simulator.scenes.vehicles import SEDAN, TRUCK, WAGON

WHITE = (206, 208, 208)
HALF = 3.6


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    _hills(backdrop)
    backdrop.ground(_ground, (88, 150, 150), grain=6, half_width=150)
    for x, y in ((-70.0, 150.0), (-52.0, 165.0), (-88.0, 170.0), (48.0, 175.0), (70.0, 160.0), (96.0, 180.0)):
        house = facade.villa(rng, 12, int(rng.integers(1, 3)))
        high = house.surface.shape[0] / 24
        props.box(backdrop, x - 6, x + 6, y, y + 9, high, front=house)
        roof = [(70, 70, 150), (130, 80, 50), (90, 100, 90)][int(rng.integers(3))]
        backdrop.shape([(x - 6.6, y - 0.4, high), (x, y, high + 2.4), (x + 6.6, y - 0.4, high)], roof)
        props.tree(backdrop, x + 9, y - 2, float(rng.uniform(5, 8)), autumn=float(rng.uniform(0, 1)))
    for i in range(3):
        _greenhouse(backdrop, 16 + i * 8.0, 62)
    for x in range(-120, 130, 12):
        if abs(x) > 14:
            props.tree(
                backdrop,
                x + float(rng.uniform(-4, 4)),
                200,
                float(rng.uniform(6, 10)),
                autumn=float(rng.uniform(0.2, 1)),
            )
    poles = [(HALF + 2.4, y, 9.0) for y in (170.0, 130.0, 98.0, 72.0, 50.0, 32.0, 18.0)]
    for x, y, _ in poles:
        props.utility_pole(backdrop, x, y)
    props.wires(backdrop, poles)
    for y in (96.0, 52.0):
        props.street_lamp(backdrop, -HALF - 1.4, y, arm=2.2)
    sign = facade.board("통진  마송", 3.0, 1.3, (110, 120, 20), (250, 250, 250))
    for x in (-HALF - 3.6, -HALF - 1.8):
        backdrop.bar((x, 26, 0), (x, 26, 3.2), 0.1, (140, 142, 142))
    x0 = -HALF - 4.2
    backdrop.wall([(x0, 25.9, 3.5), (x0 + 3.0, 25.9, 3.5), (x0 + 3.0, 25.9, 2.2), (x0, 25.9, 2.2)], sign)
    kinds = ((SEDAN, 0.4), (WAGON, 0.3), (TRUCK, 0.3))
    lanes = [
        Lane(Path([(1.8, 3), (1.8, 190)]), rng, 15, 11.0, kinds=kinds),
        Lane(Path([(-1.8, 190), (-1.8, 3)]), rng, 15, 11.0, kinds=kinds),
    ]
    walkers = crowd(rng, Path([(-HALF - 0.9, 12), (-HALF - 0.9, 60)]), 1, spread=0.2)
    return Set(lanes, walkers)


def _hills(backdrop: Backdrop) -> None:
    rng = backdrop.rng
    for distance, high, tone in ((1500.0, 110.0, 118), (1000.0, 60.0, 104), (640.0, 26.0, 88)):
        shift = float(rng.uniform(0, 6))
        xs = np.linspace(-distance, distance, 60)
        zs = [
            high * (0.62 + 0.3 * np.sin(i * 0.33 + shift) + 0.14 * np.sin(i * 0.91 + shift * 2))
            for i in range(60)
        ]
        for (x0, z0), (x1, z1) in zip(
            zip(xs, zs, strict=True), zip(xs[1:], zs[1:], strict=True), strict=False
        ):
            quad = [(float(x0), distance, float(z0)), (float(x1), distance, float(z1))]
            quad += [(float(x1), distance, -40.0), (float(x0), distance, -40.0)]
            backdrop.shape(quad, (tone - 12, tone + 14, tone - 10))


def _ground(plan: Plan) -> None:
    end = plan.y1
    for side in (-1, 1):
        y, row = 8.0, 0
        while y < min(end, 260):
            deep = 22.0 + 6 * (row % 3)
            for column in range(4):
                x0 = HALF + 6 + column * 34
                ripe = (row * 7 + column * 5 + (side > 0)) % 5
                colour = ((80, 160, 168), (86, 152, 126), (74, 170, 186), (110, 140, 150), (78, 146, 116))[
                    ripe
                ]
                plan.area(
                    [
                        (side * x0, y),
                        (side * (x0 + 32.6), y),
                        (side * (x0 + 32.6), y + deep - 1.2),
                        (side * x0, y + deep - 1.2),
                    ],
                    colour,
                )
                line = y + 1.0
                furrow = (colour[0] * 9 // 10, colour[1] * 9 // 10, colour[2] * 9 // 10)
                while plan.scale > 3 and line < y + deep - 2 and column < 2:
                    plan.stripe(
                        [(side * (x0 + 0.5), line), (side * (x0 + 32), line)],
                        0.28,
                        furrow,
                    )
                    line += 1.1
            y, row = y + deep, row + 1
        plan.box(side * (HALF + 3.0) - 0.7, 0, side * (HALF + 3.0) + 0.7, end, (84, 104, 92))
    plan.box(-HALF - 1.6, 0, HALF + 1.6, end, (128, 138, 140))
    plan.box(-HALF - 0.3, 0, HALF + 0.3, end, (98, 98, 96))
    for x in (-2.6, -1.0, 1.0, 2.6):
        plan.stripe([(x, 0), (x, end)], 0.5, (90, 90, 88))
    for off in (-0.14, 0.14):
        plan.stripe([(off, 0), (off, end)], 0.12, (70, 178, 214))
    for x in (-HALF, HALF):
        plan.stripe([(x, 0), (x, end)], 0.13, WHITE)
    if plan.scale > 10:
        plan.text("50", 1.9, 15, 1.5, 4.0, WHITE)


def _greenhouse(backdrop: Backdrop, x: float, y: float) -> None:
    """A tunnel of plastic film, seen end on."""
    wide, high, long = 6.4, 3.0, 40.0
    arc = [(x + wide / 2 * (1 - np.cos(t)), high * np.sin(t)) for t in np.linspace(0, np.pi, 11)]
    for (ax, az), (bx, bz) in pairwise(arc):
        shade = 178 + int(50 * (az + bz) / 2 / high)
        quad = [(ax, y + long, az), (bx, y + long, bz), (bx, y, bz), (ax, y, az)]
        backdrop.shape([(float(a), float(b), float(c)) for a, b, c in quad], (shade, shade, shade - 6))
    backdrop.shape([(float(ax), y, float(az)) for ax, az in arc], (206, 210, 206))
    door = x + wide / 2
    backdrop.shape(
        [
            (door - 0.7, y - 0.05, 2.0),
            (door + 0.7, y - 0.05, 2.0),
            (door + 0.7, y - 0.05, 0),
            (door - 0.7, y - 0.05, 0),
        ],
        (150, 150, 146),
    )
