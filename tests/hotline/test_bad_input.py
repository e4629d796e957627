"""Whatever is wrong with a request: problem details that name the field, in two languages, never a 500."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.api import schema_base, schemas
from hotline.api.field_errors import field_errors
from tests.hotline.house import FIRE, house, share_body

JSON = {"Content-Type": "application/json"}
RIGHT = {"kind": "fire", "latitude": FIRE[0], "longitude": FIRE[1]}

INCIDENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"kind", "latitude", "longitude"}),
    (RIGHT | {"kind": 7}, {"kind"}),
    (RIGHT | {"kind": "party"}, {"kind"}),
    (RIGHT | {"latitude": "37.6"}, {"latitude"}),
    (RIGHT | {"latitude": None}, {"latitude"}),
    (RIGHT | {"latitude": True}, {"latitude"}),
    (RIGHT | {"latitude": 137.6}, {"latitude"}),
    (RIGHT | {"longitude": -126.7}, {"longitude"}),
    (RIGHT | {"latitude": 35.1, "longitude": 129.0}, {"latitude", "longitude"}),
    (RIGHT | {"latitude": 1e308}, {"latitude"}),
    (RIGHT | {"address": "x" * 201}, {"address"}),
    (RIGHT | {"priority": 1}, {"priority"}),
    (RIGHT | {"number": "x" * 65}, {"number"}),
]
SHARES: list[tuple[dict[str, Any], set[str]]] = [
    ({"cameras": []}, {"cameras"}),
    ({"cameras": "camera-1"}, {"cameras"}),
    ({"cameras": ["camera-1", 2]}, {"cameras.1"}),
    ({"cameras": ["no-such"]}, {"cameras.0"}),
    ({"units": []}, {"units"}),
    ({"units": None}, {"units"}),
    ({"units": ["no-such"]}, {"units.0"}),
    ({"minutes": -1}, {"minutes"}),
    ({"minutes": 0}, {"minutes"}),
    ({"minutes": 181}, {"minutes"}),
    ({"minutes": 1.5}, {"minutes"}),
    ({"minutes": "30"}, {"minutes"}),
    ({"minutes": 10**400}, {"minutes"}),
    ({"purpose": "curiosity"}, {"purpose"}),
    ({"legal_basis": ""}, {"legal_basis"}),
]


def assert_problem(answer: httpx.Response, status: int, fields: set[str]) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = schema_base.Problem.model_validate(answer.json())
    assert problem.status == status
    assert problem.type.startswith("urn:hotline:problem:")
    assert problem.title_ko
    assert {error.field for error in problem.errors} == fields
    assert all(error.message and error.message_ko for error in problem.errors)


async def test_incidents(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        for body, fields in INCIDENTS:
            assert_problem(await operator.post("/api/incidents", json=body), 422, fields)
        assert (await operator.get("/api/incidents")).json() == {"incidents": []}
        await home.incident(operator, number="119-1")
        again = await operator.post("/api/incidents", json=RIGHT | {"number": "119-1"})
        assert_problem(again, 409, {"number"})


async def test_shares(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        for fields, named in SHARES:
            answer = await operator.post(f"/api/incidents/{incident}/shares", json=share_body(**fields))
            assert_problem(answer, 422, named)
        for missing in share_body():
            body = {name: value for name, value in share_body().items() if name != missing}
            answer = await operator.post(f"/api/incidents/{incident}/shares", json=body)
            assert_problem(answer, 422, {missing})
        assert (await operator.get("/api/shares")).json() == {"shares": []}
        share = (await home.share(operator, incident))["id"]
        for minutes in (0, -1, 181, "x", None):
            answer = await operator.post(f"/api/shares/{share}/extend", json={"minutes": minutes})
            assert_problem(answer, 422, {"minutes"})


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1,", b"\xff\xfe", b"nan nan", b'{"latitude": 37', b"[" * 5000]
)
async def test_what_is_no_json(tmp_path: Path, content: bytes) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        answer = await operator.post("/api/incidents", content=content, headers=JSON)
        assert answer.status_code in (400, 422)
        assert_problem(answer, answer.status_code, {"body"})


async def test_json_that_is_no_object_and_numbers_that_are_none(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        for content in (b"[]", b"1", b'"x"', b"null"):
            answer = await operator.post("/api/incidents", content=content, headers=JSON)
            assert_problem(answer, 422, {"body"})
        for number in ("NaN", "Infinity", "1e999"):
            body = f'{{"kind": "fire", "latitude": {number}, "longitude": 126.7}}'
            answer = await operator.post("/api/incidents", content=body, headers=JSON)
            assert_problem(answer, 422, {"latitude"})


async def test_queries(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        for path, field in (
            (f"/api/incidents/{incident}?limit=0", "limit"),
            (f"/api/incidents/{incident}?limit=x", "limit"),
            (f"/api/incidents/{incident}?radius_m=-5", "radius_m"),
            ("/api/incidents?all=perhaps", "all"),
            ("/api/shares?state=sleeping", "state"),
            ("/api/viewings?limit=100000", "limit"),
            ("/api/audit?before=x", "before"),
        ):
            assert_problem(await operator.get(path), 422, {field})


async def test_a_key_that_is_none(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        for key in ("", "x" * 201):
            answer = await operator.post("/api/incidents", json=RIGHT, headers={"Idempotency-Key": key})
            assert_problem(answer, 422, {"Idempotency-Key"})


async def test_repeating_a_request_with_its_key_makes_nothing_twice(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        key = {"Idempotency-Key": "a key"}
        first = await operator.post("/api/incidents", json=RIGHT, headers=key)
        again = await operator.post("/api/incidents", json=RIGHT, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
        url = f"/api/incidents/{first.json()['id']}/shares"
        share = await operator.post(url, json=share_body(), headers={"Idempotency-Key": "b"})
        twice = await operator.post(url, json=share_body(), headers={"Idempotency-Key": "b"})
        assert twice.json() == share.json()
        assert_problem(await operator.post(url, json=share_body(), headers=key), 422, {"Idempotency-Key"})


async def test_paths_and_methods_that_are_not(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        assert_problem(await operator.get("/api/nothing"), 404, set())
        assert_problem(await operator.put("/api/incidents", json={}), 405, set())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_validation_error_has_a_field_and_words(data: st.DataObject) -> None:
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
    names = st.sampled_from(["kind", "latitude", "longitude", "cameras", "units", "minutes", "purpose"])
    body = data.draw(st.dictionaries(names, anything, max_size=7))
    for model in (schemas.NewIncident, schemas.NewShare, schemas.NewPreview):
        try:
            model.model_validate(body)
        except ValueError as error:
            found = [dict(each) | {"loc": ("body", *each["loc"])} for each in error.errors()]  # type: ignore[attr-defined] # pydantic's
            status, errors = field_errors(found)
            assert status == 422
            assert errors
            assert all(each.field and each.message and each.message_ko for each in errors)
            json.dumps([each.message for each in errors])
