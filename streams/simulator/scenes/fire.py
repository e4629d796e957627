"""The incident as a camera sees it: flames and smoke near by, a column of smoke behind the roofs from afar.

Belongs here: one fire, grown by the time it has burned. Where it stands in the picture comes from a
`Sighting`.

Both are two layers of a ready noise texture that scroll upwards through a fixed warp (narrow and quick at the
seat, wide and slow above), which costs a hundredth of moving particles.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from streams.simulator.camera import Sighting
from streams.simulator.scenes.light import Light, Look
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.view import View

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Nearer than this the seat itself is seen; beyond, roofs hide it.
NEAR_M = 140.0
_TILE = 256
# Smoke is slow: it need not be thought out anew for every picture.
_SMOKE_FPS = 5
_SMOKE_GREY = {
    Light.DAY: (0.28, 26),
    Light.DUSK: (0.30, 24),
    Light.NIGHT: (0.26, 20),
    Light.INFRARED: (0.30, 16),
}
_FLICKER = (0.62, 0.74, 0.87, 1.0)
# Thin smoke is no smoke.
_THINNING: Pixels = np.clip(np.arange(256) - 28, 0, 255).astype(np.uint8)


def growth(burning_s: float) -> float:
    """How large a fire is after so many seconds, 0.4 to 1."""
    return 0.4 + 0.6 * (1 - math.exp(-max(0.0, burning_s) / 75))


class Fire:
    """Draws one fire on one stage."""

    def __init__(
        self,
        view: View,
        look: Look,
        sighting: Sighting,
        *,
        kerb: float,
        seat: tuple[float, float, float] | None,
    ) -> None:
        """`kerb`: metres from the middle of the road to the houses; `seat`: where it burns in this place, if
        the place says so."""
        self._view = view
        self._look = look
        self._sighting = sighting
        self._near = sighting.distance_m < NEAR_M
        if self._near and seat is not None:
            self._base = view.pixel(*seat)
            self._scale = view.scale(*seat)
        elif self._near:
            ahead = min(max(sighting.distance_m, 24.0), 90.0)
            across = sighting.x * ahead * view.width_px / 2 / view.focal
            across = math.copysign(max(abs(across), kerb), across)
            self._base = view.pixel(across, ahead, 8.0)
            self._scale = view.scale(across, ahead, 8.0)
        else:
            self._scale = max(view.focal / sighting.distance_m, 1.1)
            self._base = ((sighting.x + 1) / 2 * view.width_px, view.horizon + 6)
        self._stage: Stage | None = None
        self._beyond: Pixels | None = None
        self._grown = 0.0
        self._noise = _tile(np.random.default_rng(23))
        self._smoke: _Warp | None = None
        self._smoke_now: tuple[int, MatLike, MatLike] | None = None
        self._flame: _Warp | None = None
        self._glow: tuple[list[MatLike], int, int] | None = None
        colours, self._flame_cover = _flame_tables()
        self._flame_colours = self._tone(colours)

    def prepare(self, stage: Stage, metres: Floats) -> None:
        """Take the stage to draw on, and how far away each of its pixels is."""
        self._stage = stage
        if not self._near:
            self._beyond = np.where(metres > self._sighting.distance_m, np.uint8(255), np.uint8(0))

    def draw(self, utc: float) -> None:
        """Draw the fire of the instant `utc` (Unix seconds)."""
        if self._stage is None:
            return
        grown = growth(utc - self._sighting.since)
        if abs(grown - self._grown) > 0.04:
            self._grow(grown)
        seconds = utc % 10_000
        if self._near:
            self._draw_glow(seconds)
            self._draw_flames(seconds)
        self._draw_smoke(seconds)

    def _grow(self, grown: float) -> None:
        self._grown = grown
        x, y = self._base
        size = self._view.size
        scale = self._scale * (1.0 if self._near else 2.1)
        tall = 75 * grown * scale
        start = 3.6 * (0.6 + 0.4 * grown) * scale
        self._smoke = _Warp(
            size, x, y - (2.0 * scale if self._near else 0), tall, start, 0.30, 0.34, coarse=3
        )
        self._smoke_now = None
        if self._smoke.visible and self._beyond is not None:
            left, top, right, bottom = self._smoke.rect
            mask = cv2.resize(self._beyond[top:bottom, left:right], self._smoke.envelope.shape[::-1])
            self._smoke.envelope = cv2.multiply(self._smoke.envelope, mask, scale=1 / 255)
        if self._smoke.visible:
            self._smoke.tint = self._tone(self._smoke.tint)
        if self._near:
            self._flame = _Warp(
                size,
                x,
                y + 0.6 * scale,
                10.5 * grown * scale,
                4.4 * grown * scale,
                -0.34,
                0.06,
                fine=2.6,
                coarse=2,
            )
            radius = int(min(26 * grown * scale, 340))
            ramp = np.linspace(-1, 1, 2 * radius + 1)
            fall = np.clip(1 - np.sqrt(ramp[None, :] ** 2 + ramp[:, None] ** 2), 0, 1) ** 2.2
            strength = {Light.DAY: 0.18, Light.DUSK: 0.6, Light.NIGHT: 0.85, Light.INFRARED: 0.8}[
                self._look.light
            ]
            light = fall[..., None] * np.array([40, 120, 230]) * strength
            patches = [self._tone((light * level).astype(np.uint8)) for level in _FLICKER]
            self._glow = (patches, int(x) - radius, int(y - 2 * scale) - radius)

    def _draw_glow(self, seconds: float) -> None:
        if self._stage is None or self._glow is None:
            return
        patches, left, top = self._glow
        wave = 0.5 + 0.3 * math.sin(seconds * 9.1) + 0.2 * math.sin(seconds * 23.7)
        patch = patches[min(int(wave * len(patches)), len(patches) - 1)]
        height, width = patch.shape[:2]
        full_width, full_height = self._stage.size
        x0, y0, x1, y1 = (
            max(left, 0),
            max(top, 0),
            min(left + width, full_width),
            min(top + height, full_height),
        )
        if x0 >= x1 or y0 >= y1 or not self._stage.touch(x0, y0, x1, y1):
            return
        light = patch[y0 - top : y1 - top, x0 - left : x1 - left]
        part = self._stage.canvas[y0:y1, x0:x1]
        cv2.add(part, light, dst=part)

    def _draw_flames(self, seconds: float) -> None:
        warp = self._flame
        if self._stage is None or warp is None or not warp.visible:
            return
        left, top, right, bottom = warp.rect
        self._stage.touch(left, top, right, bottom)
        heat: MatLike = warp.layers(self._noise, seconds * 150, seconds * 215)
        heat = cv2.multiply(heat, warp.envelope, scale=1 / 150)
        heat = cv2.resize(heat, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        heat3 = cv2.merge([heat, heat, heat])
        part = self._stage.canvas[top:bottom, left:right]
        cover = cv2.LUT(heat3, self._flame_cover)
        cv2.multiply(part, cover, dst=part, scale=1 / 255)
        cv2.add(part, cv2.LUT(heat3, self._flame_colours), dst=part)

    def _draw_smoke(self, seconds: float) -> None:
        warp = self._smoke
        if self._stage is None or warp is None or not warp.visible:
            return
        left, top, right, bottom = warp.rect
        self._stage.touch(left, top, right, bottom)
        moment = int(seconds * _SMOKE_FPS)
        if self._smoke_now is None or self._smoke_now[0] != moment:
            keep, add = self._smoke_at(warp, seconds)
            self._smoke_now = moment, keep, add
        _, keep, add = self._smoke_now
        part = self._stage.canvas[top:bottom, left:right]
        cv2.multiply(part, keep, dst=part, scale=1 / 255)
        cv2.add(part, add, dst=part)

    def _smoke_at(self, warp: _Warp, seconds: float) -> tuple[MatLike, MatLike]:
        """How much of what is behind shows through the smoke (of 255), and what the smoke adds to it."""
        left, top, right, bottom = warp.rect
        density = warp.layers(self._noise, seconds * 26, seconds * 37)
        alpha = cv2.multiply(cv2.LUT(density, _THINNING), warp.envelope, scale=1 / 80)
        gain, offset = _SMOKE_GREY[self._look.light]
        tone = cv2.convertScaleAbs(density, alpha=gain, beta=offset)
        colour = cv2.merge([tone, tone, tone])
        if self._near:
            lit = cv2.multiply(warp.tint, cv2.merge([density, density, density]), scale=1 / 190)
            colour = cv2.add(colour, lit)
        alpha3 = cv2.merge([alpha, alpha, alpha])
        size = (right - left, bottom - top)
        add = cv2.resize(cv2.multiply(colour, alpha3, scale=1 / 255), size)
        return cv2.resize(cv2.bitwise_not(alpha3), size), add

    def _tone(self, picture: MatLike) -> MatLike:
        """As the sensor sees it: by infrared without colour."""
        if self._look.light is not Light.INFRARED:
            return picture
        return np.repeat(picture.max(axis=2, keepdims=True), 3, axis=2)


class _Warp:
    """From picture to noise: where each pixel of a plume looks in the texture, at a part of the size."""

    def __init__(
        self,
        size: tuple[int, int],
        x: float,
        y: float,
        tall: float,
        start: float,
        widen: float,
        lean: float,
        *,
        fine: float = 1.0,
        coarse: int,
    ) -> None:
        seen = min(tall, y)  # what of it is below the upper edge
        spread = start * 1.4 + max(0.0, widen) * seen
        drift = lean * seen * math.sqrt(min(1.0, seen / tall))
        left = max(0, int(x - spread + min(drift, 0)) // 2 * 2)
        right = min(size[0], int(x + spread + max(drift, 0)) // 2 * 2)
        top, bottom = max(0, int(y - tall) // 2 * 2), min(size[1], int(y) // 2 * 2)
        self.rect = (left, top, right, bottom)
        self.visible = right - left >= 8 and bottom - top >= 8
        if not self.visible:
            return
        columns, rows = (right - left) // coarse, (bottom - top) // coarse
        px = np.linspace(left, right, columns, dtype=np.float32)[None, :]
        up = np.clip(y - np.linspace(top, bottom, rows, dtype=np.float32), 0, None)[:, None]
        part = up / tall
        centre = x + lean * up * np.sqrt(np.clip(part, 0, 1)) + start * 0.35 * np.sin(up / (start * 2.2))
        across = (px - centre) / np.maximum(start + widen * up, start * 0.16)
        height = np.log1p(up / (start * 1.6)) * _TILE * 0.62 * fine
        wave = np.sin(height / 21) * 0.10
        self._map_x = ((across + wave) * 0.22 * fine * _TILE + _TILE / 2).astype(np.float32)
        self._map_y = np.broadcast_to(_TILE - height % _TILE, self._map_x.shape).astype(np.float32)
        side = np.clip(1 - np.abs(across) ** 2.4, 0, 1)
        fade = np.clip(up / (start * 0.5), 0, 1) * np.clip((1 - part) * 1.5, 0, 1) ** 0.8
        if widen < 0:
            fade = np.clip(1.15 - part, 0, 1) ** 0.9 * np.clip(up / (start * 0.45) - across**2 * 0.5, 0, 1)
        self.envelope: MatLike = np.round(side * fade * 255).astype(np.uint8)
        near = np.exp(-up / (start * 1.5))
        self.tint: MatLike = np.round(
            near[..., None] * np.array([14.0, 70.0, 170.0]) * np.ones_like(side)[..., None]
        ).astype(np.uint8)

    def layers(self, noise: Pixels, first: float, second: float) -> MatLike:
        """Two scrolled looks through the warp, mixed."""
        a, b = int(first) % _TILE, int(second) % _TILE
        one = cv2.remap(
            noise[a : a + 2 * _TILE], self._map_x, self._map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        other = cv2.remap(
            noise[b : b + 2 * _TILE, _TILE // 3 :],
            self._map_x,
            self._map_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        return cv2.addWeighted(one, 0.55, other, 0.55, -12)


def _tile(rng: np.random.Generator) -> Pixels:
    """Fractal noise that repeats every 256 rows and columns, stacked so that any window can be cut out."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for cells, weight in ((4, 1.0), (8, 0.7), (16, 0.5), (32, 0.28), (64, 0.14)):
        grid = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
        grid = np.pad(grid, 4, mode="wrap")
        side = _TILE // cells
        large = cv2.resize(grid, None, fx=side, fy=side, interpolation=cv2.INTER_CUBIC)
        cut = 4 * side
        total += large[cut : cut + _TILE, cut : cut + _TILE] * weight
    low, high = np.percentile(total, 2), np.percentile(total, 98)
    tile = np.clip((total - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    return np.tile(tile, (4, 3))


def _flame_tables() -> tuple[Pixels, Pixels]:
    """From heat (0 to 255) to the colour of a flame, and to how much of what is behind shows."""
    heat = np.arange(256, dtype=np.float32)
    red = np.clip((heat - 50) * 4.2, 0, 255)
    green = np.clip((heat - 88) * 2.3, 0, 245)
    blue = np.clip((heat - 165) * 2.4, 0, 190)
    colours = np.stack([blue, green, red], -1)[None].astype(np.uint8)
    keep = np.clip(255 - (heat - 50) * 3.2, 40, 255).astype(np.uint8)
    return colours, np.repeat(keep[None, :, None], 3, axis=2)
