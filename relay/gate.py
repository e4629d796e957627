"""How much of a keyframe leaves before the viewer has shown that its link still carries it. Pure.

A link says nothing of what it will carry: a vehicle goes behind a house, and the keyframe that leaves next
stands in the queue for seconds, with everything else behind it. So of a keyframe the first `FIRST` bytes
leave, and a question with them that the viewer answers at once (`relay/echo.py`). On a link as good as before
that costs a round trip; on one that has collapsed the rest never leaves, and the queue is short enough for
the smaller rendition to come through soon.

Belongs here: what may leave, when to ask, whether the link has collapsed. Not here: the pace of what may
leave (`relay/pacing.py`), what follows from a collapse (`relay/adaptation.py`).

Nothing is held back where it would not be understood: on a short way (a wire, not the air), for a viewer that
does not answer, on a link that has shown a narrow limit (then the pace is its own), and for one that says
nothing at all any more though it reported often (a tunnel, not a narrow link).
"""

from __future__ import annotations

import math

FIRST = 12_000
"""Bytes that leave before the first answer: a quarter of a second at 400 kbit/s."""
AHEAD_S = 0.15
"""Seconds of what the link has just shown to carry that may leave before the next answer."""
ASK_AGAIN_S = 0.04
"""Seconds between two questions: each may get lost."""
COLLAPSED_S = 0.2
"""Seconds beyond the shortest round trip without an answer after which the link has collapsed. At 400 kbit/s
the queue has not run dry then."""
GIVE_UP_S = 0.8
"""The same, after which the rest leaves in any case."""
MOST_S = 1.0
"""Seconds that the rest of a picture may take by what the link has shown; else it has collapsed as well."""
SHORT_WAY_S = 0.015
"""Seconds of round trip below which the way is a wire."""
NARROW_BPS = 1_300_000.0
"""Bit/s: a limit below which the pace is slow enough."""
TRUSTED_S = 4.0
"""Seconds since its last answer for which a viewer is one that answers ..."""
PRACTICE_S = 1.0
"""... and seconds between two questions to see whether it does."""
TICK_S = 0.02
"""Seconds that one look can add to the wait: while this machine stands still, no answer is heard."""
LEAST_LATE_S = 0.004
"""Seconds: no answer is taken for less late."""


class Gate:
    """One viewer's. `now`: monotonic seconds; amounts in bytes."""

    __slots__ = (
        "_answered_at",
        "_asked",
        "_asked_at",
        "_collapsed",
        "_confirmed",
        "_heard_at",
        "_heard_every",
        "_late",
        "_left",
        "_looked_at",
        "_may",
        "_narrow",
        "_number",
        "_rest",
        "_shortest",
        "_waited",
        "most_whole",
        "shut",
    )

    def __init__(self) -> None:
        self.most_whole = math.inf
        """Bytes of a keyframe that may leave unasked."""
        self.shut = False
        """Whether something is measured out at the moment."""
        self._narrow = False
        self._shortest: float | None = None  # round trip, seconds
        self._asked: dict[int, tuple[float, int]] = {}  # number: when, bytes that had left
        self._number = 0
        self._asked_at = -math.inf
        self._answered_at = -math.inf
        self._heard_at = -math.inf
        self._heard_every = math.inf  # seconds between the newest two reports
        self._left = 0  # bytes since it was shut
        self._may = 0  # bytes that may have left
        self._confirmed = 0  # bytes that have come
        self._rest = 0
        self._late = 0.0  # seconds that answers were late
        self._waited = 0.0
        self._looked_at = 0.0
        self._collapsed: float | None = None

    def limit(self, link_bps: float) -> None:
        """The link carries no more than that, as far as is known."""
        self._narrow = link_bps < NARROW_BPS
        if self._narrow:
            self.open()
        self._judge()

    def heard(self, now: float, round_trip: float | None) -> None:
        """A report came; round_trip: seconds, the newest that is known."""
        self._heard_every, self._heard_at = now - self._heard_at, now
        if round_trip is not None and (self._shortest is None or round_trip < self._shortest):
            self._shortest = round_trip
        self._judge()

    def moved(self) -> None:
        """The viewer has another address: what was learnt of the way there holds no more."""
        self._shortest = None
        self._answered_at = -math.inf
        self._asked.clear()
        self.open()
        self._judge()

    def practice_due(self, now: float) -> bool:
        """Whether to ask just to see how the viewer answers."""
        return not self._narrow and self._is_far and now - self._asked_at >= PRACTICE_S

    def ask_due(self, now: float) -> bool:
        """Whether an answer is missing, and none was asked for a moment ago."""
        return self.shut and self._left >= self._may and now - self._asked_at >= ASK_AGAIN_S

    def asked(self, now: float) -> int:
        """A question leaves now; its number."""
        self._number += 1
        self._asked_at = now
        self._asked[self._number] = (now, self._left)
        while len(self._asked) > 64:
            del self._asked[next(iter(self._asked))]
        return self._number

    def answered(self, number: int, now: float) -> None:
        """The answer to question `number` came."""
        if number not in self._asked:
            return
        asked_at, left = self._asked[number]
        for older in [each for each in self._asked if each <= number]:
            del self._asked[older]
        self._answered_at = now
        trip = now - asked_at
        self._shortest = trip if self._shortest is None else min(self._shortest, trip)
        self._judge()
        if not self.shut or left <= self._confirmed:
            return
        late = max(trip - self._shortest, LEAST_LATE_S)
        rate = (left - self._confirmed) / late
        self._confirmed = left
        self._late += late  # a single answer may be late by chance
        if self._late >= COLLAPSED_S and self._rest > left / self._late * MOST_S:
            self._collapsed = left / self._late * 8
        else:
            self._may = left + max(FIRST, int(rate * AHEAD_S))
            self._waited = 0.0

    def begin(self, rest: int, now: float) -> None:
        """A keyframe of `rest` bytes is about to leave, and whatever comes behind it."""
        if rest <= self.most_whole or now - self._answered_at > TRUSTED_S:
            return
        self.shut = True
        self._asked.clear()
        self._left, self._may, self._confirmed, self._rest = 0, FIRST, 0, rest
        self._late, self._waited, self._looked_at = 0.0, 0.0, now
        self._collapsed = None

    def room(self, now: float) -> float:
        """Bytes that may leave now; zero or less: none."""
        if not self.shut:
            return math.inf
        room = self._may - self._left
        if room > 0:
            self._looked_at = now
            return room
        self._waited += min(now - self._looked_at, TICK_S)
        self._looked_at = now
        beyond = self._waited - (self._shortest or 0.0)
        if beyond >= GIVE_UP_S:
            self.open()
            return math.inf
        if beyond >= COLLAPSED_S and self._collapsed is None and not self._is_silent(now):
            self._collapsed = (self._left - self._confirmed) * 8 / beyond
        return 0.0

    def spend(self, size: int) -> None:
        """So many bytes left."""
        self._left += size
        self._rest -= size

    def open(self) -> None:
        """Nothing is measured out any more."""
        self.shut = False

    def collapsed(self) -> float | None:
        """Bit/s that the link carries at most, if it has collapsed under a keyframe; told once."""
        told, self._collapsed = self._collapsed, None
        return told

    @property
    def has_collapsed(self) -> bool:
        """Whether there is a collapse to tell."""
        return self._collapsed is not None

    def _is_silent(self, now: float) -> bool:
        """Whether a report would have come meanwhile, were the viewer to be heard at all."""
        return self._heard_every < COLLAPSED_S + TICK_S and now - self._heard_at >= self._waited - TICK_S

    @property
    def _is_far(self) -> bool:
        return self._shortest is not None and self._shortest >= SHORT_WAY_S

    def _judge(self) -> None:
        self.most_whole = FIRST if self._is_far and not self._narrow else math.inf
