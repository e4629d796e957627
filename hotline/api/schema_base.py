"""What the shapes of requests and answers have in common. Types only."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def example(**values: Any) -> ConfigDict:
    """Strict: a number is a number, not its text, and a field that is not known is an error."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [values]})


class Term(BaseModel):
    code: str
    ko: str
    en: str


class FieldProblem(BaseModel):
    field: str
    message: str
    message_ko: str


class Problem(BaseModel):
    """RFC 9457, with the words in Korean beside those in English."""

    type: str
    title: str
    title_ko: str
    status: int
    detail: str | None = None
    detail_ko: str | None = None
    errors: list[FieldProblem] = []
