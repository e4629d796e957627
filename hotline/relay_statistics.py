"""The relay's statistics as JSON: its load, each rendition, each viewer. Pure: the relay's values in.

Belongs here: which figures the centre reads, their names and units. Not here: counting (`relay/stats.py`),
Prometheus (`hotline/api/metrics.py`). No person, no address, and of a viewer's id only its beginning: the
whole is the right to end it. Who watches is in the record (`/api/viewings`).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from hotline.audit import iso
from hotline.feeds import STATES
from relay.ports import ViewerStatus
from relay.relay import RelayStatistics
from relay.stats import FanoutStatistics, SenderStatistics

Json = dict[str, Any]
Viewer = tuple[ViewerStatus, SenderStatistics | None]

VIEWER_STATES = ("checking", "securing", "waiting", "live", "lost", "closing")
"""In the order in which a viewer goes through them; lost: it waits for a fresh start."""


def viewer_state(viewer: Viewer) -> str:
    """One of `VIEWER_STATES`: where its connection stands and, once that plays, where its picture does."""
    status, sent = viewer
    if status.state != "playing":
        return status.state
    if sent is None:
        return "waiting"
    return "closing" if sent.state == "ended" else sent.state


def short_id(viewer: Viewer) -> str:
    """Enough of a viewer's id to know it again, here and in the log."""
    return viewer[0].id[:6]


def relay_statistics(seen: RelayStatistics, *, camera: str | None, limit: int) -> Json:
    """The relay as it stands; `camera`: of that one only; `limit`: renditions and viewers at most, each."""
    renditions = [each for each in seen.renditions if camera in (None, each.camera)]
    viewers = [each for each in seen.viewers if camera in (None, each[0].camera)]
    return {
        "load": {
            "loop_share": round(seen.loop_share, 3),
            "loop_lag_s": round(seen.loop_lag, 4),
            "turned_away": seen.turned_away,
            "tcp_connections": seen.tcp_connections,
            "dropped_datagrams": dict(seen.dropped),
        },
        "renditions_in_all": len(renditions),
        "renditions": [rendition(each, viewers) for each in renditions[:limit]],
        "viewers_in_all": len(viewers),
        "viewers": [viewer(each) for each in viewers[:limit]],
    }


def rendition(value: FanoutStatistics, viewers: Iterable[Viewer]) -> Json:
    """One rendition; `viewers`: among whom those are that are on it."""
    # A viewer calls its rendition by the name that it has whatever text is on it.
    here = (value.camera, value.rendition.partition("+")[0])
    reports = [
        sent for status, sent in viewers if sent is not None and (status.camera, sent.rendition) == here
    ]
    sent = value.sent
    return {
        "camera": value.camera,
        "rendition": value.rendition,
        "state": STATES[type(value.state)],
        "viewers": value.viewers,
        "pictures": value.pictures,
        "bits_per_s": round(value.bitrate),
        "gaps": value.gaps,
        "packets": sent.packets,
        "bytes": sent.bytes,
        "lost": sent.lost,
        "retransmitted": sent.retransmitted,
        "replays": _counts(sent.replays),
        "round_trip_s": _middle(each.round_trip for each in reports),
        "jitter_s": _middle(each.jitter for each in reports),
        "picture_age_s": _rounded(value.age),
    }


def viewer(value: Viewer) -> Json:
    """One viewer; figures of its picture are null before it plays, and where it has not reported yet."""
    status, sent = value
    quality = status.quality
    return {
        "viewer": short_id(value),
        "camera": status.camera,
        "receiver": status.receiver,
        "share": status.share,
        "state": viewer_state(value),
        "opened_at": iso(status.opened_at),
        "rendition": sent.rendition if sent is not None else None,
        "pinned": quality.pinned if quality is not None else None,
        "packets": sent.packets if sent is not None else 0,
        "bytes": sent.bytes if sent is not None else 0,
        "lost": sent.lost if sent is not None else 0,
        "lost_share": _rounded(sent.fraction_lost) if sent is not None else None,
        "retransmitted": sent.retransmitted if sent is not None else 0,
        "replays": _counts(sent.replays) if sent is not None else {},
        "switches": _counts(quality.switches) if quality is not None else {},
        "round_trip_s": _rounded(sent.round_trip) if sent is not None else None,
        "jitter_s": _rounded(sent.jitter) if sent is not None else None,
        "picture_age_s": _rounded(sent.age) if sent is not None else None,
        "link_bits_per_s": _whole(quality.link_bps) if quality is not None else None,
    }


def _counts(value: Any) -> dict[str, int]:
    return {str(cause): count for cause, count in value.items() if count}


def _middle(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return _rounded(statistics.median(known)) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
