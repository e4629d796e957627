"""What is true of a camera, in the words of the event stream. Pure: the relay's values in, JSON out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hotline.audit import iso
from hotline.domain.words import Term
from relay.ports import Feed
from streams.state import Connecting, Live, Offline, Reason, SourceState, Stalled
from streams.watch.fault import Finding, PictureFault
from streams.watch.watcher import Watched

Json = dict[str, Any]

STATES: dict[type[SourceState], str] = {
    Connecting: "connecting",
    Live: "live",
    Stalled: "stalled",
    Offline: "offline",
}

REASONS = {
    Reason.REFUSED: Term("refused", "카메라 포트가 닫혀 있음", "The camera's port is closed"),
    Reason.UNREACHABLE: Term("unreachable", "카메라에 연결할 경로가 없음", "The camera cannot be reached"),
    Reason.TIMEOUT: Term("timeout", "카메라가 응답하지 않음", "The camera does not answer"),
    Reason.UNAUTHORIZED: Term(
        "unauthorized", "카메라가 비밀번호를 거부함", "The camera refuses user or password"
    ),
    Reason.NOT_RTSP: Term("not_rtsp", "RTSP 장비가 아님", "Something else answers on that port"),
    Reason.NOT_FOUND: Term("not_found", "카메라에 그런 영상 경로가 없음", "The camera knows no such stream"),
    Reason.NO_VIDEO: Term("no_video", "카메라가 영상을 제공하지 않음", "The camera offers no video"),
    Reason.UNSUPPORTED_CODEC: Term(
        "unsupported_codec", "지원하지 않는 영상 형식", "The video's format is not supported"
    ),
    Reason.NO_PARAMETER_SETS: Term(
        "no_parameter_sets", "영상 해석 정보가 오지 않음", "The camera does not describe its video"
    ),
    Reason.NO_DATA: Term("no_data", "영상 데이터가 오지 않음", "The camera sends nothing"),
    Reason.REDIRECTED: Term(
        "redirected", "카메라가 다른 주소로 안내함", "The camera points elsewhere; not followed"
    ),
    Reason.PROTOCOL: Term("protocol", "카메라의 통신 오류", "The camera breaks the protocol"),
    Reason.BUSY: Term("busy", "카메라의 동시 접속 한도 초과", "The camera has no connection left for us"),
    Reason.OVERLOADED: Term(
        "overloaded", "서버의 영상 변환 한도 초과", "The server has no room left to convert this video"
    ),
    Reason.CLOSED: Term("closed", "카메라가 연결을 끊음", "The camera closed the connection"),
    Reason.STOPPED: Term("stopped", "요청이 없어 연결하지 않음", "Nobody asks for it"),
}

# Of a picture that arrives. They stand on the tile, before "since".
PICTURE_FAULTS = {
    PictureFault.BLACK: Term("black", "화면이 검게 나옴", "Black picture"),
    PictureFault.FROZEN: Term("frozen", "화면이 멈춰 있음", "Frozen picture"),
    PictureFault.COVERED: Term("covered", "렌즈가 가려짐", "Lens covered"),
    PictureFault.DEFOCUSED: Term("defocused", "화면이 흐림", "Blurred picture"),
    PictureFault.MOVED: Term("moved", "촬영 방향이 바뀜", "View has moved"),
}

# The camera is shared, yet the relay has not heard of it: at start, or when its address is not allowed.
UNKNOWN = Term("unknown", "카메라가 준비되지 않음", "The camera is not ready")


def feed(value: Feed, findings: Sequence[Finding] = (), *, utc: float, monotonic: float) -> dict[str, Any]:
    """One feed, and what is wrong with its picture. `utc` and `monotonic` are the same moment, in seconds."""

    def at(moment: float) -> str:
        return iso(utc - (monotonic - moment))

    state = value.state
    offline = state if isinstance(state, Offline) else None
    return {
        "state": STATES[type(state)],
        "since": at(state.since),
        "reason": _term(REASONS[offline.reason]) if offline is not None else None,
        "next_attempt_at": at(offline.next_attempt)
        if offline is not None and offline.next_attempt is not None
        else None,
        "newest_rtp": value.newest_rtp,
        "newest_at": iso(utc - value.newest_age_s) if value.newest_age_s is not None else None,
        "limit_ms": round(value.limit_s * 1000),
        "picture": _picture(findings, utc - monotonic),
    }


def unknown(*, utc: float) -> dict[str, Any]:
    """A camera that the relay says nothing of."""
    return {
        "state": "offline",
        "since": iso(utc),
        "reason": _term(UNKNOWN),
        "next_attempt_at": None,
        "newest_rtp": None,
        "newest_at": None,
        "limit_ms": 1000,
        "picture": [],
    }


def watched(camera_id: str, value: Watched, *, utc: float, monotonic: float) -> Json:
    """What the picture watch knows of a camera. `utc` and `monotonic` are the same moment, in seconds."""
    return {
        "camera": camera_id,
        "picture": _picture(value.findings, utc - monotonic),
        "looked_at": iso(utc - monotonic + value.looked_at),
        "light": value.light.value if value.light is not None else None,
        "views": sorted(light.value for light in value.views),
    }


def _picture(findings: Sequence[Finding], utc_of_monotonic: float) -> list[Json]:
    return [
        {**_term(PICTURE_FAULTS[finding.fault]), "since": iso(utc_of_monotonic + finding.since)}
        for finding in findings
    ]


def _term(term: Term) -> dict[str, str]:
    return {"code": term.code, "ko": term.ko, "en": term.en}
