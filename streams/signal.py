"""Waiting for a change without missing one: a version number and whoever waits for the next."""

from __future__ import annotations

import asyncio


class Signal:
    """Level-triggered: a waiter says which version it has seen. Any number of changes is one wake-up."""

    __slots__ = ("_waiters", "version")

    def __init__(self) -> None:
        self.version = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed."""
        self.version += 1
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def changed(self, seen: int) -> int:
        """Wait until the version is another than `seen`; returns it. Set a deadline around it."""
        while self.version == seen:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        return self.version
