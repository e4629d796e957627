"""Private names of aiortc and pylibsrtp: here a new version says clearly what it renamed."""

from __future__ import annotations

import struct

import aiortc.rtcdtlstransport
import pylibsrtp
import pytest
from pylibsrtp import _binding

from relay import seam
from relay.errors import SrtpError
from relay.ports import ARENA_SIZE, Srtp

from .association import associate


def test_the_private_names_are_still_there() -> None:
    certificate = aiortc.rtcdtlstransport.RTCCertificate.generateCertificate()
    assert hasattr(certificate, "_create_ssl_context"), "aiortc renamed RTCCertificate._create_ssl_context"
    profile = aiortc.rtcdtlstransport.SRTP_PROFILES[0]
    for name in ("libsrtp_profile", "openssl_profile", "key_length", "salt_length", "get_key_and_salt"):
        assert hasattr(profile, name), f"aiortc renamed SRTPProtectionProfile.{name}"
    session = pylibsrtp.Session()
    assert hasattr(session, "_srtp"), "pylibsrtp renamed Session._srtp"
    for name in ("srtp_protect",):
        assert hasattr(_binding.lib, name), f"pylibsrtp's binding has no {name} any more"


def test_a_certificate_is_for_one_version_and_says_its_fingerprint() -> None:
    certificate = seam.Certificate()
    algorithm, _, digest = certificate.fingerprint.partition(" ")
    assert algorithm == "sha-256"
    assert len(digest.split(":")) == 32
    assert seam.known_digest("SHA-256")
    assert not seam.known_digest("md5")


def rtp(sequence: int, size: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence, 90_000, 7) + bytes(size - 12)


@pytest.mark.parametrize(
    "profile", aiortc.rtcdtlstransport.SRTP_PROFILES, ids=lambda each: each.openssl_profile
)
def test_a_run_protected_in_place_is_what_the_other_side_unprotects(
    profile: aiortc.rtcdtlstransport.SRTPProtectionProfile,
) -> None:
    arena = seam.Arena()
    key = bytes(range(profile.key_length + profile.salt_length))
    here: Srtp = seam.LibSrtp(profile, arena, outbound=key, inbound=key)
    there = seam.LibSrtp(profile, seam.Arena(), outbound=key, inbound=key)
    length, last, overhead = 1171, 333, here.rtp_overhead
    for index in range(40):
        at = index * (length + overhead)
        packet = rtp(index, length if index < 39 else last)
        here.arena[at : at + len(packet)] = packet
    here.protect_run(length, 40, last)
    for index in range(40):
        at, size = index * (length + overhead), length if index < 39 else last
        protected = bytes(here.arena[at : at + size + overhead])
        assert there.unprotect_rtp(protected) == rtp(index, size)


def test_a_run_that_does_not_fit_is_refused() -> None:
    server, _ = associate()
    assert server.srtp is not None
    with pytest.raises(SrtpError, match="does not fit"):
        server.srtp.protect_run(1200, ARENA_SIZE // 1200 + 1, 1200)


def test_replayed_forged_and_oversized_rtcp_raises_one_thing_only() -> None:
    server, client = associate()
    assert server.srtp is not None
    assert client.srtp is not None
    report = struct.pack("!BBHI", 0x80, 201, 1, 1)
    protected = client.srtp.protect_rtcp(report)
    assert server.srtp.unprotect_rtcp(protected) == report
    forged = bytes((*protected[:-1], protected[-1] ^ 1))
    for bad in (protected, forged, b"", b"\x80", protected[:7], bytes(1400), bytes(3000)):
        with pytest.raises(SrtpError):
            server.srtp.unprotect_rtcp(bad)
    with pytest.raises(SrtpError):
        server.srtp.protect_rtp(bytes(2000))
