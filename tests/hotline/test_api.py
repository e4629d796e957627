"""The whole way over the API, and every answer against the shape that OpenAPI gives it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel

from hotline.api import camera_schemas, schemas
from relay.token import verify
from tests.hotline.house import FIRE, house, share_body


def shape(model: type[BaseModel], answer: httpx.Response) -> None:
    """The answer has exactly the fields of `model`."""
    assert answer.is_success, answer.text
    parsed = model.model_validate(answer.json(), strict=True)
    assert parsed.model_dump(mode="json") == answer.json()


async def test_answers_have_the_shapes_that_are_promised(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        administrator = await home.client("administrator")
        shape(schemas.Session, await room.get("/api/session"))
        shape(schemas.City, await room.get("/api/city"))
        shape(camera_schemas.Cameras, await operator.get("/api/cameras"))
        shape(camera_schemas.Masks, await operator.get("/api/cameras/camera-1/masks"))
        shape(schemas.Units, await operator.get("/api/units"))
        shape(schemas.Kinds, await room.get("/api/kinds"))
        shape(schemas.LegalBases, await room.get("/api/legal-bases"))
        body = {"kind": "fire", "latitude": FIRE[0], "longitude": FIRE[1]}
        reported = await operator.post("/api/incidents", json=body)
        shape(schemas.IncidentWithCandidates, reported)
        incident = f"/api/incidents/{reported.json()['id']}"
        shape(schemas.IncidentWithCandidates, await operator.get(incident))
        shape(schemas.Incidents, await operator.get("/api/incidents"))
        shape(schemas.Preview, await operator.post(f"{incident}/preview", json={"cameras": ["camera-1"]}))
        opened = await operator.post(f"{incident}/shares", json=share_body())
        shape(schemas.Share, opened)
        share = f"/api/shares/{opened.json()['id']}"
        shape(schemas.Share, await room.get(share))
        shape(schemas.Shares, await room.get("/api/shares"))
        shape(schemas.Share, await operator.post(f"{share}/extend", json={"minutes": 1}))
        shape(schemas.Token, await room.post(f"{share}/token"))
        shape(schemas.Share, await operator.post(f"{share}/end"))
        shape(schemas.Incident, await operator.post(f"{incident}/close"))
        shape(schemas.Viewings, await operator.get("/api/viewings"))
        shape(schemas.AuditEntries, await operator.get("/api/audit"))
        shape(schemas.AuditVerification, await administrator.get("/api/audit/verification"))
        shape(schemas.Health, await room.get("/api/health"))


async def test_candidates_are_ranked_with_reasons(tmp_path: Path) -> None:
    async with house(tmp_path, cameras=12) as home:
        operator = await home.client("operator")
        incident = await home.incident(operator)
        candidates = incident["candidates"]
        assert [each["rank"] for each in candidates] == list(range(1, 10))
        assert [each["camera"]["id"] for each in candidates[:2]] == ["camera-1", "camera-2"]
        first = candidates[0]
        assert (first["direction_ko"], first["direction_en"], first["faces"]) == ("북쪽", "north", None)
        assert (first["reason_ko"], first["reason_en"]) == ("북쪽 55m", "55 m north")
        assert "main_url" not in first["camera"]
        few = await operator.get(f"/api/incidents/{incident['id']}?limit=2&radius_m=5000")
        assert len(few.json()["candidates"]) == 2
        near = await operator.get(f"/api/incidents/{incident['id']}?radius_m=100")
        assert [each["camera"]["id"] for each in near.json()["candidates"]] == ["camera-1"]


async def test_a_camera_known_to_be_down_comes_last(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        incident = await home.incident(operator)
        assert incident["candidates"][0]["camera"]["id"] == "camera-1"
        await home.share(operator, incident["id"], cameras=["camera-1"])

        async def ranked() -> list[dict[str, Any]]:
            found = await operator.get(f"/api/incidents/{incident['id']}")
            candidates: list[dict[str, Any]] = found.json()["candidates"]
            return candidates

        # Not tried yet, or tried again just now, it does not count as down.
        async with asyncio.timeout(10):
            while (again := await ranked())[0]["camera"]["id"] == "camera-1":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert again[0]["camera"]["id"] == "camera-2"
        (down_one,) = [each for each in again if each["camera"]["id"] == "camera-1"]
        assert down_one["reason_en"] == "55 m north, no picture at present"


async def test_tokens_speak_for_the_receiver_under_the_share_for_ten_minutes(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        incident = (await home.incident(operator))["id"]
        share = await home.share(operator, incident)
        key = home.service.token_key
        issued = (await room.post(f"/api/shares/{share['id']}/token")).json()
        token = verify(key, issued["token"], time.time())
        assert (token.receiver, token.share, token.person) == (
            "unit:room",
            share["id"],
            home.records.users["dispatcher"],
        )
        assert 590 < token.expires_at - time.time() <= 600
        previewed = await operator.post(f"/api/incidents/{incident}/preview", json={"cameras": ["camera-3"]})
        token = verify(key, previewed.json()["token"], time.time())
        assert token.receiver == f"user:{home.records.users['operator']}"
        assert token.share == previewed.json()["share"]
        await operator.post(f"/api/shares/{share['id']}/end")
        assert (await room.post(f"/api/shares/{share['id']}/token")).status_code == 409


async def test_the_relay_knows_before_the_operator_is_answered(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        share = await home.share(operator, (await home.incident(operator))["id"])
        token = (await room.post(f"/api/shares/{share['id']}/token")).json()["token"]
        offer = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        covered = await room.post("/whep/camera-1", content="v=0", headers=offer)
        other = await room.post("/whep/camera-3", content="v=0", headers=offer)
        assert covered.status_code == 400  # let in; what it brings is no offer
        assert other.status_code == 404
        await operator.post(f"/api/shares/{share['id']}/end")
        ended = await room.post("/whep/camera-1", content="v=0", headers=offer)
        assert ended.status_code == 404
