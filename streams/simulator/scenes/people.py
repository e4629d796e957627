"""People on foot and on bicycles, drawn from few strokes into the stage.

Belongs here: how they look at a place and an instant. Where they go is `traffic.py`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streams.simulator.scenes.light import Colour, Light, Look
from streams.simulator.scenes.stage import Stage
from streams.simulator.scenes.vehicles import LightAt, grey, tint
from streams.simulator.scenes.view import View

_COATS: tuple[Colour, ...] = (
    (60, 58, 62), (40, 40, 44), (120, 90, 60), (60, 70, 150), (150, 146, 140), (70, 96, 60), (40, 110, 170),
    (130, 60, 90), (196, 196, 192), (90, 130, 190),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((52, 48, 46), (84, 72, 60), (40, 40, 42))

Tone = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Palette:
    """What one person's clothes look like in the light of one place."""

    coat: Tone
    trousers: Tone
    skin: Tone
    hair: Tone
    shade: Tone
    wheel: Tone


class People:
    """Draws people on one stage."""

    def __init__(self, stage: Stage, view: View, look: Look, light_at: LightAt) -> None:
        self._stage = stage
        self._view = view
        self._look = look
        self._light_at = light_at
        self._palettes: dict[tuple[int, int, int], _Palette] = {}

    def draw(
        self, x: float, y: float, stride: float, look: int, *, tall: float = 1.7, bicycle: bool = False
    ) -> None:
        """Draw one; `stride` is the metres walked so far, `look` picks clothes."""
        scale = self._view.scale(x, y, tall / 2)
        if scale < 2.5:
            return
        height = tall * scale
        px, py = self._view.pixel(x, y)
        wide = height * (0.55 if bicycle else 0.26)
        top = py - height * (1.2 if bicycle else 1.04)
        if not self._stage.touch(px - wide, top, px + wide, py + height * 0.08):
            return
        palette = self._palette(x, y, look)
        if height < 40:
            self._draw_small(px, py, height, palette)
            return
        canvas = self._stage.canvas
        flat = min(0.9, self._view.height / max(2.0, y))
        size = (int(height * 0.15), max(1, int(height * 0.12 * flat)))
        cv2.ellipse(canvas, (int(px + height * 0.05), int(py)), size, 0, 0, 360, palette.shade, -1)
        lift = 0.0
        if bicycle:
            lift = height * 0.16
            self._draw_bicycle(px, py, height, palette)
        self._draw_body(px, py - lift, height, math.sin(stride * 4.4), palette)

    def _draw_small(self, px: float, py: float, height: float, palette: _Palette) -> None:
        canvas, x = self._stage.canvas, int(px)
        hip = int(py - height * 0.45)
        cv2.line(canvas, (x, int(py)), (x, hip), palette.trousers, max(1, int(height * 0.13)))
        cv2.line(canvas, (x, hip), (x, int(py - height * 0.8)), palette.coat, max(2, int(height * 0.2)))
        cv2.circle(canvas, (x, int(py - height * 0.9)), max(1, int(height * 0.08)), palette.hair, -1)

    def _draw_bicycle(self, px: float, py: float, height: float, palette: _Palette) -> None:
        canvas = self._stage.canvas
        wheel, thick = max(2, int(height * 0.19)), max(1, int(height * 0.04))
        for side in (-1, 1):
            centre = (int(px + side * height * 0.3), int(py - wheel))
            cv2.circle(canvas, centre, wheel, palette.wheel, thick, cv2.LINE_AA)
        hub, bar = (px - height * 0.3, py - wheel), (px + height * 0.26, py - height * 0.46)
        cv2.line(
            canvas, (int(hub[0]), int(hub[1])), (int(bar[0]), int(bar[1])), palette.coat, thick, cv2.LINE_AA
        )

    def _draw_body(self, px: float, py: float, height: float, swing: float, palette: _Palette) -> None:
        canvas = self._stage.canvas
        edge = cv2.LINE_AA if height > 80 else cv2.LINE_8  # smooth edges cost as much as the rest
        hip, knee, foot = py - height * 0.47, py - height * 0.24, py - height * 0.01
        shoulder = py - height * 0.82
        step = swing * height * 0.12
        arm = swing * height * 0.05
        # All strokes of a kind in one call: a call costs more than a stroke.
        legs = [
            [(px, hip), (px + step * 0.6, knee), (px + step, foot)],
            [(px, hip), (px - step * 0.6, knee), (px - step, foot)],
        ]
        thick = max(1, int(height * 0.085))
        cv2.polylines(canvas, _fixed(legs), False, palette.trousers, thick, edge, 4)
        out, low = height * 0.115, hip + height * 0.04
        torso = [[(px - out, shoulder), (px + out, shoulder), (px + out * 0.87, low), (px - out * 0.87, low)]]
        cv2.fillConvexPoly(canvas, _fixed(torso)[0], palette.coat, edge, 4)
        arms = [
            [(px + side * height * 0.125, shoulder + height * 0.03), (px + side * (height * 0.13 - arm), hip)]
            for side in (1, -1)
        ]
        cv2.polylines(canvas, _fixed(arms), False, palette.coat, max(1, int(height * 0.06)), edge, 4)
        head = (int(px * 16), int((py - height * 0.9) * 16))
        cv2.circle(canvas, head, int(height * 0.072 * 16), palette.skin, -1, edge, 4)
        crown = (head[0], head[1] - int(height * 0.3))
        cv2.circle(canvas, crown, int(height * 0.07 * 16), palette.hair, -1, edge, 4)

    def _palette(self, x: float, y: float, look: int) -> _Palette:
        key = (int(x), int(y), look)
        palette = self._palettes.get(key)
        if palette is None:
            if len(self._palettes) > 4000:
                self._palettes.clear()
            light = self._light_at(x, y)

            def tone(colour: Colour, factor: float = 1.0) -> Tone:
                lit = tint(colour, light, factor)
                return grey(lit) if self._look.light is Light.INFRARED else lit

            palette = self._palettes[key] = _Palette(
                coat=tone(_COATS[look % len(_COATS)]),
                trousers=tone(_TROUSERS[look % 3]),
                skin=tone((120, 150, 190)),
                hair=tone((34, 34, 38)),
                shade=tone((64, 62, 60), 0.62),
                wheel=tone((40, 40, 40)),
            )
        return palette


def _fixed(strokes: list[list[tuple[float, float]]]) -> list[npt.NDArray[np.int32]]:
    return list((np.array(strokes) * 16).astype(np.int32))
