"""Turning cameras over HTTP: off by default, shapes, refusals with words."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from config.settings import Ptz
from hotline.actor import Role
from hotline.api import camera_schemas as schemas
from hotline.inventory import add_camera
from hotline.people.accounts import UserRecord
from hotline.people.signing_in import Identity
from tests.cameras.onvif import OnvifDevice, serve_onvif
from tests.hotline.house import NETWORKS, House, camera, house
from tests.hotline.test_api import shape
from tests.support.waiting import until

ON = Ptz(enabled=True)
PTZ = "/api/cameras/camera-9/ptz"


@asynccontextmanager
async def turning(directory: Path, ptz: Ptz = ON) -> AsyncIterator[tuple[House, OnvifDevice]]:
    async with serve_onvif() as device, house(directory, cameras=1, ptz=ptz) as home:
        made = home.records
        entered = camera(9, onvif_url=device.address, username="admin", password="right")
        await add_camera(
            made.database, entered, keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
        )
        await home.service.reconciler.sync()
        yield home, device


async def test_the_whole_way(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, device):
        operator = await home.client("operator")
        policy = await operator.get("/api/ptz")
        shape(schemas.PtzPolicy, policy)
        assert (policy.json()["allowed"], policy.json()["cameras"]) == (True, ["camera-9"])
        assert [term["code"] for term in policy.json()["purposes"]] == [
            "dispatch",
            "rescue",
            "disaster_response",
        ]
        incident = await home.incident(operator)
        taken = await operator.post(f"{PTZ}/lease", json={"purpose": "rescue", "incident": incident["id"]})
        shape(schemas.PtzLease, taken)
        lease = taken.json()
        assert (lease["holder"], lease["mine"], lease["return_preset"]) == ("operator", True, "1")
        assert lease["presets"][1] == {"token": "2", "name": "정문"}
        assert lease["ends_at"] < lease["latest_at"]
        shape(schemas.PtzState, await operator.get(f"{PTZ}/lease"))
        shape(schemas.PtzLease, await operator.post(f"{PTZ}/move", json={"pan": -1.0}))
        assert device.head.velocity == (-1.0, 0.0, 0.0)
        shape(schemas.PtzLease, await operator.post(f"{PTZ}/stop"))
        shape(schemas.PtzLease, await operator.post(f"{PTZ}/preset", json={"preset": "2"}))
        assert device.head.where() == "2"
        ended = await operator.delete(f"{PTZ}/lease")
        shape(schemas.PtzEnd, ended)
        assert device.head.where() == "1"
        assert (await operator.delete(f"{PTZ}/lease")).json() == {"returned": None}  # twice is once
        entries = [each["entry"] for each in (await operator.get("/api/audit")).json()["entries"]]
        turned = [entry for entry in entries if entry["action"] == "ptz"]
        assert len(turned) == 5
        assert {entry["incident_no"] for entry in turned} == {incident["number"]}


def _listens(user: str, name: str) -> Identity:
    return Identity(UserRecord(user, name, name, Role.OPERATOR, None), None, name, 0.0, 0.0, None)


async def test_drawing_a_mask_ends_the_lease_and_its_holder_is_told(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, device):
        operator, colleague = await home.client("operator"), await home.client("colleague")
        broker = home.service.broker
        holder, other = (_listens(home.records.users[who], who) for who in ("operator", "colleague"))
        with broker.listening(holder) as mine, broker.listening(other) as theirs:
            taken = (await operator.post(f"{PTZ}/lease", json={"purpose": "rescue"})).json()
            await operator.post(f"{PTZ}/preset", json={"preset": "2"})
            masks = {"masks": [[[0.5, 0.0], [1.0, 0.0], [1.0, 1.0]]]}
            drawn = await colleague.put("/api/cameras/camera-9/masks", json=masks, headers={"If-Match": "*"})
            assert drawn.status_code == 200
            refused = await operator.post(f"{PTZ}/move", json={"pan": 1.0})
            assert refused.status_code == 409
            await until(lambda: home.service.ptz.held("camera-9") is None, deadline=10)
            assert device.head.where() == "1"
            (told,) = [event for event in await mine.next() if event.type == "ptz"]
            assert json.loads(told.data) == {
                "lease": {"id": taken["id"], "camera": "camera-9"},
                "reason": {
                    "code": "masked",
                    "ko": "개인정보 가림 영역 설정",
                    "en": "Privacy masks were drawn",
                },
            }
            assert "ptz" not in {event.type for event in await theirs.next()}
        again = await operator.post(f"{PTZ}/lease", json={"purpose": "rescue"})
        assert again.status_code == 409 and "do not turn with it" in again.json()["detail"]
        assert (await operator.get("/api/ptz")).json()["cameras"] == []
        entries = [each["entry"] for each in (await operator.get("/api/audit")).json()["entries"]]
        ends = [each for each in entries if each["action"] == "ptz" and each["detail"]["act"] == "end"]
        assert [each["reason"] for each in ends] == ["masked"]


async def test_off_by_default(tmp_path: Path) -> None:
    async with turning(tmp_path, Ptz()) as (home, device):
        operator = await home.client("operator")
        assert (await operator.get("/api/ptz")).json() == {"allowed": False, "purposes": [], "cameras": []}
        for answer in await _everything(operator):
            assert answer.status_code == 403
            assert answer.json()["detail"] == "Turning cameras is not allowed by this city's policy."
            assert answer.json()["detail_ko"] == "이 도시의 운영 방침은 카메라 조작을 허용하지 않습니다."
        assert device.asked == []


async def test_other_roles_and_nobody(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, device):
        for name in ("administrator", "dispatcher", "crew"):
            client = await home.client(name)
            assert (await client.get("/api/ptz")).json()["allowed"] is False
            assert {answer.status_code for answer in await _everything(client)} == {403}
        assert {answer.status_code for answer in await _everything(await home.client())} == {401}
        assert device.asked == []


async def _everything(client: httpx.AsyncClient) -> list[httpx.Response]:
    return [
        await client.get(f"{PTZ}/lease"),
        await client.post(f"{PTZ}/lease", json={"purpose": "dispatch"}),
        await client.post(f"{PTZ}/move", json={"pan": 1.0}),
        await client.post(f"{PTZ}/stop"),
        await client.post(f"{PTZ}/preset", json={"preset": "1"}),
        await client.delete(f"{PTZ}/lease"),
    ]


async def test_bad_input_names_the_field_in_two_languages(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, _):
        operator = await home.client("operator")
        for path, body, field in (
            ("lease", {"purpose": "holiday"}, "purpose"),
            ("lease", {}, "purpose"),
            ("lease", {"purpose": "dispatch", "incident": "none"}, "incident"),
            ("move", {"pan": "fast"}, "pan"),
            ("move", {"pan": 1.5}, "pan"),
            ("move", {}, "pan"),
            ("move", {"speed": 1}, "speed"),
            ("preset", {}, "preset"),
        ):
            if path == "move":
                await operator.post(f"{PTZ}/lease", json={"purpose": "dispatch"})
            answer = await operator.post(f"{PTZ}/{path}", json=body)
            assert answer.status_code == 422, (path, body, answer.text)
            (error,) = answer.json()["errors"]
            assert error["field"] == field
            assert error["message"] and error["message_ko"]


async def test_two_operators(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, _):
        first, second = await home.client("operator"), await home.client("colleague")
        assert (await first.post(f"{PTZ}/move", json={"pan": 1.0})).status_code == 409
        await first.post(f"{PTZ}/lease", json={"purpose": "dispatch"})
        refused = await second.post(f"{PTZ}/lease", json={"purpose": "dispatch"})
        assert (refused.status_code, refused.json()["detail"]) == (409, "operator turns this camera now.")
        assert "조작하고 있습니다" in refused.json()["detail_ko"]
        seen = (await second.get(f"{PTZ}/lease")).json()["lease"]
        assert (seen["holder"], seen["mine"], seen["presets"]) == ("operator", False, [])


async def test_cameras_that_are_not_there(tmp_path: Path) -> None:
    async with turning(tmp_path) as (home, _):
        operator = await home.client("operator")
        for name in ("camera-1", "nothing", "%2e%2e"):
            answer = await operator.post(f"/api/cameras/{name}/ptz/lease", json={"purpose": "dispatch"})
            assert answer.status_code == 404


async def test_the_service_ends_with_every_camera_turned_back(tmp_path: Path) -> None:
    async with serve_onvif() as device:
        async with house(tmp_path, cameras=1, ptz=ON) as home:
            made = home.records
            entered = camera(9, onvif_url=device.address, username="admin", password="right")
            await add_camera(
                made.database, entered, keys=made.keys, networks=NETWORKS, actor=made.me, now=time.time()
            )
            await home.service.reconciler.sync()
            operator = await home.client("operator")
            await operator.post(f"{PTZ}/lease", json={"purpose": "dispatch"})
            await operator.post(f"{PTZ}/move", json={"pan": 1.0})
            assert device.head.where() is None
        await until(lambda: device.head.where() == "1")
