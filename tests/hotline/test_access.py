"""Who may do what: every endpoint of the OpenAPI description against every role, and against strangers.

An endpoint that is not in the table fails the test, so that none can come in unnoticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hotline.house import house, share_body

EVERYBODY = {
    "nobody": 200,
    "administrator": 200,
    "operator": 200,
    "dispatcher": 200,
    "crew": 200,
    "stranger": 200,
}
SIGNED_IN = EVERYBODY | {"nobody": 401}
CENTRE = SIGNED_IN | {"dispatcher": 403, "crew": 403, "stranger": 403}
ADMINISTRATOR = CENTRE | {"operator": 403}
# The share goes to `room`: the dispatcher's. The crew and the stranger must not learn that it exists.
RECEIVER_OR_CENTRE = SIGNED_IN | {"crew": 404, "stranger": 404}
RECEIVER = dict.fromkeys(SIGNED_IN, 404) | {"nobody": 401, "dispatcher": 201}
# Cameras here are down: who holds a right is told that, and the operator opened the share.
LOOKER = dict.fromkeys(SIGNED_IN, 404) | {"nobody": 401, "operator": 409, "dispatcher": 409}

# Nobody turns a camera unless the city's policy says so: tests/hotline/test_ptz_api.py.
NONE = dict.fromkeys(SIGNED_IN, 403) | {"nobody": 401}

CREATED = {role: 201 if status == 200 else status for role, status in CENTRE.items()}
# Nothing is seen of the camera here: for those who may, the state forbids it.
NOT_SEEN = {role: 409 if status == 200 else status for role, status in CENTRE.items()}
STARTED = {role: 202 if status == 200 else status for role, status in CENTRE.items()}
BODIES: dict[tuple[str, str], Any] = {
    ("post", "/api/incidents"): {"kind": "fire", "latitude": 37.63, "longitude": 126.71},
    ("post", "/api/incidents/{incident}/preview"): {"cameras": ["camera-1"]},
    ("post", "/api/incidents/{incident}/shares"): share_body(),
    ("post", "/api/shares/{share}/extend"): {"minutes": 1},
    ("put", "/api/cameras/{camera}/masks"): {"masks": []},
    ("post", "/api/cameras/{camera}/ptz/lease"): {"purpose": "dispatch"},
    ("post", "/api/cameras/{camera}/ptz/move"): {"pan": 1.0},
    ("post", "/api/cameras/{camera}/ptz/preset"): {"preset": "1"},
}
ANY = {"If-Match": "*"}
TABLE: dict[tuple[str, str], dict[str, int]] = {
    ("get", "/api/session"): SIGNED_IN,
    ("get", "/api/city"): SIGNED_IN,
    ("get", "/api/cameras"): CENTRE,
    ("get", "/api/cameras/{camera}/masks"): CENTRE,
    ("put", "/api/cameras/{camera}/masks"): CENTRE,
    ("get", "/api/cameras/{camera}/masks/still.jpg"): NOT_SEEN,
    ("get", "/api/cameras/{camera}/snapshot.jpg"): LOOKER,
    ("get", "/api/cameras/{camera}/thumbnail.jpg"): LOOKER
    | {"dispatcher": 403, "crew": 403, "stranger": 403},
    ("get", "/api/units"): CENTRE,
    ("get", "/api/kinds"): SIGNED_IN,
    ("get", "/api/legal-bases"): SIGNED_IN,
    ("post", "/api/incidents"): CREATED,
    ("get", "/api/incidents"): CENTRE,
    ("get", "/api/incidents/{incident}"): CENTRE,
    ("post", "/api/incidents/{incident}/preview"): CREATED,
    ("post", "/api/incidents/{incident}/shares"): CREATED,
    ("get", "/api/shares"): SIGNED_IN,
    ("get", "/api/shares/{share}"): RECEIVER_OR_CENTRE,
    ("post", "/api/shares/{share}/extend"): CENTRE,
    ("post", "/api/shares/{share}/token"): RECEIVER,
    ("post", "/api/shares/{share}/end"): CENTRE,
    ("get", "/api/ptz"): SIGNED_IN,
    ("get", "/api/cameras/{camera}/ptz/lease"): NONE,
    ("post", "/api/cameras/{camera}/ptz/lease"): NONE,
    ("delete", "/api/cameras/{camera}/ptz/lease"): NONE,
    ("post", "/api/cameras/{camera}/ptz/move"): NONE,
    ("post", "/api/cameras/{camera}/ptz/stop"): NONE,
    ("post", "/api/cameras/{camera}/ptz/preset"): NONE,
    ("get", "/api/viewings"): CENTRE,
    ("get", "/api/audit"): CENTRE,
    ("get", "/api/audit/verification"): ADMINISTRATOR,
    ("get", "/api/metrics"): ADMINISTRATOR,
    ("get", "/api/statistics"): CENTRE,
    ("get", "/api/picture-watch"): CENTRE,
    ("post", "/api/picture-watch/{camera}/reference-view"): NOT_SEEN,
    ("get", "/api/health"): EVERYBODY,
    ("get", "/api/readiness"): CENTRE,
    ("get", "/api/cameras/{camera}/readiness"): CENTRE,
    ("post", "/api/incidents/{incident}/close"): CENTRE,
    ("post", "/api/readiness/sweep"): STARTED,
}
# Their own tests: a stream does not end, signing in and out changes who asks, WHEP asks for a token.
ELSEWHERE = {
    ("get", "/api/events"): "test_only_the_signed_in_hear_events",
    ("post", "/api/session"): "tests/hotline/test_session.py",
    ("delete", "/api/session"): "tests/hotline/test_session.py",
}


def described(schema: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (method, path)
        for path, methods in schema["paths"].items()
        for method in methods
        if not path.startswith("/whep/")
    }


async def test_every_endpoint_is_in_the_table(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        found = described(home.app.openapi())
    assert found == TABLE.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("who", list(SIGNED_IN))
async def test_every_role_gets_what_the_table_says(tmp_path: Path, who: str) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        share = (await home.share(operator, incident))["id"]
        asker = await home.client(None if who == "nobody" else who)
        answers = {}
        for (method, path), expected in TABLE.items():
            url = path.format(incident=incident, share=share, camera="camera-1")
            answer = await asker.request(method, url, json=BODIES.get((method, path)), headers=ANY)
            answers[method, path] = (answer.status_code, expected[who])
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
        assert {place: got for place, (got, wanted) in answers.items() if got != wanted} == {}


@pytest.mark.parametrize("who", ["administrator", "operator", "dispatcher", "crew"])
async def test_what_does_not_exist_is_not_found_for_whoever_may_ask(tmp_path: Path, who: str) -> None:
    async with house(tmp_path) as home:
        asker = await home.client(who)
        for (method, path), expected in TABLE.items():
            if "{" not in path or expected[who] == 403:
                continue
            url = path.format(incident="none", share="none", camera="none")
            answer = await asker.request(method, url, json=BODIES.get((method, path)), headers=ANY)
            assert answer.status_code == 404, (method, path)


async def test_a_foreign_share_and_no_share_are_the_same_answer(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, stranger = await home.client("operator"), await home.client("stranger")
        share = (await home.share(operator, (await home.incident(operator))["id"]))["id"]
        foreign = await stranger.get(f"/api/shares/{share}")
        missing = await stranger.get("/api/shares/none")
        assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)
        assert (await stranger.get("/api/shares")).json() == {"shares": []}


async def test_a_preview_is_its_owners_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, colleague = await home.client("operator"), await home.client("colleague")
        incident = (await home.incident(operator))["id"]
        answer = await operator.post(f"/api/incidents/{incident}/preview", json={"cameras": ["camera-1"]})
        preview = answer.json()["share"]
        assert (await operator.post(f"/api/shares/{preview}/token")).status_code == 201
        for path, method in (("", "get"), ("/token", "post"), ("/end", "post")):
            asked = await colleague.request(method, f"/api/shares/{preview}{path}")
            assert asked.status_code == 404, path
        assert (await colleague.get("/api/shares")).json() == {"shares": []}


async def test_only_the_signed_in_hear_events(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        answer = await (await home.client()).get("/api/events")
        assert answer.status_code == 401


async def test_no_unsafe_request_without_the_pages_proof(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        unsafe = [place for place in described(home.app.openapi()) if place[0] not in ("get", "head")]
        unsafe.remove(("post", "/api/session"))
        for headers in (
            {"X-CSRF-Token": ""},
            {"X-CSRF-Token": "0" * 64},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "null"},
        ):
            for method, path in unsafe:
                answer = await _try(operator, method, path, headers)
                assert answer.status_code == 403, (method, path, headers)
        assert (await operator.get("/api/session")).status_code == 200


async def _try(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    url = path.format(incident="none", share="none", camera="none")
    return await client.request(method, url, json=BODIES.get((method, path)), headers=headers)


async def test_whep_wants_a_token_not_a_session(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        answer = await operator.post(
            "/whep/camera-1", content="v=0", headers={"Content-Type": "application/sdp"}
        )
        assert answer.status_code == 401
