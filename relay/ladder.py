"""Which renditions a viewer could be on: what the camera sends first, what would have to be made only where
that is not enough. Pure.

Belongs here: which rungs there are. Not here: which one a viewer's link carries (`relay/adaptation.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.adaptation import HEADROOM, Rung
from streams.camera import RenditionName

if TYPE_CHECKING:
    from streams.hub import RenditionInfo


@dataclass(frozen=True, slots=True)
class Step:
    """A rendition that can be made. bitrate: the most it takes, bit/s. below: it is smaller than the camera's
    sub stream."""

    name: RenditionName
    bitrate: float
    below: bool


def extra_steps(ladder: Sequence[RenditionInfo]) -> tuple[Step, ...]:
    """What may be made of a camera besides its own streams, the smallest first.

    `low` always, for links that carry nothing else. `medium` and `high` where the camera has no sub stream to
    fall back on, or its main stream must be decoded anyway.
    """
    known = {info.name: info for info in ladder}
    main = known.get(RenditionName.MAIN)
    if main is None:
        return ()
    names = [RenditionName.LOW]
    if RenditionName.SUB not in known or main.made:
        names.append(RenditionName.MEDIUM)
    if RenditionName.SUB not in known and not main.made:
        names.append(RenditionName.HIGH)
    return tuple(
        Step(name, float(known[name].bitrate or 0), below=name is RenditionName.LOW)
        for name in names
        if name in known
    )


def offered(rungs: Sequence[tuple[Rung, bool]], current: str | None, link: float | None) -> list[Rung]:
    """The rungs worth a step, of those that can be had; each with whether it would have to be made, the
    smallest first. `link`: bit/s that the viewer's link carries at most, None where no limit was met.

    Nothing is made that takes no less than what the camera sends anyway, or more than the link carries while
    there is something smaller. The one that a viewer is on stays.
    """
    kept: list[Rung] = []
    for index, (rung, extra) in enumerate(rungs):
        if extra and rung.name != current:
            needed = rung.bitrate * HEADROOM
            larger = next((other for other, made in rungs[index + 1 :] if not made), None)
            if larger is not None and 0 < larger.bitrate <= needed:
                continue
            if kept and link is not None and needed > link:
                continue
        kept.append(rung)
    return kept
