"""Kinds of incident as 119 receives them (119긴급신고법 §2: 화재, 구조, 구급, 그 밖의 재난)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hotline.domain.words import Term

KINDS: Mapping[str, Term] = MappingProxyType(
    {
        term.code: term
        for term in (
            Term("fire", "화재", "Fire"),
            Term("wildfire", "산불", "Wildfire"),
            Term("explosion", "폭발·가스", "Explosion or gas"),
            Term("hazmat", "위험물 누출", "Hazardous material"),
            Term("rescue", "구조", "Rescue"),
            Term("medical", "구급", "Medical emergency"),
            Term("traffic", "교통사고", "Traffic accident"),
            Term("collapse", "붕괴", "Collapse"),
            Term("flood", "풍수해·침수", "Storm or flood"),
            Term("drowning", "수난 사고", "Water accident"),
            Term("missing_person", "실종·수색", "Missing person"),
            Term("crowd", "인파 밀집", "Crowd crush"),
            Term("other", "기타", "Other"),
        )
    }
)
