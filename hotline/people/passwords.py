"""Passwords one way: Argon2id (RFC 9106, its second recommended option), never on the event loop.

안전성 확보조치 기준 §7①: passwords are stored so that they cannot be recovered.
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200


class Passwords:
    """Hashes and checks, at most `at_once` at a time: each takes 64 MiB and some 50 ms of a core.

    hasher: another cost; a hash carries its own, so checking follows the one it was made with.
    """

    def __init__(self, *, at_once: int = 2, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()  # Argon2id, 3 passes, 64 MiB, 4 lanes
        self._turn = asyncio.Semaphore(at_once)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The encoded hash, with salt and parameters."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, encoded: str | None, password: str) -> bool:
        """Whether `password` is right; None (nobody of that name) costs the same time and is never right."""
        if encoded is None and self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        against = encoded if encoded is not None else self._nobody
        assert against is not None
        async with self._turn:
            right = await asyncio.to_thread(self._verify, against, password)
        return right and encoded is not None

    def _verify(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
