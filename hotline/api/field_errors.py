"""pydantic's findings as field errors in our words. Pure. The input itself is never repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hotline.errors import FieldError

# {name} is filled from pydantic's context: bounds and lengths only, never the input.
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "필수 항목입니다"),
    "extra_forbidden": ("is not known here", "알 수 없는 항목입니다"),
    "json_invalid": ("is not JSON", "JSON 형식이 아닙니다"),
    "model_type": ("must be a JSON object", "JSON 객체여야 합니다"),
    "model_attributes_type": ("must be a JSON object", "JSON 객체여야 합니다"),
    "dict_type": ("must be a JSON object", "JSON 객체여야 합니다"),
    "string_type": ("must be text", "문자열이어야 합니다"),
    "string_too_short": (
        "must have at least {min_length} characters",
        "{min_length}자 이상이어야 합니다",
    ),
    "string_too_long": ("must have at most {max_length} characters", "{max_length}자 이하여야 합니다"),
    "string_pattern_mismatch": ("has a form that is not taken", "형식이 올바르지 않습니다"),
    "list_type": ("must be a list", "목록이어야 합니다"),
    "too_short": ("must have at least {min_length}", "{min_length}개 이상이어야 합니다"),
    "too_long": ("must have at most {max_length}", "{max_length}개 이하여야 합니다"),
    "int_type": ("must be a whole number", "정수여야 합니다"),
    "int_parsing": ("must be a whole number", "정수여야 합니다"),
    "int_from_float": ("must be a whole number", "정수여야 합니다"),
    "int_parsing_size": ("is too large a number", "수가 너무 큽니다"),
    "float_type": ("must be a number", "숫자여야 합니다"),
    "float_parsing": ("must be a number", "숫자여야 합니다"),
    "finite_number": ("must be a finite number", "유한한 숫자여야 합니다"),
    "bool_type": ("must be true or false", "true 또는 false여야 합니다"),
    "bool_parsing": ("must be true or false", "true 또는 false여야 합니다"),
    "greater_than": ("must be greater than {gt}", "{gt}보다 커야 합니다"),
    "greater_than_equal": ("must be at least {ge}", "{ge} 이상이어야 합니다"),
    "less_than": ("must be less than {lt}", "{lt}보다 작아야 합니다"),
    "less_than_equal": ("must be at most {le}", "{le} 이하여야 합니다"),
    "literal_error": ("must be one of {expected}", "허용된 값이 아닙니다"),
    "enum": ("must be one of {expected}", "허용된 값이 아닙니다"),
}
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})


def field_errors(found: Sequence[Any]) -> tuple[int, list[FieldError]]:
    """The status (400 for what is no JSON at all, else 422) and the errors, each field once."""
    status = 400 if any(each["type"] == "json_invalid" for each in found) else 422
    errors: dict[str, FieldError] = {}
    for each in found:
        name = _field(each)
        errors.setdefault(name, FieldError(name, *_words(each)))
    return status, list(errors.values())


def _field(each: Mapping[str, Any]) -> str:
    place = [str(part) for part in each["loc"]]
    if each["type"] == "json_invalid":  # pydantic says at which character; that is no field
        return "body"
    if place and place[0] in _PLACES and len(place) > 1:
        place = place[1:]
    return ".".join(place) or "body"


def _words(each: Mapping[str, Any]) -> tuple[str, str]:
    english, korean = _WORDS.get(each["type"], ("is not valid", "올바르지 않은 값입니다"))
    context = each.get("ctx") or {}
    try:
        return english.format(**context), korean.format(**context)
    except (KeyError, IndexError):
        return "is not valid", "올바르지 않은 값입니다"
