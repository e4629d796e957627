"""Every private name of aiortc and pylibsrtp that the relay uses. A test fails clearly when one is renamed.

Belongs here: reaching into those libraries, and nothing that decides. What we take from aiortc's DTLS-SRTP:
its self-signed certificate, its OpenSSL context (ciphers, SRTP profiles, client certificate demanded), the
key layout of RFC 5764 and its fingerprints. From pylibsrtp: libsrtp's calls on memory of our own,
without the copies, checks and allocations that its `Session.protect` makes for every packet.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import pylibsrtp
from aiortc.rtcdtlstransport import (
    SRTP_PROFILES,
    X509_DIGEST_ALGORITHMS,
    RTCCertificate,
    SRTPProtectionProfile,
    certificate_digest,
)
from OpenSSL import SSL
from pylibsrtp._binding import ffi, lib

from relay.errors import DtlsError, SrtpError
from relay.ports import ARENA_SIZE

DTLS_1_2 = 0xFEFD
"""Wire version of DTLS 1.2 (RFC 6347). OpenSSL's `set_max_proto_version` takes it as it is."""

DTLS_MTU = 1200
"""Bytes of one DTLS datagram: the browsers' own bound, safe over LTE and tunnels."""

_MOST_STEPS = 32
_MOST_PACKETS = 64  # UDP_MAX_SEGMENTS
_LONGEST_PACKET = 1500  # bytes; what is added fits behind it in any case
_INT = ffi.sizeof("int")
_copy = ffi.memmove
_protect = lib.srtp_protect

_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"  # RFC 5764 §4.2


class Certificate:
    """The relay's self-signed certificate (ECDSA P-256), made fresh and held in memory only."""

    def __init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()
        self._context = self._certificate._create_ssl_context(SRTP_PROFILES)
        # One version on the wire means one record layout (see `relay/dtls.py`).
        self._context.set_min_proto_version(DTLS_1_2)
        self._context.set_max_proto_version(DTLS_1_2)
        self._context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        self.expires_at = self._certificate.expires.timestamp()
        """UTC seconds."""
        self.fingerprint = next(
            f"{each.algorithm} {each.value}"
            for each in self._certificate.getFingerprints()
            if each.algorithm == "sha-256"
        )
        """As `a=fingerprint` wants it (RFC 8122): algorithm, blank, bytes in hexadecimal with colons."""

    def connection(self, *, server: bool) -> SSL.Connection:
        """A fresh DTLS association on memory BIOs, not yet started."""
        connection = SSL.Connection(self._context)
        connection.set_ciphertext_mtu(DTLS_MTU)
        if server:
            connection.set_accept_state()
        else:
            connection.set_connect_state()
        return connection


def known_digest(algorithm: str) -> bool:
    """Whether a fingerprint by `algorithm` ("sha-256") can be checked."""
    return algorithm.lower() in X509_DIGEST_ALGORITHMS


def peer_matches(connection: SSL.Connection, fingerprints: Sequence[tuple[str, str]]) -> bool:
    """Whether the peer's certificate has every fingerprint (algorithm, value) that we know how to compute.

    False when there is none that we know (RFC 8122 §5, RFC 5763 §5).
    """
    certificate = connection.get_peer_certificate(as_cryptography=True)
    known = [
        (algorithm.lower(), value.upper()) for algorithm, value in fingerprints if known_digest(algorithm)
    ]
    return (
        certificate is not None
        and bool(known)
        and all(
            hmac.compare_digest(value.encode(), certificate_digest(certificate, algorithm).encode())
            for algorithm, value in known
        )
    )


class Arena:
    """Memory in which a run of packets is written, protected in place and sent. One serves a whole worker."""

    def __init__(self) -> None:
        self.memory = ffi.new("char[]", ARENA_SIZE)
        self.view = memoryview(ffi.buffer(self.memory))
        self.lengths = ffi.new("int[]", _MOST_PACKETS)  # in and out, as libsrtp wants them
        self.length_pointers = [self.lengths + at for at in range(_MOST_PACKETS)]
        self._steps: dict[tuple[int, int], tuple[list[Any], Any]] = {}

    def steps(self, length: int, stride: int) -> tuple[list[Any], Any]:
        """Pointers to what lies every `stride` bytes, and an array of as many times `length`; kept, since
        nearly all runs have the same two."""
        found = self._steps.get((length, stride))
        if found is None:
            if len(self._steps) >= _MOST_STEPS:
                self._steps.clear()
            places = range(0, min(ARENA_SIZE - stride + 1, _MOST_PACKETS * stride), stride)
            equal = ffi.new("int[]", [length] * _MOST_PACKETS)
            found = self._steps[length, stride] = [self.memory + at for at in places], equal
        return found


def srtp_of(connection: SSL.Connection, arena: Arena, *, server: bool) -> LibSrtp:
    """The SRTP of a finished handshake (RFC 5764 §4.2). Raises `DtlsError` when none was negotiated."""
    name = connection.get_selected_srtp_profile()
    profile = next((each for each in SRTP_PROFILES if each.openssl_profile == name), None)
    if profile is None:
        raise DtlsError("no SRTP profile negotiated")
    keys = connection.export_keying_material(_EXPORTER_LABEL, 2 * (profile.key_length + profile.salt_length))
    of_client, of_server = profile.get_key_and_salt(keys, 0), profile.get_key_and_salt(keys, 1)
    if server:
        return LibSrtp(profile, arena, outbound=of_server, inbound=of_client)
    return LibSrtp(profile, arena, outbound=of_client, inbound=of_server)


class LibSrtp:
    """`relay.ports.Srtp` over libsrtp, whose replay protection stays on (RFC 3711 §3.3.2)."""

    __slots__ = (
        "_arena",
        "_receiving",
        "_receiving_handle",
        "_sending",
        "_sending_handle",
        "arena",
        "profile",
        "rtp_overhead",
    )

    def __init__(
        self, profile: SRTPProtectionProfile, arena: Arena, *, outbound: bytes, inbound: bytes
    ) -> None:
        sending = pylibsrtp.Policy(
            key=outbound,
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=profile.libsrtp_profile,
        )
        sending.window_size = 1024
        sending.allow_repeat_tx = True  # a retransmission without RTX is the same packet again
        receiving = pylibsrtp.Policy(
            key=inbound,
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND,
            srtp_profile=profile.libsrtp_profile,
        )
        receiving.window_size = 1024
        self.profile = profile.openssl_profile.decode()
        self.rtp_overhead = 10 if profile.openssl_profile == b"SRTP_AES128_CM_SHA1_80" else 16
        self.arena = arena.view
        self._arena = arena
        self._sending = pylibsrtp.Session(sending)
        self._receiving = pylibsrtp.Session(receiving)
        # libsrtp's own handles; the sessions keep them alive.
        self._sending_handle = self._sending._srtp[0]
        self._receiving_handle = self._receiving._srtp[0]

    def protect_run(self, length: int, count: int, last: int) -> None:
        """Protect `count` packets of `length` bytes (the last one: `last`) in place, see `relay.ports.Srtp`.

        Raises `SrtpError`; the arena then holds nothing that may be sent.
        """
        arena = self._arena
        stride = length + self.rtp_overhead
        if count > _MOST_PACKETS or count * stride > ARENA_SIZE or last > length:
            raise SrtpError(f"a run of {count} packets of {length} bytes does not fit")
        places, lengths = arena.steps(length, stride)
        _copy(arena.lengths, lengths, count * _INT)
        arena.lengths[count - 1] = last
        # The loop over the packets is in C; libsrtp says 0 where all is well.
        statuses = map(_protect, repeat(self._sending_handle, count), places, arena.length_pointers)
        status = next(filter(None, statuses), 0)
        if status:
            raise SrtpError(_words(status))

    def protect_rtp(self, packet: bytes) -> bytes:
        """One RTP packet, encrypted and authenticated. Raises `SrtpError`."""
        return self._apply(_protect, self._sending_handle, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """One compound RTCP packet, encrypted and authenticated. Raises `SrtpError`."""
        return self._apply(lib.srtp_protect_rtcp, self._sending_handle, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """The compound RTCP packet inside. Raises `SrtpError` for what is forged, replayed or too long."""
        return self._apply(lib.srtp_unprotect_rtcp, self._receiving_handle, packet)

    def unprotect_rtp(self, packet: bytes) -> bytes:
        """The RTP packet inside, for our own viewer. Raises `SrtpError` as `unprotect_rtcp` does."""
        return self._apply(lib.srtp_unprotect, self._receiving_handle, packet)

    def _apply(self, work: Callable[[Any, Any, Any], int], handle: Any, packet: bytes) -> bytes:
        arena = self._arena
        size = len(packet)
        if size > _LONGEST_PACKET:
            raise SrtpError("a packet longer than a datagram")
        arena.view[:size] = packet
        arena.lengths[0] = size
        status = work(handle, arena.memory, arena.lengths)
        if status:
            raise SrtpError(_words(status))
        return bytes(arena.view[: arena.lengths[0]])


def _words(status: int) -> str:
    return pylibsrtp.ERRORS[status] if 0 <= status < len(pylibsrtp.ERRORS) else f"libsrtp status {status}"
