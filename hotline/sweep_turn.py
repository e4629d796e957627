"""Who checks cameras just now: the service or a command line, never both, or a camera would have two sessions
more, and more than four were checked at once.

A lock on the directory of the database (flock(2)), which every process that checks opens anyway: it leaves no
file behind, and the kernel lets it go when its holder dies, however it dies.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hotline.errors import Conflict

LOOK_S = 0.5  # between two looks whether the other has ended


class SweepTurn:
    """The turn of one sweeper. It may be taken several times and is given back as often; `directory` is None
    where the database is not a file of this machine: then there is nobody to take turns with.

    State belongs to the event loop's thread.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._lock: int | None = None
        self._taken = 0

    def take(self) -> bool:
        """Whether the turn is ours from now on. Raises `OSError` where the directory cannot be opened."""
        if self._taken == 0 and self._directory is not None:
            lock = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            except BaseException:
                os.close(lock)
                raise
            self._lock = lock
        self._taken += 1
        return True

    def give_back(self) -> None:
        """One `take` less."""
        self._taken -= 1
        if self._taken == 0 and self._lock is not None:
            lock, self._lock = self._lock, None
            fcntl.flock(lock, fcntl.LOCK_UN)  # a child that is being started may have it still
            os.close(lock)

    def demand(self) -> None:
        """Raises `Conflict` while another process has the turn."""
        if not self.take():
            raise _taken()
        self.give_back()

    @asynccontextmanager
    async def held(
        self, patience: float | None = None, on_wait: Callable[[], None] = lambda: None
    ) -> AsyncIterator[None]:
        """Waits for the turn and keeps it for the block. patience: seconds, None for as long as it takes.
        on_wait: called once if it has to be waited for. Raises `Conflict` when patience is at an end."""
        end = None if patience is None else time.monotonic() + patience
        waited = False
        while not self.take():
            if end is not None and time.monotonic() >= end:
                raise _taken()
            if not waited:
                waited = True
                on_wait()
            await asyncio.sleep(LOOK_S)
        try:
            yield
        finally:
            self.give_back()


def _taken() -> Conflict:
    return Conflict(
        "Cameras are being checked already, by the service or from a command line; wait for its end.",
        "서비스 또는 명령줄에서 이미 카메라를 점검하고 있습니다. 끝날 때까지 기다리십시오.",
    )
