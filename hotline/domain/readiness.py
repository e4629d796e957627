"""Readiness in words for people, and when a camera is due for its next check. Pure."""

from __future__ import annotations

from hashlib import blake2b

from hotline.domain.words import Term
from streams.readiness import Finding, Readiness

FIRST_S = 60.0  # after the start of the service before any camera is checked
SPREAD_S = 3600.0  # over which the cameras that were never checked are spread
JITTER = 0.1  # of the interval, per camera, so that they do not come to be checked all at once

RESULTS = {
    Readiness.READY: Term("ready", "정상", "ready"),
    Readiness.NEEDS_TRANSCODE: Term("needs_transcode", "변환 필요", "needs transcoding"),
    Readiness.SLOW: Term("slow", "느림", "slow"),
    Readiness.DEAD: Term("dead", "영상 없음", "no picture"),
}

FINDINGS = {
    Finding.LATE_PICTURE: Term("late_picture", "첫 영상이 늦음", "The first picture comes late"),
    Finding.RARE_KEYFRAMES: Term("rare_keyframes", "키프레임 간격이 김", "Keyframes are far apart"),
    Finding.CODEC: Term("codec", "브라우저가 재생하지 못하는 코덱", "Not every browser takes its codec"),
    Finding.PROFILE: Term(
        "profile", "브라우저가 재생하지 못하는 프로파일", "Browsers do not take its H.264 profile"
    ),
    Finding.B_FRAMES: Term("b_frames", "B 프레임을 보냄", "It sends B-frames"),
    Finding.MASK: Term("mask", "가림 영역이 있음", "Part of its picture is masked"),
    Finding.SETS_NOT_IN_BAND: Term(
        "sets_not_in_band", "영상 정보를 접속할 때만 보냄", "It describes its video only at the beginning"
    ),
    Finding.CLOCK_OFF: Term("clock_off", "카메라 시계가 맞지 않음", "Its clock is wrong"),
}


def share_of(camera_id: str) -> float:
    """A number from 0 to 1 that is a camera's own, the same at every start."""
    return int.from_bytes(blake2b(camera_id.encode(), digest_size=4).digest(), "big") / 2**32


def due_at(camera_id: str, checked_at: float | None, started_at: float, every_s: float) -> float:
    """When a camera is to be checked: UTC seconds. started_at: when the service began."""
    share = share_of(camera_id)
    first = started_at + FIRST_S + share * min(SPREAD_S, every_s)
    if checked_at is None:
        return first
    # After a long rest of the service many are overdue: they are spread like those that were never checked.
    due = checked_at + every_s * (1 + JITTER * (2 * share - 1))
    return due if due >= started_at else max(due, first)
