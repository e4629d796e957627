"""One DTLS 1.2 association without a socket, a clock or a task: datagrams in, datagrams out.

Belongs here: the handshake, its retransmission, the end. Not here: who may speak to us (`relay/ice.py`), the
deadline (`relay/viewer.py`), libraries' private names (`relay/seam.py`).

Why not aiortc's `RTCDtlsTransport`: it owns a task and a queue per viewer and awaits on every datagram; a
handshake that its peer leaves half done never ends; an empty datagram kills it, and so does a stranger's
alert. Here the same certificate, ciphers, SRTP profiles and key layout of aiortc drive OpenSSL through memory
BIOs, about a hundred lines that hold no task at all, and the deadline is the owner's.

Application data ends an association: DTLS-SRTP has none, and OpenSSL would keep what nobody reads.

An alert that is not encrypted is ignored: anybody can write one. A handshake that truly failed ends by the
owner's deadline instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from OpenSSL import SSL

from relay import seam
from relay.errors import DtlsError

_RECORD_HEADER = 13  # type 1, version 2, epoch 2, sequence number 6, length 2 (RFC 6347 §4.1)
_ALERT = 21
_LARGEST_RECORD = 16_384  # bytes of plaintext (RFC 6347 §4.1)
_MOST_RECORDS = 256  # more than a datagram that we take can hold: 2,048 bytes, 13 for each header
_LARGEST_FLIGHT = 16_384  # bytes read from OpenSSL at once; a flight of ours is about 1,100


class DtlsState(Enum):
    """Where an association stands. CLOSED is the end, reached by either side."""

    HANDSHAKE = "handshake"
    CONNECTED = "connected"
    CLOSED = "closed"


class DtlsAssociation:
    """One side of a DTLS 1.2 association. Every method returns the datagrams to send now.

    `fingerprints` are those of the peer's description (algorithm, value); the peer's certificate must match.
    """

    def __init__(
        self,
        certificate: seam.Certificate,
        fingerprints: Sequence[tuple[str, str]],
        arena: seam.Arena,
        *,
        server: bool,
    ) -> None:
        self.state = DtlsState.HANDSHAKE
        self.srtp: seam.LibSrtp | None = None
        self._server = server
        self._arena = arena
        self._fingerprints = tuple(fingerprints)
        self._connection = certificate.connection(server=server)

    def start(self) -> list[bytes]:
        """The client's first flight; nothing for a server."""
        return [] if self._server else self._advance()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take one datagram of DTLS records. Raises `DtlsError` when the handshake cannot succeed."""
        if self.state is DtlsState.CLOSED:
            return []
        records = _without_plain_alerts(datagram)
        if not records:
            return []
        self._connection.bio_write(records)
        return self._advance()

    def timeout(self) -> float | None:
        """Seconds until `handle_timeout` is due; None when nothing waits for a retransmission."""
        return None if self.state is DtlsState.CLOSED else self._connection.DTLSv1_get_timeout()

    def handle_timeout(self) -> list[bytes]:
        """Retransmit the last flight if it is due. Raises `DtlsError` when OpenSSL gives up."""
        if self.state is DtlsState.CLOSED:
            return []
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self.state = DtlsState.CLOSED
            raise DtlsError("too many retransmissions") from None
        return self._flush()

    def close(self) -> list[bytes]:
        """End the association; returns the close_notify to send, if there was something to end."""
        if self.state is not DtlsState.CONNECTED:
            self.state = DtlsState.CLOSED
            return []
        self.state = DtlsState.CLOSED
        try:
            self._connection.shutdown()
        except SSL.Error:
            return []
        return self._flush()

    def _advance(self) -> list[bytes]:
        if self.state is DtlsState.HANDSHAKE:
            try:
                self._connection.do_handshake()
            except SSL.WantReadError:
                return self._flush()
            except SSL.Error:
                self.state = DtlsState.CLOSED
                raise DtlsError("handshake refused") from None
            return self._finish()
        self._drain()
        return self._flush()

    def _drain(self) -> None:
        """Let OpenSSL take every record that it was given: what it leaves would pile up in its memory."""
        for _ in range(_MOST_RECORDS):
            try:
                self._connection.recv(_LARGEST_RECORD)
            except SSL.WantReadError:
                return  # the usual case: nothing is left
            except SSL.ZeroReturnError:
                self.state = DtlsState.CLOSED
                return
            except SSL.Error:
                continue  # a record that OpenSSL cannot use changes nothing
            # There is no application data in DTLS-SRTP (RFC 5764 §4.1): whoever sends some is no viewer.
            self.state = DtlsState.CLOSED
            return
        self.state = DtlsState.CLOSED

    def _finish(self) -> list[bytes]:
        if not seam.peer_matches(self._connection, self._fingerprints):
            self.state = DtlsState.CLOSED
            raise DtlsError("the certificate has not the promised fingerprint")
        try:
            self.srtp = seam.srtp_of(self._connection, self._arena, server=self._server)
        except DtlsError:
            self.state = DtlsState.CLOSED
            raise
        self.state = DtlsState.CONNECTED
        self._drain()
        return self._flush()

    def _flush(self) -> list[bytes]:
        try:
            flight = self._connection.bio_read(_LARGEST_FLIGHT)
        except SSL.Error:
            return []
        return _datagrams(flight)


def _records(data: bytes) -> list[bytes]:
    """Whole records only; what is truncated is left out."""
    records, start = [], 0
    while start + _RECORD_HEADER <= len(data):
        end = start + _RECORD_HEADER + int.from_bytes(data[start + 11 : start + 13], "big")
        if end > len(data):
            break
        records.append(data[start:end])
        start = end
    return records


def _without_plain_alerts(datagram: bytes) -> bytes:
    """The records of a datagram, less alerts of epoch 0, which are neither encrypted nor authenticated."""
    return b"".join(
        record for record in _records(datagram) if not (record[0] == _ALERT and record[3:5] == b"\0\0")
    )


def _datagrams(flight: bytes) -> list[bytes]:
    """A flight cut between records into datagrams of at most `DTLS_MTU`; a memory BIO knows no datagrams."""
    datagrams: list[bytes] = []
    for record in _records(flight):
        if datagrams and len(datagrams[-1]) + len(record) <= seam.DTLS_MTU:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams
