"""Single pictures: who gets one, what is on it, and that nobody looks without a record."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import update

from hotline import stills
from hotline.inventory import add_camera
from hotline.store.models import GrantRow
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.hotline.house import NETWORKS, House, camera, house
from tests.hotline.test_bad_input import assert_problem
from tests.hotline.test_masks import RIGHT
from tests.support.waiting import until


@asynccontextmanager
async def real_camera(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose camera `real` gives pictures."""
    async with coded_camera("H264", encode("H264", 50)) as main, house(tmp_path) as home:
        await add_camera(
            home.records.database,
            camera(9, id="real", main_url=main.url, sub_url=main.url),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        await home.service.reconciler.sync()
        yield home


def grey(answer: httpx.Response) -> NDArray[np.uint8]:
    """The picture of an answer that has one."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    taken = datetime.fromisoformat(answer.headers["Picture-Taken"]).timestamp()
    assert abs(time.time() - taken) < 60
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    found: NDArray[np.uint8] = picture.astype(np.uint8, copy=False)
    return found


async def preview(operator: httpx.AsyncClient, incident: str, **fields: Any) -> str:
    answer = await operator.post(f"/api/incidents/{incident}/preview", json={"cameras": ["real"], **fields})
    assert answer.status_code == 201, answer.text
    share: str = answer.json()["share"]
    return share


async def acts(operator: httpx.AsyncClient, *actions: str) -> list[dict[str, Any]]:
    """Entries of the record, the oldest first."""
    entries = [each["entry"] for each in (await operator.get("/api/audit")).json()["entries"]]
    return [each for each in reversed(entries) if each["action"] in actions]


async def test_a_snapshot_is_for_who_may_watch_and_each_is_on_record(tmp_path: Path) -> None:
    path = "/api/cameras/real/snapshot.jpg"
    async with real_camera(tmp_path) as home:
        operator, colleague, room, crew, stranger = [
            await home.client(who) for who in ("operator", "colleague", "dispatcher", "crew", "stranger")
        ]
        for client in (operator, room):
            assert_problem(await client.get(path), 404, set())
        assert (await (await home.client()).get(path)).status_code == 401
        incident = (await home.incident(operator))["id"]
        share = (await home.share(operator, incident, cameras=["real"]))["id"]
        assert grey(await room.get(path)).shape == (240, 320)
        assert grey(await room.get(path, params={"share": share, "profile": "sub"})).shape == (240, 320)
        assert grey(await operator.get(path)).mean() > 40  # he opened it
        for client in (colleague, crew, stranger):
            assert_problem(await client.get(path), 404, set())
        assert_problem(await room.get(path, params={"share": "another"}), 404, set())
        assert_problem(await room.get(path, params={"profile": "best"}), 422, {"profile"})

        entries = await acts(operator, "snapshot")
        assert [(each["actor"], each["receiver_org"], each["form"]) for each in entries] == [
            ("dispatcher", ["unit:room"], "정지 영상"),
            ("dispatcher", ["unit:room"], "정지 영상"),
            ("operator", [f"user:{home.records.users['operator']}"], "정지 영상"),
        ]
        assert all(each["share"] == share and each["camera_id"] == ["real"] for each in entries)
        seen = (await operator.get("/api/viewings")).json()["viewings"]
        assert [(each["form"], each["closed_at"] is not None) for each in seen] == [("snapshot", True)] * 3
        assert all(each["bytes_sent"] > 1000 for each in seen)

        await operator.post(f"/api/shares/{share}/end")
        assert_problem(await room.get(path), 404, set())
        assert_problem(await operator.get(path), 404, set())
        await preview(operator, incident)
        assert grey(await operator.get(path)).mean() > 40
        assert_problem(await colleague.get(path), 404, set())
        administrator = await home.client("administrator")
        assert (await administrator.get("/api/audit/verification")).json()["whole"] is True


async def test_masks_and_what_the_share_demands_are_on_it(tmp_path: Path) -> None:
    path = "/api/cameras/real/snapshot.jpg"
    async with real_camera(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        incident = (await home.incident(operator))["id"]
        plain = (await home.share(operator, incident, cameras=["real"]))["id"]
        marked = (await home.share(operator, incident, cameras=["real"], watermark=True, overlay=True))["id"]
        headers = {"If-Match": "*"}
        done = await operator.put("/api/cameras/real/masks", json={"masks": [RIGHT]}, headers=headers)
        assert done.status_code == 200
        for profile in ("main", "sub"):
            clean = grey(await room.get(path, params={"share": plain, "profile": profile}))
            assert clean[:, 164:].max() < 24 and clean[:, :100].mean() > 40
            text = grey(await room.get(path, params={"share": marked, "profile": profile}))
            assert (text[140:190, 164:260] > 180).any()  # the watermark runs over the black half
            assert (text[:30, 164:230] > 180).any()  # the clock


async def test_a_picture_to_draw_masks_on_is_for_the_centre_and_on_record(tmp_path: Path) -> None:
    path = "/api/cameras/real/masks/still.jpg"
    async with real_camera(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        assert grey(await operator.get(path))[:, 164:].mean() > 40  # no incident, no share
        done = await operator.put(
            "/api/cameras/real/masks", json={"masks": [RIGHT]}, headers={"If-Match": "*"}
        )
        assert done.status_code == 200
        masked = grey(await operator.get(path))
        assert masked[:, 164:].max() < 24 and masked[:, :100].mean() > 40
        assert_problem(await room.get(path), 403, set())
        assert (await (await home.client()).get(path)).status_code == 401
        assert_problem(await operator.get("/api/cameras/none/masks/still.jpg"), 404, set())
        down = await operator.get("/api/cameras/camera-1/masks/still.jpg")
        assert_problem(down, 409, set())
        entries = await acts(operator, "snapshot")
        assert [
            (each["actor"], each["purpose"], each["camera_id"], each["form"], "share" in each)
            for each in entries
        ] == [("operator", "draw_masks", ["real"], "정지 영상", False)] * 2
        assert all(each["bytes"] > 1000 and "북변시장" in each["camera_place"] for each in entries)
        assert (await operator.get("/api/viewings")).json()["viewings"] == []  # no share was looked at


async def test_a_camera_that_is_down_is_said_like_by_whep(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, room = await home.client("operator"), await home.client("dispatcher")
        incident = (await home.incident(operator))["id"]
        await home.share(operator, incident)
        answer = await room.get("/api/cameras/camera-1/snapshot.jpg")
        assert_problem(answer, 409, set())
        assert int(answer.headers["Retry-After"]) >= 1
        assert "port is closed" in answer.json()["detail"]
        assert (await operator.get("/api/viewings")).json()["viewings"] == []  # nobody saw anything


async def test_thumbnails_are_small_gentle_and_one_viewing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stills, "LOOK_S", 0.05)
    monkeypatch.setattr(stills, "FRESH_S", 600.0)
    monkeypatch.setattr(stills, "THUMBNAIL_WIDTH", 160)
    path = "/api/cameras/real/thumbnail.jpg"
    async with real_camera(tmp_path) as home:
        operator, colleague, room = [
            await home.client(who) for who in ("operator", "colleague", "dispatcher")
        ]
        incident = (await home.incident(operator))["id"]
        share = await preview(operator, incident, cameras=["real", "camera-1"], live=["camera-1"])
        mine = {"share": share}
        first = await operator.get(path, params=mine)
        assert grey(first).shape == (120, 160)
        again = await operator.get(path, params=mine)
        assert again.content == first.content  # not asked of the camera again
        assert_problem(await colleague.get(path, params=mine), 404, set())
        assert (await room.get(path, params=mine)).status_code == 403
        # A right to thumbnails is none to the picture.
        assert_problem(await operator.get("/api/cameras/real/snapshot.jpg"), 404, set())
        assert "real" not in {grant.camera for grant in await relay_grants(home)}

        (seen,) = (await operator.get("/api/viewings")).json()["viewings"]
        assert (seen["form"], seen["closed_at"]) == ("stills", None)

        async def closed() -> bool:
            (seen,) = (await operator.get("/api/viewings")).json()["viewings"]
            return seen["closed_at"] is not None and seen["bytes_sent"] == 2 * len(first.content)

        monkeypatch.setattr(stills, "QUIET_S", 0.0)
        done: Callable[[], bool | Awaitable[bool]] = closed
        await until(done, "the viewing of thumbnails ends when none is asked for")
        monkeypatch.setattr(stills, "QUIET_S", 600.0)
        grey(await operator.get(path, params=mine))
        assert len((await operator.get("/api/viewings")).json()["viewings"]) == 2
        kinds = [each["action"] for each in await acts(operator, "view_start", "view_end")]
        assert kinds == ["view_start", "view_end", "view_start"]
        # Watched live, it may be seen large; and the change of the right is on record.
        await preview(operator, incident, cameras=["real"])
        grey(await operator.get("/api/cameras/real/snapshot.jpg"))
        assert len(await acts(operator, "share_change")) == 1


async def relay_grants(home: House) -> list[Any]:
    """What the relay is given."""
    taken: list[Any] = []
    relay = home.service.reconciler._relay
    apply = relay.apply

    def noted(grants: Any) -> None:
        taken[:] = grants.grants
        apply(grants)

    relay.apply = noted  # type: ignore[method-assign]  # for once
    await home.service.reconciler.sync()
    relay.apply = apply  # type: ignore[method-assign]
    return taken


async def test_thumbnails_show_a_mask_at_once(tmp_path: Path) -> None:
    async with real_camera(tmp_path) as home:
        operator = await home.client("operator")
        share = await preview(operator, (await home.incident(operator))["id"], live=[])
        path, query = "/api/cameras/real/thumbnail.jpg", {"share": share}
        assert grey(await operator.get(path, params=query))[:, 200:].mean() > 40
        headers = {"If-Match": "*"}
        await operator.put("/api/cameras/real/masks", json={"masks": [RIGHT]}, headers=headers)
        assert grey(await operator.get(path, params=query))[:, 164:].max() < 24


async def test_thumbnails_end_on_the_record_when_the_service_stops(tmp_path: Path) -> None:
    async with real_camera(tmp_path) as home:
        operator = await home.client("operator")
        share = await preview(operator, (await home.incident(operator))["id"], live=[])
        await operator.get("/api/cameras/real/thumbnail.jpg", params={"share": share})
        database = home.records.database
    async with house_again(database) as closed:
        assert [each.close_reason for each in closed] == ["not looked at"]


@asynccontextmanager
async def house_again(database: Any) -> AsyncIterator[list[Any]]:
    """The viewings in a database whose service is gone."""
    from hotline.store.database import open_database
    from hotline.viewings import list_viewings

    opened = await open_database(str(database.engine.url))
    try:
        yield await list_viewings(opened)
    finally:
        await opened.close()


@pytest.mark.parametrize("live", [["camera-2"], ["camera-1", "none"]])
async def test_what_is_watched_must_be_among_the_cameras(tmp_path: Path, live: list[str]) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        body = {"cameras": ["camera-1"], "live": live}
        answer = await operator.post(f"/api/incidents/{incident}/preview", json=body)
        assert_problem(answer, 422, {f"live.{len(live) - 1}"})


@pytest.mark.parametrize("kind", ["snapshot", "thumbnail"])
async def test_a_mask_drawn_while_the_look_is_written_down_is_on_the_picture(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_camera(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        await preview(operator, incident)
        name = "looked" if kind == "snapshot" else "opened"
        written = getattr(home.service.stills._viewings, name)
        drawn: list[int] = []

        async def draws(*given: Any) -> Any:
            done = await written(*given)
            if not drawn:
                drawn.append(1)
                answer = await operator.put(
                    "/api/cameras/real/masks", json={"masks": [RIGHT]}, headers={"If-Match": "*"}
                )
                assert answer.status_code == 200
            return done

        monkeypatch.setattr(home.service.stills._viewings, name, draws)
        picture = grey(await operator.get(f"/api/cameras/real/{kind}.jpg"))
        assert drawn and picture[:, picture.shape[1] // 2 + 8 :].mean() < 24


async def test_a_mask_drawn_meanwhile_is_on_the_picture_to_draw_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_camera(tmp_path) as home:
        operator, colleague = await home.client("operator"), await home.client("colleague")
        written = home.service.stills._note_for_masks
        looks: list[int] = []

        async def draws(*given: Any) -> None:
            await written(*given)
            looks.append(1)
            if len(looks) == 1:
                answer = await colleague.put(
                    "/api/cameras/real/masks", json={"masks": [RIGHT]}, headers={"If-Match": "*"}
                )
                assert answer.status_code == 200

        monkeypatch.setattr(home.service.stills, "_note_for_masks", draws)
        picture = grey(await operator.get("/api/cameras/real/masks/still.jpg"))
        assert len(looks) == 2 and picture[:, 164:].max() < 24


async def test_a_thumbnail_that_was_waited_for_is_not_given_when_the_right_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_camera(tmp_path) as home:
        operator = await home.client("operator")
        incident = (await home.incident(operator))["id"]
        await preview(operator, incident)
        path = "/api/cameras/real/thumbnail.jpg"
        grey(await operator.get(path))  # the viewing goes on from here
        small = home.service.stills._small

        async def ends(camera: str) -> Any:
            still = await small(camera)
            async with home.records.database.write() as session:
                await session.execute(update(GrantRow).values(revoked_at=time.time()))
            return still

        monkeypatch.setattr(home.service.stills, "_small", ends)
        assert_problem(await operator.get(path), 404, set())
