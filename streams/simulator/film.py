"""A video file as a scene: decoded, scaled and shown at its own speed, over and over.

Belongs here: reading the file. The pictures are encoded anew like drawn ones, so that name, clock and time
code stand in them too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

from streams.simulator.planes import Planes, Rect

log = logging.getLogger(__name__)


class FilmError(ValueError):
    """The file is no video that can be shown; the text says which and why."""


def check(path: Path) -> None:
    """See whether a file can be shown. Raises FilmError."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise FilmError(f"{path.name} has no video in it")
            if next(container.decode(video=0), None) is None:
                raise FilmError(f"{path.name} has no picture in it")
    except (av.error.FFmpegError, OSError) as error:
        raise FilmError(f"{path.name} cannot be read as video: {error.strerror}") from None


class Film:
    """Shows one file at one size, as large as fits, with black beside it. Used from one thread at a time."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path = path
        self._planes = Planes.blank(size)
        self._container: InputContainer | None = None
        self._pictures: Iterator[av.VideoFrame] = iter(())
        self._shown: av.VideoFrame | None = None
        self._next: av.VideoFrame | None = None
        self._began = 0.0

    def draw(self, utc: float) -> Planes:
        """What the file shows at `utc` (Unix seconds), until the next picture is drawn. Raises FilmError when
        it cannot be read."""
        try:
            self._advance(utc)
        except (av.error.FFmpegError, OSError) as error:
            self.close()
            raise FilmError(f"{self._path.name} cannot be read as video: {error.strerror}") from None
        if self._shown is None:
            raise FilmError(f"{self._path.name} has no picture in it")
        self._put(self._shown)
        return self._planes

    def spoil(self, rect: Rect) -> None:
        """Every picture is new: nothing stays."""

    def _advance(self, utc: float) -> None:
        if self._container is None:
            self._container = av.open(str(self._path))
            self._rewind(utc)
        while self._next is not None and (self._next.time or 0.0) <= utc - self._began:
            self._shown, self._next = self._next, next(self._pictures, None)
            if self._next is None:
                self._rewind(utc)
                return

    def _rewind(self, utc: float) -> None:
        if self._container is None:
            return
        self._container.seek(0)
        self._pictures = self._container.decode(video=0)
        self._next = next(self._pictures, None)
        self._began = utc - ((self._next.time or 0.0) if self._next is not None else 0.0)
        if self._shown is None:
            self._shown = self._next

    def _put(self, picture: av.VideoFrame) -> None:
        width, height = self._planes.size
        factor = min(width / picture.width, height / picture.height)
        wide, high = int(picture.width * factor) // 4 * 4, int(picture.height * factor) // 4 * 4
        scaled = picture.reformat(wide, high, "yuv420p")
        left, top = (width - wide) // 4 * 2, (height - high) // 4 * 2
        ours = (self._planes.y, 1, 16), (self._planes.u, 2, 128), (self._planes.v, 2, 128)
        for (plane, part, black), source in zip(ours, scaled.planes, strict=True):
            lines = np.frombuffer(bytes(source), np.uint8).reshape(-1, source.line_size)
            rows, columns, y, x = high // part, wide // part, top // part, left // part
            plane[:] = black
            plane[y : y + rows, x : x + columns] = lines[:rows, :columns]

    def close(self) -> None:
        """Close the file; `draw` opens it again."""
        self._pictures = iter(())
        self._shown = self._next = None
        if self._container is not None:
            self._container.close()
            self._container = None
