"""What is true of a source right now. Four states, values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a camera gives no picture. `hotline` has the words for people, Korean and English."""

    REFUSED = "refused"  # connection refused: the port is closed
    UNREACHABLE = "unreachable"  # no route, no such host
    TIMEOUT = "timeout"  # an answer did not come by its deadline
    UNAUTHORIZED = "unauthorized"  # the camera refuses user or password
    NOT_RTSP = "not_rtsp"  # something else answers on that port
    NOT_FOUND = "not_found"  # the camera knows no such path
    NO_VIDEO = "no_video"  # the description has no video we can take
    UNSUPPORTED_CODEC = "unsupported_codec"  # video, but not one that can be passed on yet
    NO_PARAMETER_SETS = "no_parameter_sets"  # SPS and PPS neither in the SDP nor in band by the deadline
    NO_DATA = "no_data"  # PLAY was answered 200 and nothing came
    REDIRECTED = "redirected"  # a redirect, never followed
    PROTOCOL = "protocol"  # the camera broke the protocol
    BUSY = "busy"  # the camera has no session or bandwidth left for us
    OVERLOADED = "overloaded"  # this machine has no room left to transcode it
    CLOSED = "closed"  # the camera closed the connection
    STOPPED = "stopped"  # nobody asks for it


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt is under way. `since`: monotonic seconds."""

    since: float


@dataclass(frozen=True, slots=True)
class Live:
    """Pictures arrive. `since`: monotonic seconds."""

    since: float


@dataclass(frozen=True, slots=True)
class Stalled:
    """The session stands, but no picture came for max(1 s, three picture intervals).

    `since`: monotonic seconds at which the newest picture arrived.
    """

    since: float


@dataclass(frozen=True, slots=True)
class Offline:
    """No session, or one that has given nothing yet.

    `since`: monotonic seconds at which it was lost (or first failed); `next_attempt`: monotonic seconds, None
    when nobody asks for the camera.
    """

    since: float
    reason: Reason
    next_attempt: float | None


SourceState = Connecting | Live | Stalled | Offline
