"""What the API tells of watched pictures, where views are kept, an operator's word on a new view."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import StreamsRoom
from hotline import feeds
from hotline.inventory import add_camera, remove_camera
from hotline.reference_views import ReferenceViews
from hotline.store.database import Database
from streams.camera import ProfileName
from streams.simulator import SimulatedCamera
from streams.watch.fault import Finding, PictureFault
from streams.watch.watch import Light
from streams.watch.watcher import Watched
from tests.hotline.house import NETWORKS, camera, house, records
from tests.support.city import city
from tests.support.waiting import until

_DEADLINE_S = 60.0  # some twenty keyframes on a busy machine


def test_every_fault_has_words_for_people() -> None:
    for fault in PictureFault:
        words = feeds.PICTURE_FAULTS[fault]
        assert words.code == fault.value
        assert words.ko
        assert words.en


def test_findings_say_since_when_by_the_wall_clock() -> None:
    findings = (Finding(PictureFault.FROZEN, 40.0), Finding(PictureFault.MOVED, 49.5))
    state = Watched(findings, 50.0, Light.NIGHT, frozenset({Light.NIGHT, Light.DAY}))
    assert feeds.watched("cam", state, utc=1_800_000_000.0, monotonic=51.0) == {
        "camera": "cam",
        "picture": [
            {
                "code": "frozen",
                "ko": "화면이 멈춰 있음",
                "en": "Frozen picture",
                "since": "2027-01-15T07:59:49.000Z",
            },
            {
                "code": "moved",
                "ko": "촬영 방향이 바뀜",
                "en": "View has moved",
                "since": "2027-01-15T07:59:58.500Z",
            },
        ],
        "looked_at": "2027-01-15T07:59:59.000Z",
        "light": "night",
        "views": ["day", "night"],
    }


async def test_views_are_kept_by_light_and_go_with_their_camera(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        shelf = ReferenceViews(made.database, time.time)
        assert await shelf.load("camera-1") == {}
        await shelf.save("camera-1", {"day": b"one", "night": b"two"})
        await shelf.save("camera-1", {"day": b"three"})
        await shelf.save("no-such-camera", {"day": b"four"})
        assert await shelf.load("camera-1") == {"day": b"three", "night": b"two"}
        assert await shelf.load("no-such-camera") == {}
        await remove_camera(made.database, "camera-1", actor=made.me, now=time.time())
        assert await shelf.load("camera-1") == {}
        await shelf.save("camera-1", {"day": b"too late"})
        assert await shelf.load("camera-1") == {}


async def test_a_view_nobody_can_have_seen_is_not_accepted(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, crew = await home.client("operator"), await home.client("crew")
        assert (await operator.get("/api/picture-watch")).json() == {"cameras": []}
        unseen = await operator.post("/api/picture-watch/camera-1/reference-view")
        assert unseen.status_code == 409
        assert unseen.json()["detail_ko"] == "지금 이 카메라의 영상이 없습니다. 먼저 영상을 여십시오."
        unknown = await operator.post("/api/picture-watch/no-such-camera/reference-view")
        assert unknown.status_code == 404
        assert "no-such-camera" in unknown.json()["detail_ko"]
        assert (await crew.post("/api/picture-watch/camera-1/reference-view")).status_code == 403
        assert (await operator.get("/api/audit")).text.count("reference_view") == 0


@pytest.mark.timeout(240)
async def test_from_the_lens_to_the_events_and_an_accepted_view_on_record(tmp_path: Path) -> None:
    simulated = SimulatedCamera("alley", "Alley", scene="alley", size=(640, 360), sub_size=None, gop_s=0.4)
    quick = StreamsRoom(picture_watch_s=0.5)
    async with city([simulated]) as made, house(tmp_path, over_http=True, streams=quick) as home:
        address = made.addresses["alley"][ProfileName.MAIN]
        await add_camera(
            home.records.database,
            camera(9, id="alley", main_url=address, sub_url=None),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        await home.share(operator, incident, cameras=["alley"])

        known = await _state_with(operator, lambda state: bool(state["views"]))
        assert known["camera"] == "alley"
        assert known["picture"] == []
        kept: Callable[[], bool | Awaitable[bool]] = partial(_kept, home.records.database)
        await until(kept, "the view is kept")  # it is told a moment before

        await made.fault("alley", "turn")
        turned = await _state_with(operator, lambda state: bool(state["picture"]))
        assert [each["code"] for each in turned["picture"]] == ["moved"]
        told = await _told_live(operator)
        assert [each["code"] for each in told["picture"]] == ["moved"]
        assert told["picture"][0].keys() == {"code", "ko", "en", "since"}

        administrator = await home.client("administrator")
        text = (await administrator.get("/api/metrics")).text
        assert 'hotline_picture_watch_cameras{state="moved"} 1.0' in text
        assert 'hotline_picture_watch_cameras{state="fine"} 0.0' in text
        assert 'hotline_picture_watch_cameras{state="not_watched"} 3.0' in text
        looks = re.search(r"(?m)^hotline_picture_watch_looks_total (\S+)", text)
        assert looks is not None and float(looks[1]) >= 1

        accepted = await operator.post("/api/picture-watch/alley/reference-view")
        assert accepted.status_code == 200
        await _state_with(operator, lambda state: not state["picture"] and bool(state["views"]))
        entry = (await operator.get("/api/audit?limit=1")).json()["entries"][0]["entry"]
        assert (entry["action"], entry["camera_id"]) == ("config", ["alley"])
        assert entry["detail"] == {"change": "reference_view_accepted"}
        assert entry["actor"] == "operator"


async def _kept(database: Database) -> bool:
    return bool(await ReferenceViews(database, time.time).load("alley"))


async def _state_with(
    operator: httpx.AsyncClient, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        cameras = (await operator.get("/api/picture-watch")).json()["cameras"]
        return next((state for state in cameras if wanted(state)), {})

    look: Callable[[], dict[str, Any] | Awaitable[dict[str, Any]]] = found
    return await until(look, "the watch says so", deadline=_DEADLINE_S)


async def _told_live(operator: httpx.AsyncClient) -> dict[str, Any]:
    """What the first feeds event says of the alley that says that it is live."""
    async with operator.stream("GET", "/api/events") as events:
        kind = ""
        async for line in events.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "feeds":
                told: dict[str, Any] = json.loads(line.removeprefix("data: "))["feeds"]["alley"]
                if told["state"] == "live":
                    return told
    pytest.fail("the stream ended before it told of a feed")


async def test_switched_off_nothing_is_looked_at(tmp_path: Path) -> None:
    async with house(tmp_path, streams=StreamsRoom(picture_watch=False)) as home:
        assert home.service.watcher.looks == 0
        assert (await (await home.client("operator")).get("/api/picture-watch")).json() == {"cameras": []}
