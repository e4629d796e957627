"""What nobody may see of a camera: who may say so, how it is refused, and that it holds at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hotline.domain import masks as rules
from hotline.errors import Invalid
from hotline.inventory import add_camera, remove_camera
from relay.client import WatchError, WhepViewer
from streams.mask import checked
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera, playing, sdp
from tests.cameras.fake import Asked, FakeCamera, Manners, Talk
from tests.hotline.house import NETWORKS, House, camera, house
from tests.hotline.test_bad_input import assert_problem

RIGHT = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]

BAD: list[tuple[Any, set[str]]] = [
    (None, {"masks"}),
    ("all of it", {"masks"}),
    ([RIGHT[:2]], {"masks.0"}),
    ([RIGHT, []], {"masks.1"}),
    ([[[0.1, 0.1], [0.2, 0.1], [0.2, 1.01]]], {"masks.0.2"}),
    ([[[0.1, 0.1], [0.2, 0.1], [-0.2, 0.1]]], {"masks.0.2"}),
    ([[[0.1, 0.1], [0.2], [0.2, 0.1, 0.3]]], {"masks.0.1", "masks.0.2"}),
    ([[[0.1, 0.1], [0.2, "0.1"], [0.2, 0.3]]], {"masks.0.1.1"}),
    ([[[0.1, 0.1], [0.2, True], [0.2, 0.3]]], {"masks.0.1.1"}),
    ([RIGHT] * 33, {"masks"}),
    ([RIGHT * 17], {"masks.0"}),
    ([RIGHT] * 300, {"masks"}),
]


async def test_masks_are_kept_shown_and_on_record(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator, colleague = await home.client("operator"), await home.client("colleague")
        path = "/api/cameras/camera-1/masks"
        empty = await operator.get(path)
        assert (empty.json(), empty.headers["Cache-Control"]) == ({"masks": []}, "no-store")
        assert_problem(await operator.put(path, json={"masks": [RIGHT]}), 428, set())
        first = await operator.put(path, json={"masks": [RIGHT]}, headers={"If-Match": empty.headers["ETag"]})
        assert first.status_code == 200, first.text
        assert first.json() == {"masks": [RIGHT]} == (await colleague.get(path)).json()
        known = home.service.directory.camera("camera-1")
        assert known is not None and [list(map(list, each)) for each in known.masks] == [RIGHT]
        cameras = (await operator.get("/api/cameras")).json()["cameras"]
        assert {each["id"]: each["masked"] for each in cameras} == {
            "camera-1": True,
            "camera-2": False,
            "camera-3": False,
        }
        # Somebody who saw the empty picture does not undo what a colleague drew.
        late = await colleague.put(path, json={"masks": []}, headers={"If-Match": empty.headers["ETag"]})
        assert_problem(late, 412, set())
        assert (await operator.get(path)).json() == {"masks": [RIGHT]}
        forced = await operator.put(path, json={"masks": [LEFT]}, headers={"If-Match": "*"})
        assert forced.headers["ETag"] not in (empty.headers["ETag"], first.headers["ETag"])
        entries = (await operator.get("/api/audit")).json()["entries"]
        acts = [each["entry"] for each in entries if each["entry"]["action"] == "config"]
        assert acts[0]["detail"] == {"change": "masks_changed", "before": [RIGHT], "after": [LEFT]}
        assert (acts[0]["actor"], acts[0]["camera_id"]) == ("operator", ["camera-1"])


@pytest.mark.parametrize(("masks", "fields"), BAD)
async def test_what_is_no_mask_is_refused_by_its_place(tmp_path: Path, masks: Any, fields: set[str]) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        path = "/api/cameras/camera-1/masks"
        answer = await operator.put(path, json={"masks": masks}, headers={"If-Match": "*"})
        assert_problem(answer, 422, fields)
        assert (await operator.get(path)).json() == {"masks": []}


async def test_masks_are_the_centres_business(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for who, status in (("dispatcher", 403), ("crew", 403), (None, 401)):
            client = await home.client(who)
            headers = {"If-Match": "*"}
            assert (await client.get("/api/cameras/camera-1/masks")).status_code == status
            answer = await client.put("/api/cameras/camera-1/masks", json={"masks": []}, headers=headers)
            assert answer.status_code == status
        operator = await home.client("operator")
        assert_problem(await operator.get("/api/cameras/none/masks"), 404, set())
        answer = await operator.put("/api/cameras/none/masks", json={"masks": []}, headers={"If-Match": "*"})
        assert_problem(answer, 404, set())


corner = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(st.lists(corner, min_size=3, max_size=64), max_size=8))
def test_what_is_kept_is_what_was_drawn_and_can_be_burned_in(drawn: list[list[tuple[float, float]]]) -> None:
    kept = rules.load(rules.dump(rules.checked(drawn)))
    assert kept == tuple(map(tuple, drawn)) == checked(kept)
    assert rules.etag(kept) == rules.etag(rules.checked(drawn))


def inside(place: list[float]) -> bool:
    return len(place) == 2 and all(math.isfinite(part) and 0 <= part <= 1 for part in place)


@given(st.lists(st.lists(st.lists(st.floats(), max_size=3), max_size=5), max_size=3))
def test_whatever_is_taken_can_be_burned_in(drawn: list[list[list[float]]]) -> None:
    try:
        kept = rules.checked(drawn)
    except Invalid as refused:
        assert all(error.field.startswith("masks") for error in refused.errors)
        assert any(
            len(polygon) < 3
            or any(len(c) != 2 or not all(math.isfinite(p) and 0 <= p <= 1 for p in c) for c in polygon)
            for polygon in drawn
        )
    else:
        assert checked(kept) == kept


# The whole way.


@asynccontextmanager
async def watched(tmp_path: Path, source: FakeCamera | None = None) -> AsyncIterator[tuple[House, str, str]]:
    """A house with one real camera, shared: the house, the share, a viewing token."""
    async with (
        source or coded_camera("H264", encode("H264", 50)) as main,
        house(tmp_path, over_http=True) as home,
    ):
        await add_camera(
            home.records.database,
            camera(9, id="real", main_url=main.url, sub_url=main.url),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        operator, room = await home.client("operator"), await home.client("dispatcher")
        incident = (await home.incident(operator))["id"]
        share = (await home.share(operator, incident, cameras=["real"]))["id"]
        yield home, share, (await room.post(f"/api/shares/{share}/token")).json()["token"]


def covered_right(frame: NDArray[np.uint8]) -> bool:
    """Whether the right half is black and the left is not."""
    width = frame.shape[1]
    return bool(frame[:, width // 2 + 4 :].mean() < 24 and frame[:, : width // 3].mean() > 40)


@pytest.mark.parametrize("profile", ["main", "sub"])
async def test_a_mask_drawn_while_somebody_watches_holds_from_the_answer_on(
    tmp_path: Path, profile: str
) -> None:
    """In the viewer's own decoded pictures: after the answer none comes that shows what is covered, and the
    masked ones go on where the others ended, on the same connection."""
    async with watched(tmp_path) as (home, _, token):
        operator = await home.client("operator")
        url = f"{home.base_url}/whep/real?profile={profile}"
        async with WhepViewer.open(url, token, host="127.0.0.1", decode=True) as viewer:
            first = await viewer.wait_picture(deadline=15)
            assert first.frame is not None and not covered_right(first.frame)
            answer = await operator.put(
                "/api/cameras/real/masks", json={"masks": [RIGHT]}, headers={"If-Match": "*"}
            )
            assert answer.status_code == 200
            seen: list[bool] = []
            number = first.number
            async with asyncio.timeout(15):
                while seen.count(True) < 25:
                    picture = await viewer.wait_picture(after=number)
                    number = picture.number
                    if picture.frame is not None:
                        seen.append(covered_right(picture.frame))
            # At most what had left already; and never again.
            assert seen == sorted(seen) and seen.count(False) <= 25
            assert viewer.ended is None


async def test_a_masked_camera_that_is_taken_out_shows_nothing_more(tmp_path: Path) -> None:
    """Its masks are gone with its record, and it sends on until it has answered TEARDOWN: to nobody."""

    let_go = asyncio.Event()

    async def late(_talk: Talk, _asked: Asked) -> None:
        await let_go.wait()

    media = playing("H264", encode("H264", 25, gop=5))
    manners = Manners(sdp=sdp("H264"), media=media, replies={"TEARDOWN": late})
    async with watched(tmp_path, FakeCamera(manners)) as (home, _, token):
        operator = await home.client("operator")
        headers = {"If-Match": "*"}
        answer = await operator.put("/api/cameras/real/masks", json={"masks": [RIGHT]}, headers=headers)
        assert answer.status_code == 200
        url = f"{home.base_url}/whep/real"
        async with WhepViewer.open(url, token, host="127.0.0.1", decode=True) as viewer:
            picture = await viewer.wait_picture(deadline=15)
            assert picture.frame is not None and covered_right(picture.frame)
            database, me = home.records.database, home.records.me
            await remove_camera(database, "real", actor=me, now=time.time())
            seen: list[bool] = []
            with pytest.raises((WatchError, TimeoutError)):
                async with asyncio.timeout(15):
                    while True:
                        picture = await viewer.wait_picture(after=picture.number)
                        if picture.frame is not None:
                            seen.append(covered_right(picture.frame))
            assert all(seen) and viewer.ended is not None
        let_go.set()
