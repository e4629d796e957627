"""Purposes and legal bases a share must state, each with its article. Codes, never free text.

Design input, not legal advice. Sources: 119긴급신고의 관리 및 운영에 관한 법률 §11②, 같은 법 시행령 §7;
재난 및 안전관리 기본법 §74의3, §74의5; 개인정보 보호법 §17, §18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hotline.domain.words import Term


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A basis for giving pictures to the fire service.

    publish: the centre must publish basis, purpose and scope (PIPA §18④). notify: whoever is seen must be
    told (재난안전법 §74의3).
    """

    code: str
    ko: str
    en: str
    article: str
    publish: bool = False
    notify: bool = False


# 119긴급신고법 §11②1 names what pictures may be asked for: receiving the report, going out, acting jointly.
PURPOSES: Mapping[str, Term] = MappingProxyType(
    {
        term.code: term
        for term in (
            Term("dispatch", "출동", "Dispatch"),
            Term("report_receipt", "신고 접수", "Receipt of the report"),
            Term("joint_response", "공동대응", "Joint response"),
            Term("rescue", "인명 구조", "Saving life"),
            Term("disaster_response", "재난 대응", "Disaster response"),
        )
    }
)

LEGAL_BASES: Mapping[str, LegalBasis] = MappingProxyType(
    {
        basis.code: basis
        for basis in (
            LegalBasis(
                "119-act-11-2-1",
                "119 신고 접수·출동·공동대응을 위한 영상정보 요청",
                "Request for video to receive a 119 report, go out and act jointly",
                "119긴급신고법 제11조제2항제1호",
            ),
            LegalBasis(
                "119-decree-7-2",
                "재난관리책임기관에 대한 영상정보 요청",
                "Request for video from a disaster management agency",
                "119긴급신고법 시행령 제7조제2항",
            ),
            LegalBasis(
                "disaster-act-74-3",
                "재난 피해자 등의 영상정보를 긴급구조기관에 제공",
                "Video of victims given to an emergency rescue agency",
                "재난안전법 제74조의3",
                notify=True,
            ),
            LegalBasis(
                "disaster-act-74-5",
                "통합관제센터의 재난 대응 협력",
                "Cooperation of the integrated control centre in a disaster",
                "재난안전법 제74조의5",
            ),
            LegalBasis(
                "pipa-17-1-2",
                "수집 목적 범위 안에서의 제공",
                "Given within the purpose of collection",
                "개인정보 보호법 제17조제1항제2호",
            ),
            LegalBasis(
                "pipa-18-2-2",
                "다른 법률의 특별한 규정",
                "Special provision of another act",
                "개인정보 보호법 제18조제2항제2호",
                publish=True,
            ),
            LegalBasis(
                "pipa-18-2-3",
                "급박한 생명·신체·재산의 이익",
                "Urgent need of life, body or property",
                "개인정보 보호법 제18조제2항제3호",
                publish=True,
            ),
            LegalBasis(
                "pipa-18-2-10",
                "공중위생 등 공공의 안전을 위한 긴급한 필요",
                "Urgent need of public safety",
                "개인정보 보호법 제18조제2항제10호",
                publish=True,
            ),
        )
    }
)

# A preview is the centre's own look at its cameras, to choose what to share; it is on record all the same.
PREVIEW_PURPOSE = Term("choose_cameras", "공유할 카메라 확인", "Choosing the cameras to share")
PREVIEW_BASIS = "disaster-act-74-5"

# So is its look at a camera to say what nobody may see of it (개인정보 보호법 §25⑥, §29: safety measures).
MASKS_PURPOSE = Term("draw_masks", "개인정보 가림 영역 설정", "Drawing privacy masks")


def purpose(code: str) -> Term:
    """The purpose of a recorded share. Raises `KeyError` for a code that was never offered."""
    return PREVIEW_PURPOSE if code == PREVIEW_PURPOSE.code else PURPOSES[code]
