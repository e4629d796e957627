"""uvicorn's HTTP/1.1 protocol with a deadline for a request's head, and a bound on how many are only begun.

Belongs here: connections that ask for nothing yet. Not here: bodies (`http_guard.py`), what is answered.

A connection costs a descriptor from its first packet on, and cameras, viewers and the database need some too.
uvicorn waits for a head as long as it takes. Here a head has `HEAD_S`; and of at most `MOST_BEGUN` heads
that are only begun the oldest goes of whichever address has the most.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from relay.tcp import least_deserving

HEAD_S = 10.0
MOST_BEGUN = 256


class PatientProtocol(H11Protocol):
    """See the module. One for each connection."""

    _deadline: asyncio.TimerHandle | None = None
    _begun: dict[PatientProtocol, str]  # of all connections of the server: those that ask for nothing yet

    @classmethod
    def counting(cls) -> type[PatientProtocol]:
        """The protocol of one server: its connections are counted together."""
        return type("CountingProtocol", (cls,), {"_begun": {}})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection came; its head is due."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes came: of a head, or of a request that is under way."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_came()
        elif self._deadline is None and not self.transport.is_closing():
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._head_came()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_S, self._late)
        self._begun[self] = self.client[0] if self.client else ""
        if len(self._begun) > MOST_BEGUN:
            several = tuple(self._begun)
            several[least_deserving([self._begun[each] for each in several])]._late()

    def _head_came(self) -> None:
        self._begun.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._head_came()
        if not self.transport.is_closing():
            self.transport.abort()
