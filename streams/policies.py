"""How patient we are with a camera, and which of its quirks we expect: named, with defaults.

Deadlines are in seconds. A quirk becomes a policy here only with its recorded dialogue under `tests/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streams.dial import Dialable


class KeepAlive(StrEnum):
    """How to keep an RTSP session from timing out (RFC 2326 §10.8 and appendix D.1).

    AUTO: OPTIONS first, which every camera knows; GET_PARAMETER once the camera has listed it in `Public`;
    back to OPTIONS where it is refused. A camera that drops the connection on a method is asked with the
    next, milder one from then on. No answer at all is tolerated: pictures are the proof of life.
    """

    AUTO = "auto"
    OPTIONS = "options"
    GET_PARAMETER = "get_parameter"
    REPORTS_ONLY = "reports_only"  # RTCP receiver reports alone


@dataclass(frozen=True, slots=True)
class Policies:
    """Deadlines and tolerances for one camera. dialable: which addresses may be connected to; None: all."""

    dialable: Dialable | None = None
    connect_s: float = 3.0
    reply_s: float = 3.0  # to each request
    first_data_s: float = 3.0  # from the reply to PLAY to the first RTP packet; then the silence is stated
    first_picture_s: float = 5.0  # from the reply to PLAY to parameter sets, and normally to the picture
    keyframe_s: float = 15.0  # the same, where only a keyframe may be missing; some send nothing until then
    teardown_s: float = 1.0
    stall_floor_s: float = 1.0  # stalled: no picture for this long,
    stall_intervals: float = 3.0  # or for this many picture intervals, whichever is longer
    reconnect_after_s: float = 5.0  # a stall of this length ends the session
    report_every_s: float = 4.0  # RTCP receiver report; some cameras stop without (gortsplib #265)
    keep_alive: KeepAlive = KeepAlive.AUTO
    retry_s: tuple[float, ...] = (0.25, 0.5, 1.0)
    retry_urgent_s: float = 1.0  # from then on, while somebody has the right to look
    retry_door_s: float = 0.5  # the same, while its port is closed: nothing but a SYN, and it may reboot
    reboot_s: float = 300.0  # a camera that has been away for longer does not reboot
    retry_idle_s: float = 5.0  # otherwise
    retry_jitter: float = 0.2  # each delay is multiplied by 1 ± this,
    retry_spread: float = 0.8  # the first by 1 ± this: all cameras of a switch are lost in the same moment
    attempts_per_s: int = 2  # all profiles of one camera together, in any second
    steady_s: float = 5.0  # a session that gave pictures for this long starts the row of delays anew
    refusals_before_pause: int = 2  # cameras lock the account after a few wrong passwords
    refusal_pause_s: float = 60.0
