"""Views as JSON: the one place that decides how an incident, a share or a camera looks outside. Pure.

Used by the API's answers and by the event stream alike. Times become ISO 8601 in UTC with Z. Nothing here
ever sees a password, and a camera's address is for nobody.
"""

from __future__ import annotations

from typing import Any

from hotline.audit import iso
from hotline.domain.law import LegalBasis
from hotline.domain.nearby import Sight
from hotline.domain.readiness import FINDINGS, RESULTS
from hotline.domain.words import Term
from hotline.feeds import REASONS
from hotline.incidents import IncidentView
from hotline.inventory import CameraRecord, UnitRecord
from hotline.people.signing_in import Identity
from hotline.readiness import CameraReading
from hotline.share_view import SharedCamera, ShareView
from hotline.sweeper import Progress
from hotline.viewings import ViewingView
from streams.readiness import Reading

Json = dict[str, Any]


def time_or_none(seconds: float | None) -> str | None:
    """UTC seconds as text, if there are any."""
    return iso(seconds) if seconds is not None else None


def term(value: Term) -> Json:
    """A code with its words."""
    return {"code": value.code, "ko": value.ko, "en": value.en}


def legal_basis(value: LegalBasis) -> Json:
    """A legal basis with its article."""
    return {"code": value.code, "ko": value.ko, "en": value.en, "article": value.article}


def unit(value: UnitRecord) -> Json:
    """A unit."""
    return {
        "id": value.id,
        "name_ko": value.name_ko,
        "name_en": value.name_en,
        "kind": value.kind.value,
        "call_sign": value.call_sign,
    }


def user(identity: Identity) -> Json:
    """Who is signed in."""
    return {
        "id": identity.user.id,
        "username": identity.user.username,
        "name": identity.user.name,
        "role": identity.user.role.value,
        "unit": unit(identity.unit) if identity.unit is not None else None,
    }


def camera(value: CameraRecord) -> Json:
    """A camera of the inventory, for the centre: where it stands, never how it is reached."""
    return {
        "id": value.id,
        "name_ko": value.name_ko,
        "name_en": value.name_en,
        "site": value.site,
        "purpose": value.purpose,
        "latitude": value.latitude,
        "longitude": value.longitude,
        "heading": value.heading,
        "field_of_view": value.field_of_view,
        "masked": bool(value.masks),
    }


def shared_camera(value: SharedCamera) -> Json:
    """A camera of a share, for its receivers."""
    return {
        "id": value.id,
        "name_ko": value.name_ko,
        "name_en": value.name_en,
        "latitude": value.latitude,
        "longitude": value.longitude,
        "heading": value.heading,
        "distance_m": round(value.distance_m, 1),
        "direction_ko": value.direction_ko,
        "direction_en": value.direction_en,
    }


def reading(found: CameraReading | None) -> Json | None:
    """What a sweep found of a camera, if it ever did."""
    if found is None:
        return None
    return {
        "camera": found.camera_id,
        "at": iso(found.at),
        **_stream(found.reading),
        "sub": _stream(found.sub) if found.sub is not None else None,
    }


def _stream(seen: Reading) -> Json:
    return {
        "result": term(RESULTS[seen.readiness]),
        "reason": term(REASONS[seen.reason]) if seen.reason is not None else None,
        "detail": seen.detail,
        "findings": [term(FINDINGS[each]) for each in seen.findings],
        "codec": seen.codec,
        "profile": seen.profile,
        "width": seen.width,
        "height": seen.height,
        "frames_per_second": _rounded(seen.frames_per_second),
        "first_picture_s": _rounded(seen.first_picture_s),
        "keyframe_interval_s": _rounded(seen.keyframe_interval_s),
        "b_frames": seen.b_frames,
        "sets_in_band": seen.sets_in_band,
        "clock_offset_s": _rounded(seen.clock_offset_s),
    }


def sweep(value: Progress | None) -> Json | None:
    """How far a commanded sweep has come, if there was one since the start."""
    if value is None:
        return None
    return {
        "id": value.id,
        "started_at": iso(value.started_at),
        "total": value.total,
        "done": value.done,
        "skipped": value.skipped,
        "results": {result.value: value.results.get(result, 0) for result in RESULTS},
        "ended_at": time_or_none(value.ended_at),
    }


def candidate(rank: int, record: CameraRecord, sight: Sight, found: CameraReading | None) -> Json:
    """A camera offered for an incident, with why."""
    direction_ko, direction_en = sight.direction
    reason_ko, reason_en = sight.reason
    return {
        "rank": rank,
        "camera": camera(record),
        "distance_m": round(sight.distance_m, 1),
        "bearing_deg": round(sight.bearing_deg, 1),
        "direction_ko": direction_ko,
        "direction_en": direction_en,
        "faces": sight.faces,
        "reason_ko": reason_ko,
        "reason_en": reason_en,
        "readiness": reading(found),
    }


def incident(value: IncidentView) -> Json:
    """An incident, for the centre."""
    return {
        "id": value.id,
        "number": value.number,
        "kind": term(value.kind),
        "latitude": value.latitude,
        "longitude": value.longitude,
        "address": value.address,
        "summary": value.summary,
        "reported_at": iso(value.reported_at),
        "closed_at": time_or_none(value.closed_at),
    }


def share(value: ShareView) -> Json:
    """A share, for the centre and its receivers alike."""
    return {
        "id": value.id,
        "state": value.state,
        "incident": {
            "id": value.incident.id,
            "number": value.incident.number,
            "kind": term(value.incident.kind),
            "latitude": value.incident.latitude,
            "longitude": value.incident.longitude,
            "address": value.incident.address,
        },
        "cameras": [shared_camera(each) for each in value.cameras],
        "units": [unit(each) for each in value.units],
        "purpose": term(value.purpose),
        "legal_basis": legal_basis(value.legal_basis),
        "opened_by": {"id": value.opened_by, "name": value.opened_by_name},
        "opened_at": iso(value.opened_at),
        "ends_at": iso(value.ends_at),
        "ended_at": time_or_none(value.ended_at),
        "end_reason": term(value.end_reason) if value.end_reason is not None else None,
        "overlay": value.overlay,
        "watermark": value.watermark,
    }


def viewing(value: ViewingView) -> Json:
    """A viewing, for the centre."""
    return {
        "viewer_id": value.viewer_id,
        "share": value.share,
        "incident": value.incident,
        "camera": {"id": value.camera, "name_ko": value.camera_name_ko, "name_en": value.camera_name_en},
        "receiver": value.receiver,
        "person": value.person,
        "address": value.address,
        "opened_at": iso(value.opened_at),
        "closed_at": time_or_none(value.closed_at),
        "close_reason": value.close_reason,
        "bytes_sent": value.bytes_sent,
        "form": value.form,
    }


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if value is not None else None
