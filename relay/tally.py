"""What left of one rendition, added up over all its viewers, those that are gone included. Pure.

A viewer's own counters run on when it changes its rendition. Here a rendition gets only what a viewer was
sent while it was on it. Sums never fall, so that whoever reads them now and then sees a rate in them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Sent:
    """Media packets and bytes on the wire, and what was sent again (not among them). lost: packets that
    viewers reported as lost, before they were sent again. replays: groups of pictures sent at once, by
    cause."""

    packets: int = 0
    bytes: int = 0
    retransmitted: int = 0
    retransmitted_bytes: int = 0
    lost: int = 0
    replays: Counter[str] = field(default_factory=Counter)

    def add(self, other: Sent, since: Sent) -> None:
        """Add what `other` has more than it had at `since`."""
        self.packets += other.packets - since.packets
        self.bytes += other.bytes - since.bytes
        self.retransmitted += other.retransmitted - since.retransmitted
        self.retransmitted_bytes += other.retransmitted_bytes - since.retransmitted_bytes
        self.lost += other.lost - since.lost
        self.replays.update(other.replays)
        self.replays.subtract(since.replays)


class Counted(Protocol):
    """A viewer's sender, as far as it is counted."""

    def sent(self) -> Sent:
        """All that it was sent so far, on whatever rendition. A value: it does not change any more."""
        ...


class Tally:
    """The sum of one rendition. Viewers are told apart by identity."""

    def __init__(self) -> None:
        self._gone = Sent()
        self._since: dict[Counted, Sent] = {}

    def came(self, viewer: Counted) -> None:
        """A viewer is on the rendition from now on."""
        self._since[viewer] = viewer.sent()

    def went(self, viewer: Counted) -> None:
        """It is not any more. One that never came is nothing to it."""
        since = self._since.pop(viewer, None)
        if since is not None:
            self._gone.add(viewer.sent(), since)

    def total(self) -> Sent:
        """What left so far."""
        total = Sent()
        total.add(self._gone, Sent())
        for viewer, since in self._since.items():
            total.add(viewer.sent(), since)
        return total
