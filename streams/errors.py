"""What can go wrong between a camera and a picture. Nothing here knows how to cure it.

Messages are in our own words and carry numbers, never text from the camera or the user: both may hold a
password, and both end up in a log.
"""

from __future__ import annotations

from streams.state import Reason


class ProtocolError(ValueError):
    """Bytes that break their specification. Raised by parsers, and by nothing else."""


class NotRtspError(ProtocolError):
    """The first bytes of the connection are not RTSP: something else listens on that port."""


class CameraError(Exception):
    """A camera gives no picture, for a reason.

    `detail` is one clause in English for the log, without secrets.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class UnknownCameraError(LookupError):
    """No camera of that id, or the camera has no usable profile."""
