"""When to try a camera again. Pure: failures and `now` in, delays out.

Three clocks: `Backoff`, one per source, for cameras that are away; `Door` and `Refusals`, one per camera and
shared by its profiles: they have one port, and a camera locks the account, not the stream, after a few wrong
passwords.
"""

from __future__ import annotations

from collections import deque

from streams.camera import Credentials
from streams.policies import Policies
from streams.signal import Signal


class Backoff:
    """The row of delays of one source: 0.25, 0.5, 1 s, then 1 s while urgent and 5 s otherwise.

    A camera that reboots is asked for every 0.5 s while urgent: its port opens at any moment, and the wait
    for the next attempt is a large part of the time to the picture.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._failures = 0

    def failed(self, lived_s: float | None) -> None:
        """An attempt failed. `lived_s`: how long it gave pictures, None if it gave none."""
        if lived_s is not None and lived_s >= self._policies.steady_s:
            self._failures = 0
        self._failures += 1

    def delay_s(self, urgent: bool, chance: float, *, rebooting: bool = False) -> float:
        """Seconds until the next attempt. `chance`: from 0 to 1, spreads the cameras of a city."""
        row = self._policies.retry_s
        if urgent and rebooting:
            base = self._policies.retry_door_s
        elif self._failures <= len(row):
            base = row[max(0, self._failures - 1)]
        else:
            base = self._policies.retry_urgent_s if urgent else self._policies.retry_idle_s
        first = self._failures <= 1
        jitter = self._policies.retry_spread if first else self._policies.retry_jitter
        return base * (1 + jitter * (2 * chance - 1))


class Door:
    """One camera's port. In any second at most `attempts_per_s` attempts of all its profiles
    begin; those before one that came to play do not count: nobody waits for a camera that works. While one
    connects, the others wait for what it finds; while the port is found closed, they take turns, evenly."""

    def __init__(self, policies: Policies) -> None:
        self._connect_s = policies.connect_s
        self._even_s = 1 / policies.attempts_per_s
        self._begun: deque[float] = deque(maxlen=policies.attempts_per_s)
        self._knocks: object | None = None
        self._closed = False
        self._signal = Signal()

    def wait_s(self, who: object, now: float) -> float:
        """Seconds before `who` may begin an attempt; look again then, or when `changed`."""
        if self._knocks is not None and self._knocks is not who:
            return self._connect_s
        begun = self._begun
        due = [now]
        if begun and self._closed:
            due.append(begun[-1] + self._even_s)
        if len(begun) == begun.maxlen:
            due.append(begun[0] + 1.0)
        return max(due) - now

    def knock(self, who: object, now: float) -> None:
        """`who` begins an attempt. Say `done` when it is connected, or not."""
        self._knocks = who
        self._begun.append(now)

    def done(self, who: object, *, connected: bool) -> None:
        """What `who` found. Only the first word on an attempt counts."""
        if self._knocks is who:
            self._knocks = None
            self._closed = not connected
            self._signal.notify()

    def worked(self) -> None:
        """A session plays: the camera is well."""
        self._begun.clear()

    @property
    def version(self) -> int:
        """Counts attempts that are done; see `changed`."""
        return self._signal.version

    async def changed(self, seen: int) -> int:
        """Wait until `version` is another than `seen`; returns it. Set a deadline around it."""
        return await self._signal.changed(seen)


class Refusals:
    """How often a camera has refused its password in a row, over all its profiles."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._count = 0
        self._last = 0.0
        self._credentials: Credentials | None = None

    def refused(self, credentials: Credentials | None, now: float) -> None:
        """The camera refused these."""
        if credentials != self._credentials:
            self._count = 0
        self._credentials = credentials
        self._count += 1
        self._last = now

    def accepted(self) -> None:
        """The camera took the password."""
        self._count = 0

    def wait_s(self, credentials: Credentials | None, now: float) -> float:
        """Seconds before these may be tried; other credentials than the refused ones may at once."""
        if self._count < self._policies.refusals_before_pause or credentials != self._credentials:
            return 0.0
        return max(0.0, self._last + self._policies.refusal_pause_s - now)

    def claim(self, credentials: Credentials | None, now: float) -> None:
        """An attempt begins: the other profile's waits its minute from here."""
        if self._count >= self._policies.refusals_before_pause and credentials == self._credentials:
            self._last = now
