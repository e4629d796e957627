"""A table of cameras as CSV: every fault with its row. Pure. UTF-8, with a mark or not, else CP949.

Columns by name, in any order: id, name_ko, name_en, site, purpose, latitude, longitude, main (or main_url);
and, where known, heading, field_of_view, sub (or sub_url), onvif (or onvif_url), username, password.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from hotline.domain.camera import NewCamera, faults
from hotline.errors import FieldError

_REQUIRED = ("id", "name_ko", "name_en", "site", "purpose", "latitude", "longitude", "main_url")
_OPTIONAL = ("heading", "field_of_view", "sub_url", "onvif_url", "username", "password")
_ALIASES = {"main": "main_url", "sub": "sub_url", "onvif": "onvif_url"}
_LARGEST = (
    50_000  # rows; the largest control centre of the country has about 100,000 cameras in all districts
)


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong in one row. `row` counts lines of the file from 1, the header being line 1."""

    row: int
    error: FieldError


def decode(content: bytes) -> str | None:
    """The text of a CSV file, or None when it is in neither of the two encodings."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def parse(text: str) -> tuple[list[tuple[int, NewCamera]], list[RowFault]]:
    """The cameras with their rows, and every fault found; a row with a fault gives no camera."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    cameras: list[tuple[int, NewCamera]] = []
    found: list[RowFault] = []
    try:
        header = [_ALIASES.get(name.strip(), name.strip()) for name in next(reader, [])]
        found += [RowFault(1, error) for error in _header_faults(header)]
        if found:
            return [], found
        seen: dict[str, int] = {}
        for cells in reader:
            row = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cameras) >= _LARGEST:
                found.append(_fault(row, "id", f"more than {_LARGEST} rows", f"{_LARGEST}행을 넘습니다"))
                break
            if len(cells) != len(header):
                found.append(
                    _fault(
                        row,
                        "row",
                        f"has {len(cells)} values where the header has {len(header)}",
                        f"값이 {len(cells)}개인데 머리글은 {len(header)}개입니다",
                    )
                )
                continue
            camera, errors = _camera({name: cell.strip() for name, cell in zip(header, cells, strict=True)})
            if camera is not None and camera.id in seen:
                errors.append(
                    FieldError(
                        "id", f"is the same as in row {seen[camera.id]}", f"{seen[camera.id]}행과 같습니다"
                    )
                )
            found += [RowFault(row, error) for error in errors]
            if camera is not None and not errors:
                seen[camera.id] = row
                cameras.append((row, camera))
    except csv.Error:
        found.append(_fault(reader.line_num, "row", "is not CSV", "CSV 형식이 아닙니다"))
    return cameras, found


def _header_faults(header: list[str]) -> list[FieldError]:
    known = set(_REQUIRED) | set(_OPTIONAL)
    errors = [
        FieldError(name, "column is missing", "열이 없습니다") for name in _REQUIRED if name not in header
    ]
    errors += [
        FieldError(name or "header", "is no known column", "알 수 없는 열입니다")
        for name in header
        if name not in known
    ]
    errors += [
        FieldError(name, "column is there twice", "열이 두 번 있습니다")
        for name in sorted(known)
        if header.count(name) > 1
    ]
    return errors


def _camera(cells: dict[str, str]) -> tuple[NewCamera | None, list[FieldError]]:
    errors: list[FieldError] = []
    numbers: dict[str, float | None] = {}
    for name in ("latitude", "longitude", "heading", "field_of_view"):
        text = cells.get(name, "")
        if not text and name not in _REQUIRED:
            numbers[name] = None
            continue
        try:
            numbers[name] = float(text)
        except ValueError:
            errors.append(FieldError(name, "is not a number", "숫자가 아닙니다"))
    if errors:
        return None, errors
    camera = NewCamera(
        id=cells["id"],
        name_ko=cells["name_ko"],
        name_en=cells["name_en"],
        site=cells["site"],
        purpose=cells["purpose"],
        latitude=numbers["latitude"] or 0.0,
        longitude=numbers["longitude"] or 0.0,
        main_url=cells["main_url"],
        sub_url=cells.get("sub_url") or None,
        onvif_url=cells.get("onvif_url") or None,
        heading=numbers["heading"],
        field_of_view=numbers["field_of_view"],
        username=cells.get("username") or None,
        password=cells.get("password") or None,
    )
    return camera, faults(camera)


def _fault(row: int, field: str, message: str, message_ko: str) -> RowFault:
    return RowFault(row, FieldError(field, message, message_ko))
