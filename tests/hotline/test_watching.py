"""The whole way with a real picture: simulated camera, service, WHEP viewer, end of the share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx

from hotline.inventory import add_camera
from relay.client import WhepViewer
from streams.camera import ProfileName
from streams.simulator import SimulatedCamera
from tests.hotline.house import NETWORKS, camera, house
from tests.support.canary import CANARY
from tests.support.city import city
from tests.support.waiting import until


async def viewings(operator: httpx.AsyncClient, query: str = "") -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await operator.get(f"/api/viewings{query}")).json()["viewings"]
    return found


async def test_a_viewing_is_written_down_before_the_picture_and_cut_with_the_share(tmp_path: Path) -> None:
    simulated = SimulatedCamera(
        "market", "Market", scene="market", size=(640, 360), username="viewer", password=CANARY
    )
    async with city([simulated]) as made, house(tmp_path, over_http=True) as home:
        await add_camera(
            home.records.database,
            camera(
                9,
                id="market",
                main_url=made.addresses["market"][ProfileName.MAIN],
                sub_url=made.addresses["market"][ProfileName.SUB],
                username="viewer",
                password=CANARY,
            ),
            keys=home.records.keys,
            networks=NETWORKS,
            actor=home.records.me,
            now=time.time(),
        )
        operator, room = await home.client("operator"), await home.client("dispatcher")
        incident = (await home.incident(operator))["id"]
        share = (await home.share(operator, incident, cameras=["market"]))["id"]
        token = (await room.post(f"/api/shares/{share}/token")).json()["token"]

        async with WhepViewer.open(f"{home.base_url}/whep/market", token, host="127.0.0.1") as viewer:
            await viewer.wait_picture(deadline=15)
            (seen,) = await viewings(operator, "?open=1")  # it is there with the first picture, or sooner
            assert (seen["receiver"], seen["person"], seen["share"]) == (
                "unit:room",
                home.records.users["dispatcher"],
                share,
            )
            await operator.post(f"/api/shares/{share}/end")
            await viewer.wait_end(deadline=5)  # a second is promised; `hotline demo --once` measures it
        done: Callable[[], bool | Awaitable[bool]] = partial(closed, operator)
        await until(done, "its end is written down")
        (seen,) = await viewings(operator)
        assert seen["close_reason"]
        assert isinstance(seen["bytes_sent"], int)
        assert seen["bytes_sent"] > 1000
        administrator = await home.client("administrator")
        verified = (await administrator.get("/api/audit/verification")).json()
        assert verified["whole"] is True
        acts = [each["entry"]["action"] for each in (await operator.get("/api/audit")).json()["entries"]]
        assert {"share_start", "view_start", "view_end", "share_end", "revoke"} <= set(acts)
        assert acts.index("view_start") < acts.index("share_start")  # newest first


async def closed(operator: httpx.AsyncClient) -> bool:
    return all(each["closed_at"] for each in await viewings(operator))
