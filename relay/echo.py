"""Questions that a viewer answers at once: how old is what it gets at this moment? Pure.

A STUN binding request (RFC 8489 §3.3) is answered as soon as it comes, by every full ICE agent (RFC 8445
§7.3), and stands in the same queue as the media in front of it. RTCP says the same up to 200 ms later.

Belongs here: which questions are open, and whether an answer is one. Not here: bytes (`relay/stun.py`), when
to ask and what follows (`relay/gate.py`).
"""

from __future__ import annotations

import secrets
from collections import OrderedDict

from relay import stun
from relay.ice import Credentials

MOST_OPEN = 64
"""Questions that wait for an answer; of more, the oldest is given up."""


class Echo:
    """One viewer's, in one ICE generation whose `remote_password` is known."""

    __slots__ = ("_key", "_open", "_username")

    def __init__(self, credentials: Credentials) -> None:
        self._username = f"{credentials.remote_ufrag}:{credentials.ufrag}".encode()
        self._key = credentials.remote_password.encode()
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def ask(self, number: int) -> bytes:
        """A request to send; its answer will be known as `number`."""
        transaction = secrets.token_bytes(12)
        self._open[transaction] = number
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return stun.request(transaction, self._username, self._key)

    def answered(self, datagram: bytes) -> int | None:
        """The number of the question that this answers; None where it answers none. Never raises."""
        number = self._open.get(datagram[8 : stun.HEADER])
        if number is None or not stun.is_success(datagram, self._key):
            return None
        del self._open[datagram[8 : stun.HEADER]]
        return number
