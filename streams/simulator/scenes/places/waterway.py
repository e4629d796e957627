"""The waterway: an embankment with a path and railing, moving water, a bridge, now and then a boat."""

from __future__ import annotations

import cv2
import numpy as np

from streams.simulator.scenes import facade, props
from streams.simulator.scenes.backdrop import Backdrop, Lamp
from streams.simulator.scenes.light import Light
from streams.simulator.scenes.place import Extra, Set
from streams.simulator.scenes.plan import Plan
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.traffic import Path, crowd
from streams.simulator.scenes.view import View

BANK = 4.5  # the edge of the water
FAR_BANK = 84.0  # metres across, where the other bank begins


def build(backdrop: Backdrop) -> Set:
    """Draw the backdrop, return what moves."""
    rng = backdrop.rng
    props.skyline(backdrop, low=8, high=40)
    backdrop.ground(_ground, (112, 106, 88), grain=3, half_width=150)
    for i, x in enumerate((60.0, 104.0, 150.0)):
        tower = facade.apartment(rng, 28, int(rng.integers(14, 20)), str(701 + i))
        props.box(backdrop, x, x + 28, 250, 264, tower.surface.shape[0] / 10, front=tower)
    hall = facade.shops(rng, 40, 2, (186, 190, 192))
    props.box(backdrop, -70, -26, 130, 150, 10.4, front=hall)
    for y in (128.0, 108.0, 90.0, 74.0, 60.0, 48.0, 38.0, 29.0):
        props.tree(
            backdrop,
            -14 + float(rng.uniform(-1, 1)),
            y,
            float(rng.uniform(5, 7)),
            autumn=float(rng.uniform(0, 0.8)),
        )
    _bridge(backdrop)
    for y in (110.0, 82.0, 60.0, 42.0, 27.0):
        backdrop.bar((-7.6, y, 0), (-7.6, y, 5.2), 0.13, (84, 86, 86))
        backdrop.bar((-7.6, y, 5.2), (-6.6, y, 5.4), 0.1, (84, 86, 86))
        backdrop.bar((-6.9, y, 5.35), (-6.3, y, 5.35), 0.2, (170, 174, 174), (190, 235, 255))
        backdrop.lamp(Lamp(-6.6, y, 8.5, 0.9))
    with backdrop.foreground():
        props.fence(backdrop, (2.4, 120), (2.4, 7), (150, 152, 150), height=1.15)
    walkers = crowd(rng, Path([(-0.4, 10), (-0.4, 85)]), 4, spread=1.6)
    cyclists = crowd(rng, Path([(-4.6, 8), (-4.6, 110)]), 3, spread=0.7)
    for cyclist in cyclists:
        cyclist.bicycle, cyclist.speed = True, cyclist.speed * 3.4
    ripple = _ripples(backdrop)
    return Set([], [*walkers, *cyclists], [ripple, _boat(backdrop.lens, backdrop)])


def _ground(plan: Plan) -> None:
    end = plan.y1
    plan.box(plan.x0, 0, -8.6, end, (78, 132, 104))  # slope of grass
    plan.box(-8.6, 0, BANK, end, (136, 142, 146))
    plan.box(-6.4, 0, -2.8, end, (84, 84, 150))  # cycle path
    plan.dashes(-4.6, plan.y0, end, 0.12, (206, 208, 208), 1.6, 2.4)
    for x in (-6.4, -2.8):
        plan.stripe([(x, 0), (x, end)], 0.12, (206, 208, 208))
    y = plan.y0
    while y < min(end, 90):
        plan.stripe([(-2.8, y), (2.4, y)], 0.05, (120, 126, 132))
        y += 1.5
    plan.box(2.7, 0, BANK, end, (120, 128, 130))
    plan.box(BANK - 0.3, 0, BANK, end, (150, 156, 158))
    plan.box(FAR_BANK, 0, plan.x1, end, (84, 128, 106))
    plan.box(FAR_BANK, 0, FAR_BANK + 4, end, (138, 144, 146))


def _bridge(backdrop: Backdrop) -> None:
    y, deck = 175.0, 12.0
    for x in (-8.0, 26.0, 60.0, 94.0, 128.0):
        corners = [(x - 1.6, y, deck), (x + 1.6, y, deck), (x + 1.6, y, -3.0), (x - 1.6, y, -3.0)]
        backdrop.shape(corners, (138, 140, 140))
    backdrop.shape(
        [(-80, y - 2, deck + 1.6), (170, y - 2, deck + 1.6), (170, y - 2, deck - 1), (-80, y - 2, deck - 1)],
        (156, 158, 156),
    )
    backdrop.bar((-80, y - 2, deck + 2.8), (170, y - 2, deck + 2.8), 0.25, (190, 160, 120))
    for x in range(-70, 170, 20):
        backdrop.bar((x, y - 2, deck + 1.6), (x, y - 2, deck + 8), 0.25, (110, 112, 110))
        backdrop.bar(
            (x - 0.8, y - 2, deck + 8), (x + 0.8, y - 2, deck + 8), 0.5, (150, 152, 150), (190, 235, 255)
        )


def _ripples(backdrop: Backdrop) -> Extra:
    """Water that moves: a few ready phases of ripples laid over the water, one after the other."""
    view, look = backdrop.lens, backdrop.look
    width, height = view.size
    u, v = np.meshgrid(np.arange(width) + 0.5, np.maximum(np.arange(height) + 0.5, view.horizon + 2))
    metres = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(view.ground()).T
    x, y = metres[..., 0] / metres[..., 2], metres[..., 1] / metres[..., 2]
    wet = (x > BANK) & (x < FAR_BANK) & (np.arange(height)[:, None] > view.horizon + 2)
    rows, columns = np.flatnonzero(wet.any(axis=1)), np.flatnonzero(wet.any(axis=0))
    top, bottom = int(rows[0]) // 2 * 2, min(height, int(rows[-1]) // 2 * 2 + 2)
    left, right = int(columns[0]) // 2 * 2, min(width, int(columns[-1]) // 2 * 2 + 2)
    part = (slice(top, bottom), slice(left, right))
    x, y, wet = x[part], y[part], wet[part]
    strength = {Light.DAY: 15.0, Light.DUSK: 11.0, Light.NIGHT: 6.0, Light.INFRARED: 3.0}[look.light]
    far = np.clip(1.4 - y / 160, 0.15, 1.0)
    phases = 8
    waves = []
    for i in range(phases):
        turn = 2 * np.pi * i / phases
        wave = np.sin(y * 2.1 + x * 0.5 + turn) * np.sin(x * 0.9 - y * 0.35 + turn)
        wave += 0.6 * np.sin(y * 4.3 - x * 1.3 - turn) + 0.4 * np.sin(x * 3.7 + y * 1.9 + turn)
        waves.append(np.where(wet, wave * far * strength, 0).astype(np.float32))
    ready: list[np.ndarray] = []

    def draw(stage: Stage, utc: float) -> None:
        if not ready:
            clean = stage.background[part].astype(np.float32)
            front = stage.front[part] == 0 if stage.front is not None else np.ones(wet.shape, bool)
            for wave in waves:
                lit = clean + np.where(front, wave, 0)[..., None] * (1.0, 0.96, 0.9)
                ready.append(np.clip(lit, 0, 255).astype(np.uint8))
        if stage.touch(left + 2, top + 2, right - 4, bottom - 4):
            np.copyto(stage.canvas[part], ready[int(utc * 5) % phases])

    return draw


def _boat(view: View, backdrop: Backdrop) -> Extra:
    """A small tour boat, to and fro."""

    def draw(stage: Stage, utc: float) -> None:
        phase = utc / 95 % 2
        along = phase if phase < 1 else 2 - phase
        x, y = 34.0 + 10 * np.sin(along * 3), 150 - 110 * along
        light = backdrop.light_at(x, y)
        scale = view.scale(x, y)
        px, py = view.pixel(x, y)
        if not stage.touch(px - 6 * scale, py - 4.4 * scale, px + 6 * scale, py + 1.2 * scale):
            return

        def part(points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
            shape = np.array([(px + a * scale, py - b * scale) for a, b in points])
            tone = tuple(min(250.0, c * k) for c, k in zip(colour, light, strict=True))
            if backdrop.look.light is Light.INFRARED:
                tone = (sum(tone) / 3,) * 3
            cv2.fillPoly(stage.canvas, [np.round(shape * 16).astype(np.int32)], tone, cv2.LINE_AA, 4)

        part([(-5.4, 0.1), (5.4, 0.1), (5.0, -0.8), (-5.0, -0.8)], (74, 66, 50))
        part([(-5, 0), (4.4, 0), (5.6, 1.3), (-5.4, 1.3)], (228, 228, 226))
        part([(-5.1, 0.45), (4.9, 0.45), (5.1, 0.75), (-5.2, 0.75)], (170, 90, 40))
        part([(-4, 1.3), (2.6, 1.3), (2.2, 2.8), (-3.8, 2.8)], (214, 216, 216))
        part([(-3.6, 1.6), (2.2, 1.6), (2.0, 2.4), (-3.5, 2.4)], (96, 84, 70))
        part([(-4.3, 2.8), (2.8, 2.8), (2.6, 3.05), (-4.2, 3.05)], (60, 60, 190))

    return draw
