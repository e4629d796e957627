"""Is a camera ready for a fire that may come? One short session says; nobody looks at its pictures.

`assess` is pure: what a probe saw in, a reading out. `measure` is the shell, which gives way at once when
somebody wants the camera itself, since many cameras have room for few sessions.

Of a picture only its size, time, kind of slices and parameter sets are read. It is not decoded, shown or
kept: looking whether a camera works is no reason to look through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from streams import h264, h265
from streams.camera import Camera, Credentials, ProfileName
from streams.demux.process import Demuxers
from streams.parameter_sets import Format
from streams.passable import Obstacle, obstacle
from streams.policies import Policies
from streams.probe import ProbeResult, probe
from streams.state import Reason

DEADLINE_S = 25.0  # of one camera: the longest keyframe interval of all but the oddest, and a second keyframe
WATCH_S = 2.0
_GIVE_WAY_S = 0.05  # how often a running measurement looks whether the camera is wanted

_H264_PROFILES = {
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4 Predictive",
}  # ITU-T H.264, annex A
_H265_PROFILES = {1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Range Extensions"}  # H.265, annex A


class Readiness(StrEnum):
    """What to expect of a camera, the best first."""

    READY = "ready"
    NEEDS_TRANSCODE = "needs_transcode"  # shown, at the cost of a decoder and an encoder here
    SLOW = "slow"  # shown, but late
    DEAD = "dead"


class Finding(StrEnum):
    """What somebody should mend, whatever the result."""

    LATE_PICTURE = "late_picture"
    RARE_KEYFRAMES = "rare_keyframes"
    CODEC = "codec"
    PROFILE = "profile"
    B_FRAMES = "b_frames"
    MASK = "mask"
    SETS_NOT_IN_BAND = "sets_not_in_band"
    CLOCK_OFF = "clock_off"


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on something is worth a word, seconds."""

    late_picture_s: float = 3.0
    rare_keyframes_s: float = 5.0
    clock_off_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One camera at one moment. `reason` and `detail` only of a dead one; what was not seen is None."""

    readiness: Readiness
    reason: Reason | None = None
    detail: str = ""
    findings: tuple[Finding, ...] = ()
    codec: str | None = None
    profile: str | None = None  # by the parameter sets' own name
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    first_picture_s: float | None = None
    keyframe_interval_s: float | None = None  # None: there was no second keyframe
    b_frames: bool | None = None
    sets_in_band: bool | None = None
    clock_offset_s: float | None = None  # the camera's clock minus ours; None: it sends no time


def assess(result: ProbeResult, *, masked: bool = False, bounds: Bounds | None = None) -> Reading:
    """What a probe's result means for whoever may need the camera."""
    if result.reason is not None:
        return Reading(Readiness.DEAD, result.reason, result.detail)
    bounds = bounds or Bounds()
    codec, known = result.codec or "", result.format
    hindered = obstacle(codec, known, reorders=result.reorders, masked=masked)
    in_band = None if codec == "JPEG" or result.counters is None else result.counters.in_band_sets > 0
    findings = list(_slowness(result, bounds))
    slow = bool(findings)
    if hindered is not None:
        findings.append(_OBSTACLES[hindered])
    if in_band is False:
        findings.append(Finding.SETS_NOT_IN_BAND)
    if result.clock_offset_s is not None and abs(result.clock_offset_s) > bounds.clock_off_s:
        findings.append(Finding.CLOCK_OFF)
    readiness = Readiness.READY
    if slow:
        readiness = Readiness.SLOW
    elif hindered is not None:
        readiness = Readiness.NEEDS_TRANSCODE
    return Reading(
        readiness,
        findings=tuple(findings),
        codec=result.codec,
        profile=_profile(known),
        width=known.width if known else None,
        height=known.height if known else None,
        frames_per_second=result.frames_per_second,
        first_picture_s=result.first_picture_s,
        keyframe_interval_s=result.keyframe_interval_s,
        b_frames=result.has_b_slices or result.reorders,
        sets_in_band=in_band,
        clock_offset_s=result.clock_offset_s,
    )


async def measure(
    camera: Camera,
    credentials: Credentials | None,
    *,
    wanted: Callable[[], bool],
    profile: ProfileName = ProfileName.MAIN,
    policies: Policies | None = None,
    bounds: Bounds | None = None,
    demuxers: Demuxers | None = None,
    deadline: float = DEADLINE_S,
) -> Reading | None:
    """Read one camera by one session with one profile; None when somebody wants the camera itself."""
    if wanted():
        return None
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(
            probe(
                camera,
                profile,
                credentials,
                deadline=deadline,
                watch_s=WATCH_S,
                keyframes=2,
                policies=policies,
                demuxers=demuxers,
            ),
            name=f"readiness/{camera.id}",
        )
        while not looking.done():
            if wanted():
                looking.cancel()
                break
            await asyncio.wait({looking}, timeout=_GIVE_WAY_S)
    if looking.cancelled():
        return None
    return assess(looking.result(), masked=bool(camera.masks), bounds=bounds)


_OBSTACLES = {
    Obstacle.CODEC: Finding.CODEC,
    Obstacle.PROFILE: Finding.PROFILE,
    Obstacle.B_FRAMES: Finding.B_FRAMES,
    Obstacle.MASK: Finding.MASK,
}


def _slowness(result: ProbeResult, bounds: Bounds) -> tuple[Finding, ...]:
    found = []
    if result.first_picture_s is not None and result.first_picture_s > bounds.late_picture_s:
        found.append(Finding.LATE_PICTURE)
    interval = result.watched_s if result.keyframe_interval_s is None else result.keyframe_interval_s
    if interval > bounds.rare_keyframes_s:
        found.append(Finding.RARE_KEYFRAMES)
    return tuple(found)


def _profile(known: Format | None) -> str | None:
    if isinstance(known, h264.Sps):
        return _H264_PROFILES.get(known.profile_idc, str(known.profile_idc))
    if isinstance(known, h265.Sps):
        return _H265_PROFILES.get(known.profile_idc, str(known.profile_idc))
    return None
