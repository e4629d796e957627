"""One encoded form of one camera, as its readers see it: format, ring, state, counters.

Written by one producer (a source, later a transcoder), read by anybody. Lives as long as the hub, so that
picture numbers never repeat and the format is known while the camera reconnects.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streams.access_unit import AccessUnit
from streams.counters import Counters
from streams.freshness import Freshness
from streams.h264 import Sps, parse_sps
from streams.parameter_sets import Format
from streams.ring import Ring
from streams.signal import Signal
from streams.state import Live, Offline, Reason, SourceState
from streams.timeline import CameraTimeline, Instant


class Rendition:
    """One form of a camera's pictures: as the camera sends it, or transcoded.

    state: always true. codec: RTP encoding name. sps, format: from the newest SPS (or what the codec has
    instead), known from the SDP before the first picture where the camera describes it, and kept while it
    reconnects. has_b_slices, reorders: see `streams/reorder.py`. bitrate: the most it may take, bit/s, of
    transcoded renditions. on_keyframe_request: set by a producer that can make keyframes, or have them made.
    """

    def __init__(
        self,
        camera_id: str,
        name: str,
        timeline: CameraTimeline,
        *,
        codec: str = "H264",
        ring: Ring | None = None,
        freshness: Freshness | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None] = lambda: None,
        counters: Counters | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.name = name
        self.codec = codec
        self.timeline = timeline
        self.track = timeline.track()
        self.ring = ring or Ring()
        self.freshness = freshness or Freshness()
        self.counters = counters or Counters()
        self.sps: bytes | None = None
        self.format: Format | None = None
        self.has_b_slices = False
        self.reorders = False
        self.bitrate: int | None = None
        self.newest_media_time: int | None = None  # of all pictures ever, also where the ring was cleared
        self.on_keyframe_request: Callable[[], None] | None = None
        self._clock = clock
        self._on_change = on_change
        self._signal = Signal()
        self._format_signal = Signal()
        self._state: SourceState = Offline(clock(), Reason.STOPPED, None)

    @property
    def state(self) -> SourceState:
        """What is true of this rendition now."""
        return self._state

    @property
    def form(self) -> str:
        """The name that it goes by among those that one viewer may have: whatever text is on it."""
        return self.name.partition("+")[0]

    @property
    def profile_level_id(self) -> str | None:
        """Six hex digits from the SPS itself; None before the first SPS, and of codecs other than H.264."""
        return self.format.profile_level_id if isinstance(self.format, Sps) else None

    @property
    def limit_s(self) -> float:
        """How old the newest picture may be before it is stalled, seconds."""
        return self.freshness.limit_s

    @property
    def version(self) -> int:
        """Counts changes of the state; see `changed`."""
        return self._signal.version

    async def changed(self, seen: int) -> int:
        """Wait until `version` is another than `seen`; returns it. Set a deadline around it."""
        return await self._signal.changed(seen)

    async def wait_format(self) -> Format:
        """Wait until the format is known. Set a deadline around it."""
        while self.format is None:
            await self._format_signal.changed(self._format_signal.version)
        return self.format

    def request_keyframe(self) -> None:
        """A keyframe is wanted soon. Nothing happens where the producer cannot make one."""
        if self.on_keyframe_request is not None:
            self.on_keyframe_request()

    # For the producer:

    def set_state(self, state: SourceState) -> None:
        """Say what is true; wakes who waits for a change."""
        if state != self._state:
            self._state = state
            self._signal.notify()
            self._on_change()

    def set_sps(self, sps: bytes) -> None:
        """Take a new H.264 SPS. Raises `ProtocolError` if it is none."""
        if sps != self.sps:
            self.set_format(parse_sps(sps), sps)

    def set_format(self, format: Format | None, sps: bytes | None) -> None:  # noqa: A002
        """Take what the pictures are from now on; what is not known yet leaves the last one standing."""
        if format is None or (sps == self.sps and format == self.format):
            return
        self.format = format
        self.sps = sps
        self._format_signal.notify()

    def push(
        self, instant: Instant, arrived: float, is_idr: bool, nal_units: tuple[bytes, ...]
    ) -> AccessUnit:
        """Give the next picture its number and put it in the ring; the state becomes live, unless the picture
        is older than it may be."""
        self.counters.pictures += 1
        return self._deliver(
            instant.rtp_time, instant.media_time, arrived, instant.captured, is_idr, nal_units
        )

    def pass_on(self, unit: AccessUnit) -> AccessUnit:
        """Take over another rendition's picture as it is, but for its number."""
        return self._deliver(
            unit.rtp_time, unit.media_time, unit.arrived, unit.captured, unit.is_idr, unit.nal_units
        )

    def _deliver(
        self,
        rtp_time: int,
        media_time: int,
        arrived: float,
        captured: float | None,
        is_idr: bool,
        nal_units: tuple[bytes, ...],
    ) -> AccessUnit:
        number = self.ring.next_number
        unit = AccessUnit(number, rtp_time, media_time, arrived, captured, is_idr, nal_units)
        self.newest_media_time = media_time
        self.freshness.observe(arrived, media_time)
        if not isinstance(self._state, Live) and not self.freshness.stalled(self._clock()):
            self.set_state(Live(arrived))
        self.ring.push(unit)
        return unit
