"""The transport of one viewer, without a task: ICE-lite, DTLS and SRTP on whatever path is nominated.

Belongs here: what a datagram of this viewer does. Not here: sockets (`relay/udp.py`), deadlines and the
viewer's life (`relay/viewer.py`), what RTCP says (`relay/sender.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from relay import ice, ports, seam
from relay.dtls import DtlsAssociation, DtlsState
from relay.echo import Echo
from relay.errors import DtlsError, SrtpError

logger = logging.getLogger(__name__)


class Wire(ports.Path, Protocol):
    """A path as the transports make it: UDP between two addresses, or one TCP connection."""

    host: str
    """The peer's host, for the record."""
    datagrams: bool
    """Whether what gets lost is lost, and nothing behind it waits."""

    def forget(self) -> None:
        """Take nothing more from it, and let nothing leave on it that still waits."""
        ...

    def recall(self) -> None:
        """Let nothing leave that was handed over and still waits in front of the link."""
        ...


class Peer:
    """One viewer's transport. It is itself the `relay.ports.Path` that its sender writes to."""

    __slots__ = (
        "_closed",
        "_echo",
        "_echo_of",
        "changed",
        "dtls",
        "failure",
        "ice",
        "last_heard",
        "on_echo",
        "on_moved",
        "on_rtcp",
        "refused",
    )

    def __init__(
        self,
        credentials: ice.Credentials,
        certificate: seam.Certificate,
        fingerprints: Sequence[tuple[str, str]],
        arena: seam.Arena,
        now: float,
    ) -> None:
        self.ice: ice.IceLite[Wire] = ice.IceLite(credentials, now)
        self.dtls = DtlsAssociation(certificate, fingerprints, arena, server=True)
        self.changed = asyncio.Event()
        """Set whenever ICE or DTLS got somewhere, or failed. Whoever waits clears it."""
        self.failure: str | None = None
        """Why the transport is over, in words; None while it is not."""
        self.on_rtcp: Callable[[bytes, float], None] | None = None
        """Takes each authenticated compound RTCP packet, with its arrival."""
        self.on_moved: Callable[[float], None] | None = None
        """Called when the nominated path changes under a viewer that was already connected."""
        self.on_echo: Callable[[int, float], None] | None = None
        """Takes the number of each question that was answered, with the answer's arrival."""
        self.last_heard = now
        """When something authentic came last: a check or RTCP."""
        self._echo: Echo | None = None
        self._echo_of: ice.Credentials | None = None
        self.refused = 0
        """Datagrams that were not what they should be."""
        self._closed = False

    @property
    def srtp(self) -> seam.LibSrtp | None:
        """The keys, once DTLS is done."""
        return self.dtls.srtp

    @property
    def host(self) -> str | None:
        """The host that the viewer speaks from, once a check has passed."""
        return self.ice.path.host if self.ice.path is not None else None

    def send(self, datagrams: Sequence[bytes]) -> int:
        """See `relay.ports.Path`."""
        return self.ice.path.send(datagrams) if self.ice.path is not None else 0

    def send_run(self, run: memoryview, segment: int) -> int:
        """See `relay.ports.Path`."""
        path = self.ice.path
        return path.send_run(run, segment) if path is not None else 0

    def recall(self) -> None:
        """See `relay.ports.Path`."""
        for wire in self.ice.paths():
            wire.recall()

    def ask(self, number: int) -> bool:
        """Ask the viewer something that it answers at once; `on_echo` gets `number` then. False: not here."""
        wire, used = self.ice.path, self.ice.used
        if wire is None or not wire.datagrams:
            return False
        if self._echo_of is not used:
            self._echo_of = used
            self._echo = Echo(used) if used.remote_password else None
        return self._echo is not None and wire.send((self._echo.ask(number),)) == 1

    def answer(self, datagram: bytes, now: float) -> bool:
        """Take a STUN datagram that may answer a question; says whether it did."""
        number = self._echo.answered(datagram) if self._echo is not None else None
        if number is None:
            return False
        if self.on_echo is not None:
            self.on_echo(number, now)
        return True

    def check(self, datagram: bytes, wire: Wire, source: tuple[str, int], now: float) -> bool:
        """Take a STUN datagram; says whether it was authentic, so that `wire` may be used from now on."""
        if self._closed:  # what a wire took now, nobody would ever make it forget
            return False
        before = self.ice.path
        verdict = self.ice.receive(datagram, wire, source, now)
        if verdict.response is not None:
            wire.send((verdict.response,))
        if not verdict.authentic:
            self.refused += 1
            return False
        self.last_heard = now
        if verdict.forgotten is not None:
            verdict.forgotten.forget()
        if before is not self.ice.path:
            self.changed.set()
            if before is not None and self.on_moved is not None:
                self.on_moved(now)
        return True

    def receive(self, datagram: bytes, wire: Wire, now: float) -> bool:
        """Take a datagram that is not STUN (RFC 7983 §7) from a path whose check passed; says whether it was
        of use (of DTLS nobody can say)."""
        useful = False
        if not self._closed and self.ice.accepts(wire, now):
            if 20 <= datagram[0] <= 63:
                self._dtls(datagram, wire)
                useful = True
            elif 128 <= datagram[0] <= 191:
                useful = self._srtcp(datagram, now)
        self.refused += not useful
        return useful

    def lose(self, wire: Wire) -> None:
        """A wire is gone for good."""
        self.ice.lose(wire)

    def retransmit(self) -> None:
        """Let DTLS repeat its last flight, if that is due."""
        try:
            self.send(self.dtls.handle_timeout())
        except DtlsError as error:
            self._fail(str(error))

    def close(self) -> None:
        """Say good-bye (close_notify) and take nothing more: from now on no check passes."""
        self.send(self.dtls.close())
        self._closed = True
        for wire in self.ice.paths():
            wire.forget()
            self.ice.lose(wire)
        self.on_rtcp = self.on_moved = self.on_echo = None

    def _dtls(self, datagram: bytes, wire: Wire) -> None:
        before = self.dtls.state
        try:
            flight = self.dtls.receive(datagram)
        except DtlsError as error:
            self._fail(str(error))
            return
        (self.ice.path if self.ice.nominated and self.ice.path is not None else wire).send(flight)
        if self.dtls.state is not before:
            if self.dtls.state is DtlsState.CLOSED:
                self.failure = self.failure or "closed by the viewer"
            self.changed.set()

    def _srtcp(self, datagram: bytes, now: float) -> bool:
        if self.srtp is None or len(datagram) < 8 or not 192 <= datagram[1] <= 223:
            return False  # before the keys, or media: a viewer has none to give
        try:
            compound = self.srtp.unprotect_rtcp(datagram)
        except SrtpError:
            return False
        self.last_heard = now
        if self.on_rtcp is not None:
            self.on_rtcp(compound, now)
        return True

    def _fail(self, words: str) -> None:
        self.failure = self.failure or words
        self.changed.set()
