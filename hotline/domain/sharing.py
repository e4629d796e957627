"""What a share must say before it may be opened. Pure: which cameras and units exist is an argument."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hotline.domain.law import LEGAL_BASES, PURPOSES
from hotline.domain.words import Term
from hotline.errors import FieldError
from streams.recipe import Overlay

MOST_CAMERAS = 64
MOST_UNITS = 64

# Why a share is over, in words for people.
END_REASONS = {
    term.code: term
    for term in (
        Term("expired", "시간 만료", "Time is up"),
        Term("ended", "운영자가 종료", "Ended by the operator"),
        Term("incident_closed", "사건 종료", "Incident closed"),
    )
}


@dataclass(frozen=True, slots=True)
class OpenShare:
    """The operator's command: pictures of these cameras to these units, for so long, on this basis.

    overlay: with the camera's name and the time on each picture; watermark: with the receiving unit's name.
    """

    cameras: tuple[str, ...]
    units: tuple[str, ...]
    minutes: int
    purpose: str
    legal_basis: str
    overlay: bool = False
    watermark: bool = False

    def faults(
        self, known_cameras: Collection[str], known_units: Collection[str], max_minutes: int
    ) -> list[FieldError]:
        """Everything that is wrong, in the order of the fields."""
        return [
            *camera_faults(self.cameras, known_cameras),
            *_list_faults("units", self.units, known_units, MOST_UNITS, "unit", "수신처"),
            *minutes_faults(self.minutes, max_minutes),
            *_code_faults("purpose", self.purpose, PURPOSES),
            *_code_faults("legal_basis", self.legal_basis, LEGAL_BASES),
        ]


def demanded(overlay: bool, receiver: str) -> Overlay | None:
    """The text that a share wants on its pictures, None for none. receiver: the watermark, empty for none."""
    if not overlay and not receiver:
        return None
    return Overlay(name=overlay, clock=overlay, watermark=receiver)


def camera_faults(cameras: tuple[str, ...], known: Collection[str]) -> list[FieldError]:
    """What is wrong with a choice of cameras."""
    return _list_faults("cameras", cameras, known, MOST_CAMERAS, "camera", "카메라")


def minutes_faults(minutes: int, max_minutes: int) -> list[FieldError]:
    """What is wrong with a duration."""
    if 1 <= minutes <= max_minutes:
        return []
    return [
        FieldError(
            "minutes",
            f"must be from 1 to {max_minutes}",
            f"1분 이상 {max_minutes}분 이하여야 합니다",
        )
    ]


def _list_faults(
    field: str, given: tuple[str, ...], known: Collection[str], most: int, thing: str, thing_ko: str
) -> list[FieldError]:
    if not given:
        return [
            FieldError(field, f"at least one {thing} is needed", f"{thing_ko}를 하나 이상 선택해야 합니다")
        ]
    if len(given) > most:
        return [FieldError(field, f"at most {most} are allowed", f"{most}개까지 선택할 수 있습니다")]
    return [
        FieldError(f"{field}.{index}", f"there is no such {thing}", f"그런 {thing_ko}가 없습니다")
        for index, name in enumerate(given)
        if name not in known
    ]


def _code_faults(field: str, code: str, known: Collection[str]) -> list[FieldError]:
    if code in known:
        return []
    return [FieldError(field, f"must be one of {', '.join(known)}", "목록에 있는 코드여야 합니다")]
