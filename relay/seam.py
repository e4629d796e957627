"""Every private name of aiortc and pylibsrtp that the relay uses. A test fails clearly when one is renamed.

Belongs here: reaching into those libraries, and nothing that decides. What we take from aiortc's DTLS-SRTP:
its self-signed certificate, its OpenSSL context (ciphers, SRTP profiles, client certificate demanded), the
key layout of RFC 5764 and its fingerprints. From pylibsrtp: libsrtp's calls on memory of our own,
without the copies, checks and allocations that its `Session.protect` makes for every packet.

`aioice.stun` is used by its public names only, in `relay/ice.py`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
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

_MOST_STRIDES = 32

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
        self._positions: dict[int, list[Any]] = {}

    def positions(self, stride: int) -> list[Any]:
        """Pointers to what lies every `stride` bytes; kept, since nearly all runs have one stride."""
        found = self._positions.get(stride)
        if found is None:
            if len(self._positions) >= _MOST_STRIDES:
                self._positions.clear()
            found = [self.memory + at for at in range(0, ARENA_SIZE - stride + 1, stride)]
            self._positions[stride] = found
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
        self._session = self._sending._srtp[0]  # libsrtp's own handle; `_sending` keeps it alive
        self._receiving = pylibsrtp.Session(receiving)
        self._length = ffi.new("int *")

    def protect_run(self, length: int, count: int, last: int) -> None:
        """Protect `count` packets of `length` bytes (the last one: `last`) in place, see `relay.ports.Srtp`.

        Raises `SrtpError`; the arena then holds nothing that may be sent.
        """
        overhead = self.rtp_overhead
        if count * (length + overhead) > ARENA_SIZE or last > length:
            raise SrtpError(f"a run of {count} packets of {length} bytes does not fit")
        protect, session, size = lib.srtp_protect, self._session, self._length
        positions = self._arena.positions(length + overhead)
        for position in positions[: count - 1]:
            size[0] = length
            status = protect(session, position, size)
            if status:
                raise SrtpError(_words(status))
        size[0] = last
        status = protect(session, positions[count - 1], size)
        if status:
            raise SrtpError(_words(status))

    def protect_rtp(self, packet: bytes) -> bytes:
        """One RTP packet, encrypted and authenticated. Raises `SrtpError`."""
        return _checked(self._sending.protect, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """One compound RTCP packet, encrypted and authenticated. Raises `SrtpError`."""
        return _checked(self._sending.protect_rtcp, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """The compound RTCP packet inside. Raises `SrtpError` for what is forged, replayed or too long."""
        return _checked(self._receiving.unprotect_rtcp, packet)

    def unprotect_rtp(self, packet: bytes) -> bytes:
        """The RTP packet inside, for our own viewer. Raises `SrtpError` as `unprotect_rtcp` does."""
        return _checked(self._receiving.unprotect, packet)


def _checked(function: Callable[[bytes], bytes], packet: bytes) -> bytes:
    try:
        return function(packet)
    except (pylibsrtp.Error, ValueError) as error:
        raise SrtpError(str(error)) from None


def _words(status: int) -> str:
    return pylibsrtp.ERRORS[status] if 0 <= status < len(pylibsrtp.ERRORS) else f"libsrtp status {status}"
