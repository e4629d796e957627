"""Covered: the view is gone, and what is there instead is soft, as all is that is close to a lens."""

from __future__ import annotations

from streams.watch.moved import is_elsewhere
from streams.watch.reference import Match

_STRENGTH = 0.5  # of the reference's larger things


def is_covered(match: Match) -> bool:
    """Whether something is in front of the lens, by more than half of the view."""
    return is_elsewhere(match) and match.strength < _STRENGTH
