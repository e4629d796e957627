"""Grants as data: who may see which camera, from when to when. Pure; time is an argument.

The control plane always sends the whole set with its revision. A lost, repeated or late message can then do
no harm: an older revision is ignored, a newer one says everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.recipe import Overlay


@dataclass(frozen=True, slots=True)
class Grant:
    """The right of one receiver to see one camera under one share.

    `receiver`, `share` and `camera` are opaque to the relay. `not_before` and `expires_at`: UTC seconds.
    `overlay`: text that must be on every picture given under it; there is no way around it.
    """

    id: str
    receiver: str
    share: str
    camera: str
    not_before: float
    expires_at: float
    overlay: Overlay | None = None

    def holds(self, now: float) -> bool:
        """Whether the grant is in force at `now` (UTC seconds)."""
        return self.not_before <= now < self.expires_at


@dataclass(frozen=True, slots=True)
class GrantSet:
    """All grants in force, at one revision of the control plane's."""

    revision: int
    grants: tuple[Grant, ...] = ()
