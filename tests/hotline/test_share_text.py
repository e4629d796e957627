"""Text on the picture as a share demands it: on every picture of that share, and on no other's."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from hotline.inventory import add_camera
from relay.client import WhepViewer
from relay.grant import Grant
from streams.recipe import Overlay
from tests.cameras.coded import encode
from tests.cameras.coded_camera import coded_camera
from tests.hotline.house import NETWORKS, House, camera, house
from tests.hotline.test_bad_input import assert_problem
from tests.hotline.test_stills import relay_grants


def marked(frame: NDArray[np.uint8]) -> bool:
    """White letters in the middle and at the lower edge, where the tests' drawing has at most 200."""
    return bool((frame[145:190, 40:280] > 222).any() and (frame[-30:, 110:210] > 222).any())


async def token(client: httpx.AsyncClient, share: str) -> str:
    found: str = (await client.post(f"/api/shares/{share}/token")).json()["token"]
    return found


async def frames(viewer: WhepViewer, count: int) -> list[NDArray[np.uint8]]:
    """The newest pictures, from now on."""
    found: list[NDArray[np.uint8]] = []
    number = 0
    async with asyncio.timeout(20):
        while len(found) < count:
            picture = await viewer.wait_picture(after=number, deadline=15)
            number = picture.number
            if picture.frame is not None:
                found.append(picture.frame)
    return found


async def test_text_is_on_every_picture_of_the_share_that_demands_it(tmp_path: Path) -> None:
    video = encode("H264", 50)
    async with coded_camera("H264", video) as source, house(tmp_path, over_http=True) as home:
        await add_camera(
            home.records.database,
            camera(9, id="real", main_url=source.url, sub_url=source.url),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        operator, room, crew = [await home.client(who) for who in ("operator", "dispatcher", "crew")]
        incident = (await home.incident(operator))["id"]
        with_text = await home.share(
            operator, incident, cameras=["real"], units=["room"], overlay=True, watermark=True
        )
        clean = await home.share(operator, incident, cameras=["real"], units=["truck"])
        assert (with_text["overlay"], with_text["watermark"]) == (True, True)
        assert (clean["overlay"], clean["watermark"]) == (False, False)
        url = f"{home.base_url}/whep/real"

        def watching(bearer: str, profile: str) -> Any:
            return WhepViewer.open(url, bearer, host="127.0.0.1", decode=True, profile=profile, deadline=15)

        async with (
            watching(await token(room, with_text["id"]), "main") as first,
            watching(await token(room, with_text["id"]), "sub") as second,
            watching(await token(crew, clean["id"]), "main") as third,
        ):
            for viewer in (first, second):
                assert all(marked(frame) for frame in await frames(viewer, 10))
            newest = await third.wait_picture(deadline=15)
            assert not any(marked(frame) for frame in await frames(third, 10))
            sent = {picture.nal_units[-1] for picture in video}
            assert newest.nal_units[-1] in sent  # the camera's own bytes: nothing was made for it
            # What a viewer may ask for are forms with the text, by the usual names.
            for rid in ("main", "sub"):
                layer = await room.post(
                    first.location + "/layer",
                    content=json.dumps({"rid": rid}),
                    headers={
                        "Content-Type": "application/json",
                        "Authorization": f"Bearer {await token(room, with_text['id'])}",
                    },
                )
                assert (layer.status_code, layer.json()["active"]) == (200, rid)
                assert all(marked(frame) for frame in await frames(first, 10))
        entries = [each["entry"] for each in (await operator.get("/api/audit")).json()["entries"]]
        starts = [each["detail"] for each in reversed(entries) if each["action"] == "share_start"]
        assert [(each["overlay"], each["watermark"]) for each in starts] == [(True, True), (False, False)]


async def demanded(home: House, operator: httpx.AsyncClient, **flags: bool) -> Overlay | None:
    """What the relay is told of one more share."""
    incident = (await home.incident(operator))["id"]
    share = (await home.share(operator, incident, cameras=["camera-1"], **flags))["id"]
    (grant,) = [each for each in await relay_grants(home) if each.share == share]
    assert isinstance(grant, Grant)
    return grant.overlay


async def test_the_relay_is_told_what_each_share_demands(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        assert await demanded(home, operator) is None
        assert await demanded(home, operator, overlay=True) == Overlay(name=True, clock=True)
        assert await demanded(home, operator, watermark=True) == Overlay(watermark="room 수신처")
        both = Overlay(name=True, clock=True, watermark="room 수신처")
        assert await demanded(home, operator, watermark=True, overlay=True) == both
        incident = (await home.incident(operator))["id"]
        for field in ("overlay", "watermark"):
            body = {"cameras": ["camera-1"], "units": ["room"], "minutes": 30, field: "yes"}
            body |= {"purpose": "dispatch", "legal_basis": "119-act-11-2-1"}
            answer = await operator.post(f"/api/incidents/{incident}/shares", json=body)
            assert_problem(answer, 422, {field})
