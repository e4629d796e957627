"""The grant set in force, looked up quickly. Pure; times are UTC seconds.

Belongs here: which revision counts, who may see what now. Not here: what follows from it (`relay/relay.py`).
"""

from __future__ import annotations

from relay.grant import Grant, GrantSet
from streams.recipe import Overlay


class Rights:
    """One grant set at a time, the newest."""

    def __init__(self) -> None:
        self.revision = -1
        """Revision of the set in force; -1 before the first."""
        self._grants: dict[tuple[str, str, str], list[Grant]] = {}

    def replace(self, grants: GrantSet) -> bool:
        """Make `grants` the whole truth; says whether it was taken, for an older set is not."""
        if grants.revision < self.revision:
            return False
        self.revision = grants.revision
        self._grants = {}
        for grant in grants.grants:
            self._grants.setdefault((grant.receiver, grant.share, grant.camera), []).append(grant)
        return True

    def find(self, receiver: str, share: str, camera: str, now: float) -> Grant | None:
        """The grant in force that lets `receiver` see `camera` under `share`."""
        several = self._grants.get((receiver, share, camera), ())
        return next((grant for grant in several if grant.holds(now)), None)

    def forms(self, now: float) -> set[tuple[str, Overlay | None]]:
        """The cameras that somebody may see, each with the text on it: what to keep warm."""
        return {
            (grant.camera, grant.overlay)
            for several in self._grants.values()
            for grant in several
            if grant.holds(now)
        }
