"""A code with its words, Korean and English. The shape of every list that people choose from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of a list: what the API says, and what people read."""

    code: str
    ko: str
    en: str
