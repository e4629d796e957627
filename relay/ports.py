"""The seams inside the relay and out of it, as protocols and plain values.

Belongs here: what the transport (ICE, DTLS, WHEP) and the media side (packets, fan-out) must know of each
other, and what the relay asks of the control plane. No behaviour, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streams.camera import ProfileName, RenditionName
from streams.hub import RenditionInfo
from streams.recipe import Overlay
from streams.rendition import Rendition
from streams.state import SourceState

ARENA_SIZE = 65_535
"""Bytes: the most that one `sendmsg` with UDP_SEGMENT can carry."""


class Srtp(Protocol):
    """Both directions of one viewer's SRTP (RFC 3711), keyed by DTLS (RFC 5764).

    Every method raises `relay.errors.SrtpError` (a ValueError) and nothing else: a packet that is too long,
    forged, replayed or too old.
    """

    rtp_overhead: int
    """Bytes that `protect_rtp` adds to a packet: 16 (AES-GCM) or 10 (AES-CM with HMAC-SHA1-80)."""

    arena: memoryview
    """`ARENA_SIZE` writable bytes in which a run of packets is laid out, protected in place and sent: the hot
    path, without a copy or an object per packet. One arena serves all viewers of a worker, so between
    writing into it and sending there is never an `await`."""

    def protect_run(self, length: int, count: int, last: int) -> None:
        """Protect in place `count` packets of `length` bytes (the last one: `last` bytes) that lie in `arena`
        one every `length + rtp_overhead` bytes. After it the first
        `(count - 1) * (length + rtp_overhead) + last + rtp_overhead` bytes are what goes out (one `sendmsg`
        with UDP_SEGMENT = `length + rtp_overhead`)."""
        ...

    def protect_rtp(self, packet: bytes) -> bytes:
        """One packet on its own: retransmissions. A sequence number that was protected before must be
        allowed again (libsrtp's allow_repeat_tx)."""
        ...

    def protect_rtcp(self, packet: bytes) -> bytes: ...

    def unprotect_rtcp(self, packet: bytes) -> bytes: ...


class Path(Protocol):
    """Where one viewer's datagrams go right now: the address that its ICE agent nominated."""

    def send(self, datagrams: Sequence[bytes]) -> int:
        """Hand protected packets to the kernel, at once or not at all.

        Returns how many were taken, counted from the front; the rest is dropped, never queued. Never
        raises: a path that is gone takes none.
        """
        ...

    def send_run(self, run: memoryview, segment: int) -> int:
        """Hand a run to the kernel in one call: datagrams of `segment` bytes one behind the other, the last
        one may be shorter (`relay/egress.py` does it for UDP). `run` is only valid during the call.

        Returns how many datagrams were taken, counted from the front, under the rules of `send`.
        """
        ...

    def recall(self) -> None:
        """What was handed over and has not left this machine must not leave any more: a mask was drawn."""
        ...


SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""As `socket.recvfrom` gives it: IPv4 or IPv6."""

Ancillary = tuple[int, int, bytes]
"""A control message of `socket.sendmsg`: level, type, data. IP_PKTINFO names the local address to use."""


class Egress(Protocol):
    """What a UDP path (`relay/udp.py`) asks of `relay/egress.py`, one per socket.

    Neither method blocks or raises for what the network does; both return how many datagrams the kernel took,
    counted from the front. `ancillary` (the local address to speak from, where the socket listens on all of
    them) goes with every system call, beside the segment size. It is one of few tuples: worth a cache key.
    """

    def send(
        self, datagrams: Sequence[bytes], address: SocketAddress, ancillary: tuple[Ancillary, ...] = ()
    ) -> int: ...

    def send_run(
        self, run: memoryview, segment: int, address: SocketAddress, ancillary: tuple[Ancillary, ...] = ()
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A payload type of a viewer's, and what belongs to it.

    codec: "H264" with packetization-mode 1 (RFC 6184 §8.1), or "H265" in Main profile (RFC 7798 §7.1).
    profile_level_id: of H.264, lower case. rtx_payload_type: of its retransmissions (RFC 4588).
    feedback: `a=rtcp-fb` values, such as "nack", "nack pli", "ccm fir", "goog-remb". parameters: fmtp of
    H.265, as they are answered.
    """

    payload_type: int
    profile_level_id: str = ""
    rtx_payload_type: int | None = None
    feedback: frozenset[str] = frozenset()
    codec: str = "H264"
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class RtpParameters:
    """What offer and answer agreed upon for the one video track.

    formats: one for each codec that may be sent, in the offer's order; from picture to picture the sender is
    free to choose among them (RFC 3264 §5.1), on the same SSRC. `rtx_ssrc` (RFC 4588) is set where all of
    them have a payload type for retransmissions; else none of them has.
    `extensions` maps the URI of a header extension (RFC 8285) to the id of the offer, 1..14, so the one-byte
    form fits.
    """

    formats: tuple[Format, ...]
    ssrc: int
    cname: str
    mid: str
    rtx_ssrc: int | None = None
    extensions: Mapping[str, int] = field(default_factory=dict)

    def format_of(self, codec: str) -> Format | None:
        """What pictures in `codec` are sent as; None where they cannot be sent."""
        return next((each for each in self.formats if each.codec == codec), None)


EXTENSION_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
EXTENSION_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
EXTENSION_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
EXTENSION_PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"


class Hold(Protocol):
    """Keeps one profile of a camera running until it is released."""

    def release(self) -> None: ...


class Cameras(Protocol):
    """What the relay asks of `streams.hub.CameraHub`."""

    def hold(
        self,
        camera_id: str,
        name: ProfileName | RenditionName,
        *,
        urgent: bool,
        overlay: Overlay | None = None,
    ) -> Hold: ...

    def ladder(self, camera_id: str) -> tuple[RenditionInfo, ...]: ...

    def rendition(
        self, camera_id: str, name: ProfileName | RenditionName, overlay: Overlay | None = None
    ) -> Rendition | None: ...

    async def changed(self, seen: int) -> int: ...


@dataclass(frozen=True, slots=True)
class ViewingOpened:
    """The fact that a viewer is about to receive a camera.

    `at`: UTC seconds. `remote`: host that the viewer's ICE agent speaks from.
    """

    viewer_id: str
    grant_id: str
    receiver: str
    share: str
    person: str
    camera: str
    at: float
    remote: str


class ViewingRecorder(Protocol):
    """Keeps the record of viewings; the control plane implements it."""

    async def opened(self, viewing: ViewingOpened) -> None:
        """Write the viewing down. Returns before the first media packet leaves; whatever it raises, or more
        than the relay's deadline of waiting, closes the viewer without a picture."""
        ...

    async def closed(self, viewer_id: str, at: float, reason: str, bytes_sent: int) -> None:
        """Write down that the viewing ended at `at` (UTC seconds), why, and how much left (bytes)."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """What is true of a camera's best rendition.

    `newest_rtp`: RTP time stamp (32 bits) of the newest picture, comparable with the one a browser shows.
    `newest_age_s`: seconds since it arrived. `limit_s`: silence after which it counts as stalled, seconds.
    """

    camera: str
    state: SourceState
    newest_rtp: int | None
    newest_age_s: float | None
    limit_s: float


@dataclass(frozen=True, slots=True)
class QualityStatus:
    """What one viewer gets, wishes and can be sent.

    rendition: the one it is on, or changing to. pinned, ceiling, max_width, hidden: its wish
    (`relay/wish.py`). switches: changes of the rendition by cause. carried_bps: bit/s that its link is known
    to carry, 0 while nothing is known. link_bps: bit/s that it carries at most, None where no limit was ever
    met. probe_bps: the extra rate of a test under way.
    """

    rendition: str
    pinned: str | None
    ceiling: str | None
    max_width: int | None
    hidden: bool
    switches: Mapping[str, int]
    carried_bps: float
    link_bps: float | None
    probe_bps: float


@dataclass(frozen=True, slots=True)
class ViewerStatus:
    """One viewer as it stands. `opened_at`: UTC seconds. `state`: checking, securing, playing or closing.
    `quality`: None before it plays."""

    id: str
    camera: str
    profile: str
    grant_id: str
    receiver: str
    share: str
    person: str
    state: str
    opened_at: float
    remote: str | None
    packets_sent: int
    bytes_sent: int
    quality: QualityStatus | None = None
