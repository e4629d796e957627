"""A camera's reference view: what is always there, learnt from pictures while all is well.

No picture is kept: edges at 320 x 180 and less, the median of several pictures, so that nobody who passed is
in it. Belongs here: learning, comparing, packing for whoever keeps it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.watch.look import COLUMNS, HALF, ROWS, SIZE, Flags, Look, Numbers, block_mean, by_block, likeness

LOOKS = 8
"""Pictures that a view is learnt from."""
_STEADY = 0.7  # mean likeness of a block to the reference while it was learnt
_RELIEF = 0.4  # deviation of edges in a block that has any
_LEAST_USABLE = 0.2  # of the blocks, or there is nothing to know the view by
_LIKE = 0.45  # likeness of a block that is the same
_REACH = 3  # samples of `SIZE` that a mast sways
_FORMAT = b"view1"
_EDGE_SCALE = 7.0  # edges to bytes: the square root of Sobel's largest sum is 38
_MOST_BYTES = 1 << 20
_STRIPS = 45


@dataclass(frozen=True, slots=True)
class Match:
    """How a picture compares with a reference view.

    kept: share of the reference's blocks that look as they should. detail, bodies: how much of the small and
    of the larger things in them is found in its place, median; 1 is all, where the light is the same.
    strength: larger things of any kind against the reference's, median.
    """

    kept: float
    detail: float
    bodies: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """See the module. usable: blocks that are steady enough to be known by."""

    edges: Numbers
    detail: Numbers
    bodies: Numbers
    usable: Flags

    def compare(self, look: Look) -> Match | None:
        """None where there is too little to know the view by."""
        blocks = self.usable & look.seen
        if blocks.mean() < _LEAST_USABLE:
            return None
        like = likeness(self.edges, look.edges)
        detail = _in_place(self.detail, look.detail)
        return Match(
            kept=float(np.mean(like[blocks] > _LIKE)),
            detail=float(np.median(_found(self.detail, detail)[blocks])),
            bodies=float(np.median(_found(self.bodies, look.bodies)[blocks])),
            strength=float(np.median((_weight(look.bodies) / _weight(self.bodies))[blocks])),
        )

    def aged(self, look: Look, share: float) -> Reference:
        """The reference with so much of a picture in it: leaves fall, and shop signs change."""
        edges = self.edges + (look.edges - self.edges) * share
        return Reference(
            edges,
            self.detail + (look.detail - self.detail) * share,
            self.bodies + (look.bodies - self.bodies) * share,
            self.usable & _has_relief(edges),
        )

    def packed(self) -> bytes:
        """For whoever keeps it; some tens of kilobytes."""
        parts = (
            _bytes_of(self.edges),
            _signed(self.detail),
            _signed(self.bodies),
            self.usable.astype(np.uint8),
        )
        return _FORMAT + zlib.compress(b"".join(part.tobytes() for part in parts))

    @classmethod
    def unpacked(cls, packed: bytes) -> Reference:
        """The opposite. Raises `ValueError` for anything else."""
        if not packed.startswith(_FORMAT):
            raise ValueError("no reference view, or one of another version")
        inflate = zlib.decompressobj()
        try:
            data = io.BytesIO(inflate.decompress(packed[len(_FORMAT) :], _MOST_BYTES))
        except zlib.error:
            raise ValueError("a reference view that was cut or changed") from None

        def take(size: tuple[int, int], kind: str) -> Numbers:
            raw = data.read(size[0] * size[1])
            return np.frombuffer(raw, kind).reshape(size[1], size[0]).astype(np.float32)

        try:
            edges, detail, bodies = take(SIZE, "u1"), take(SIZE, "i1"), take(HALF, "i1")
            usable = take((COLUMNS, ROWS), "u1")
        except ValueError:
            raise ValueError("a reference view that was cut or changed") from None
        if data.read(1):
            raise ValueError("a reference view that was cut or changed")
        return cls(edges / np.float32(_EDGE_SCALE), detail, bodies, usable > 0)


class Lesson:
    """Collects what a reference is made of: `LOOKS` pictures, about a megabyte, until there are enough."""

    def __init__(self) -> None:
        self._looks: list[tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.int8]]] = []

    def add(self, look: Look) -> Reference | None:
        """Take in another healthy picture; the reference once there are enough."""
        self._looks.append((_bytes_of(look.edges), _signed(look.detail), _signed(look.bodies)))
        if len(self._looks) < LOOKS:
            return None
        all_edges, all_detail, all_bodies = zip(*self._looks, strict=True)
        self._looks = []
        edges = _median(all_edges)
        likenesses = [likeness(edges, each.astype(np.float32)) for each in all_edges]
        steady = np.mean(likenesses, axis=0) >= _STEADY
        edges /= _EDGE_SCALE
        return Reference(
            edges,
            _median(all_detail),
            _median(all_bodies),
            steady & _has_relief(edges),
        )


def _median(pictures: Sequence[NDArray[np.uint8]] | Sequence[NDArray[np.int8]]) -> Numbers:
    """Strip by strip: one call over all keeps the interpreter from the loop's thread for 5 ms and more."""
    strips = zip(*(np.array_split(picture, _STRIPS) for picture in pictures), strict=True)
    return np.concatenate([np.median(strip, axis=0) for strip in strips]).astype(np.float32)


def _bytes_of(edges: Numbers) -> NDArray[np.uint8]:
    scaled: NDArray[np.uint8] = np.clip(edges * _EDGE_SCALE, 0, 255).round().astype(np.uint8)
    return scaled


def _signed(values: Numbers) -> NDArray[np.int8]:
    signed: NDArray[np.int8] = np.clip(values, -127, 127).round().astype(np.int8)
    return signed


def _has_relief(edges: Numbers) -> Flags:
    _, relief = by_block(edges)
    found: Flags = relief > _RELIEF
    return found


def _in_place(reference: Numbers, seen: Numbers) -> Numbers:
    """`seen` moved by the few samples that make it fit best: masts sway by more than fine detail is wide."""
    inner = reference[_REACH:-_REACH, _REACH:-_REACH]
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(seen, inner, cv2.TM_CCORR))
    moved = np.array([[1.0, 0.0, _REACH - x], [0.0, 1.0, _REACH - y]])
    return cv2.warpAffine(seen, moved, SIZE, flags=cv2.INTER_NEAREST).astype(np.float32, copy=False)


def _found(reference: Numbers, seen: Numbers) -> Numbers:
    """How much of the reference stands in each block of what is seen; grain, which is elsewhere each time,
    does not count."""
    whole = np.maximum(block_mean(reference * reference), np.float32(1e-2))
    return (block_mean(reference * seen) / whole).astype(np.float32, copy=False)


def _weight(values: Numbers) -> Numbers:
    weight: Numbers = np.maximum(np.sqrt(block_mean(values * values)), np.float32(1e-1))
    return weight
