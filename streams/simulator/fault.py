"""What can go wrong with a simulated camera, as values and as words of the control line.

Belongs here: the faults and their reading from text. What each does is done by `device.py`, `dialogue.py` and
`spoiling.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """A fault of a camera, of its network, or of whoever set it up."""

    STALL = "stall"  # the session stands and is kept alive, pictures stop
    DROP = "drop"  # every connection is reset, once; the camera itself goes on
    REBOOT = (
        "reboot"  # connections reset, port closed for `seconds` (5), then back with new SSRC and RTP times
    )
    REFUSE = "refuse"  # connections reset and port closed until cleared
    SLOW = "slow"  # the link carries only `rate` bit/s (100,000)
    GARBAGE = "garbage"  # well-framed RTP packets whose payload is rubbish
    UNFRAMED = "unframed"  # after PLAY come rubbish bytes without interleaved framing
    TRUNCATED = "truncated"  # well-framed packets that end early, some before the end of the RTP header
    HALF_PACKET = "half_packet"  # a frame that announces more than it holds, then the connection closes
    ENDLESS_HEADER = "endless_header"  # every answer is a header that never ends
    MUTE = "mute"  # connections are accepted, nothing is ever answered
    SILENT = "silent"  # PLAY is answered 200 and no packet follows
    NO_PARAMETER_SETS = "no_parameter_sets"  # SPS and PPS neither in the SDP nor in band
    NO_VIDEO = "no_video"  # the description has only sound
    OTHER_CODEC = "other_codec"  # the description says H.261, which nobody takes any more
    NOT_RTSP = "not_rtsp"  # an HTTP server answers on the port
    NOT_FOUND = "not_found"  # 404 for every path
    REDIRECT = "redirect"  # DESCRIBE is answered 302 to another host
    FREEZE = "freeze"  # the same picture again and again; the clock in it runs on
    BLACK = "black"  # no signal behind the camera's name and clock
    COVER = "cover"  # a hand over the lens
    BLUR = "blur"  # the lens out of focus
    TURN = "turn"  # it looks elsewhere


DEFAULT_RATE = 100_000  # bit/s of a slow link

# A fault that is an event and leaves nothing behind.
INSTANT = frozenset({FaultKind.DROP})
# Faults of what is seen; the camera does not know of them.
PICTURE = frozenset({FaultKind.FREEZE, FaultKind.BLACK, FaultKind.COVER, FaultKind.BLUR, FaultKind.TURN})
# Faults during which the port is closed.
CLOSED = frozenset({FaultKind.REBOOT, FaultKind.REFUSE})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one camera.

    `seconds`: it clears by itself after this long; None lasts until cleared (a reboot takes 5 s then).
    `rate`: bit/s, for SLOW alone.
    """

    kind: FaultKind
    seconds: float | None = None
    rate: int = DEFAULT_RATE

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds <= 86_400:
            raise ValueError(f"a fault lasts more than 0 and at most 86400 seconds, not {self.seconds:g}")
        if not 1_000 <= self.rate <= 1_000_000_000:
            raise ValueError(f"the rate of a slow link is 1000 to 1000000000 bit/s, not {self.rate}")

    @property
    def lasts(self) -> float | None:
        """Seconds until it clears by itself."""
        if self.seconds is None and self.kind is FaultKind.REBOOT:
            return 5.0
        return self.seconds

    @classmethod
    def parse(cls, text: str) -> Fault | None:
        """Read `KIND [seconds[s]] [rate=BITS]`; `none` clears. Raises ValueError that says what is wrong."""
        words = text.split()
        if words == ["none"]:
            return None
        try:
            kind = FaultKind(words[0]) if words else None
        except ValueError:
            kind = None
        if kind is None:
            raise ValueError("unknown fault; known: none, " + ", ".join(FaultKind))
        seconds: float | None = None
        rate = DEFAULT_RATE
        for word in words[1:]:
            try:
                if word.startswith("rate="):
                    rate = int(word[5:])
                else:
                    seconds = float(word.removesuffix("s"))
            except ValueError:
                raise ValueError(f"{word!r} is neither seconds nor rate=BITS") from None
        return cls(kind, seconds, rate)
