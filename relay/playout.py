"""How long a viewer is asked to wait with each picture, so that what got lost is back before it is due. Pure.

A picture shown as soon as it is decoded is a picture shown too late whenever a packet of it has to be sent
again: at 5% loss and a round trip of 100 ms it stood still for 7 to 12% of the time, though hardly a packet
was missing in the end. Where losses show, viewers are asked (RTP header extension `playout-delay`) for
more than one round trip, and for nothing again when the link has been whole for a good while. The
delay changes slowly, so that the picture neither stands nor hurries.

Belongs here: how much, and when. Not here: the extension (`relay/extensions.py`).
"""

from __future__ import annotations

from collections import deque

STEP_S = 0.01
"""Seconds of the unit that the extension counts in."""
SHOWS_AFTER = 3
"""Moments at which packets were missing: so many ..."""
SHOWS_WITHIN_S = 5.0
"""... within these seconds are a link that loses packets, fewer an accident."""
CALM_S = 30.0
"""Seconds in which fewer than that were missing, and the delay goes back to nothing."""
ONE_MOMENT_S = 0.2
"""Seconds in which all that is missing counts as one moment: a cell change is one accident."""
NOTICED_S = 0.06
"""Seconds asked for beside the round trip, for the viewer to notice: the last packet of a picture is missed
when the next one comes."""
AGAIN_S = 0.11
"""Seconds asked for each time that a packet may get lost once more. Chromium asks again every 100 ms, looking
every 20 ms."""
AGAIN_ONCE = 0.02
AGAIN_TWICE = 0.07
"""Shares of lost packets from which on once, and twice, is reckoned with."""
LOSS_WEIGHT = 0.1
"""Weight of the newest share in the mean: ten reviews, some four seconds."""
MOST_S = 0.5
"""Seconds asked for at most: beyond that, late is worse than jerky."""
UNKNOWN_ROUND_TRIP_S = 0.1
"""Seconds that a round trip is taken for until it is known."""
RISE = 0.5
"""Seconds per second by which the delay grows: the picture goes at two thirds of its speed meanwhile ..."""
FALL = 0.05
"""... and by which it shrinks: a twentieth faster, which nobody sees."""


class PlayoutDelay:
    """One viewer's. `now`: monotonic seconds.

    settled: whether `advance` would change nothing.
    """

    __slots__ = ("_at", "_loss", "_lossy", "_moments", "_seconds", "_wanted", "settled")

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=SHOWS_AFTER)
        self._lossy = False
        self._seconds = 0.0  # asked for now
        self._wanted = 0.0
        self._loss = 0.0
        self._at: float | None = None
        self.settled = True

    @property
    def steps(self) -> int:
        """What is asked for now, in steps of 10 ms."""
        return round(self._seconds / STEP_S)

    def missed(self, now: float) -> None:
        """The viewer asked for packets that it had not asked for before."""
        if not self._moments or now - self._moments[-1] >= ONE_MOMENT_S:
            self._moments.append(now)

    def review(self, now: float, round_trip: float | None, loss: float | None) -> None:
        """Look at what is wanted, some times a second. round_trip: seconds; loss: share of packets lost
        lately; None where it is not known yet."""
        if loss is not None:
            self._loss += LOSS_WEIGHT * (loss - self._loss)
        full = len(self._moments) == SHOWS_AFTER
        self._lossy = full and now - self._moments[0] <= (CALM_S if self._lossy else SHOWS_WITHIN_S)
        if not self._lossy:
            wanted = 0.0
        else:
            known = UNKNOWN_ROUND_TRIP_S if round_trip is None else round_trip
            again = (self._loss >= AGAIN_ONCE) + (self._loss >= AGAIN_TWICE)
            wanted = min(known + NOTICED_S + again * AGAIN_S, MOST_S)
            # Round trips waver; the picture shall not waver with them.
            if wanted < self._wanted < 1.5 * wanted:
                wanted = self._wanted
        if self.settled:
            self._at = now
        self._wanted = wanted
        self.settled = self._seconds == wanted

    def advance(self, now: float) -> int:
        """Go on towards what is wanted; called with each picture. What is asked for from now on, in steps."""
        elapsed = 0.0 if self._at is None else now - self._at
        self._at = now
        if self._seconds < self._wanted:
            self._seconds = min(self._seconds + RISE * elapsed, self._wanted)
        else:
            self._seconds = max(self._seconds - FALL * elapsed, self._wanted)
        self.settled = self._seconds == self._wanted
        return self.steps
