"""/api/statistics: how the video goes, in the shape that OpenAPI promises; it names nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hotline.api.statistics import Load, RenditionStatistics, Statistics, ViewerStatistics
from hotline.relay_statistics import relay_statistics
from relay.client import WhepViewer
from relay.relay import RelayStatistics
from streams.camera import ProfileName
from tests.hotline.house import house
from tests.relay.house import house as relay_house
from tests.relay.studio import studio
from tests.support.waiting import until


def has_shape(value: dict[str, Any], shape: type[BaseModel]) -> None:
    assert value.keys() == shape.model_fields.keys()
    shape.model_validate(value, strict=True)


def reported(seen: RelayStatistics) -> bool:
    return any(sent is not None and sent.round_trip is not None for _, sent in seen.viewers)


async def test_a_viewer_and_its_rendition_are_told() -> None:
    async with studio(("cam-1", "cam-2")) as cameras, relay_house(cameras) as ours:
        ours.grant(("cam-1", "cam-2"))
        async with (
            WhepViewer.open(ours.url("cam-1"), ours.token()) as viewer,
            WhepViewer.open(ours.url("cam-2"), ours.token()) as other,
        ):
            await viewer.wait_picture(after=10)
            await other.wait_picture()
            await until(lambda: reported(ours.relay.statistics()), "its first report")
            seen = ours.relay.statistics()
            statuses = ours.relay.viewers()
        told = relay_statistics(seen, camera="cam-1", limit=200)
        everything = relay_statistics(seen, camera=None, limit=1)

    has_shape(told, Statistics)
    has_shape(told["load"], Load)
    for rendition in told["renditions"]:
        has_shape(rendition, RenditionStatistics)
    (one,) = told["viewers"]
    has_shape(one, ViewerStatistics)
    assert (one["camera"], one["rendition"], one["state"]) == ("cam-1", "main", "live")
    assert (one["receiver"], one["share"]) == ("unit", "share")
    assert one["packets"] > 10 and one["bytes"] > 1_000
    assert one["replays"] == {"join": 1}
    assert 0 <= one["round_trip_s"] < 5
    assert 0 <= one["picture_age_s"] < 5

    by_name = {each["rendition"]: each for each in told["renditions"]}
    main = by_name["main"]
    assert (main["state"], main["viewers"]) == ("live", 1)
    for name in ("packets", "bytes", "lost", "retransmitted", "replays", "round_trip_s", "jitter_s"):
        assert main[name] == one[name], name
    assert by_name["sub"]["packets"] == 0 and by_name["sub"]["round_trip_s"] is None

    assert (everything["viewers_in_all"], len(everything["viewers"])) == (2, 1)
    assert (everything["renditions_in_all"], len(everything["renditions"])) == (4, 1)

    text = json.dumps([told, everything])
    for status in statuses:
        assert status.remote
        for secret in (status.id, status.person, status.remote, status.grant_id):
            assert secret not in text


async def test_a_viewer_that_has_not_come_through_yet_is_told_too() -> None:
    async with studio() as cameras, relay_house(cameras) as ours:
        ours.grant()
        offer = (Path(__file__).parent.parent / "relay/offers/chromium_video.sdp").read_bytes()
        await ours.relay.admit("cam-1", ours.token(), offer, ProfileName.MAIN)
        told = relay_statistics(ours.relay.statistics(), camera=None, limit=200)
    (one,) = told["viewers"]
    has_shape(one, ViewerStatistics)
    assert (one["state"], one["rendition"], one["packets"]) == ("checking", None, 0)


async def test_the_centre_reads_it_over_http(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        operator = await home.client("operator")
        answered = await operator.get("/api/statistics")
        assert answered.status_code == 200
        assert answered.headers["cache-control"] == "no-store"
        has_shape(answered.json(), Statistics)


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("camera=" + "x" * 65, "camera")])
async def test_a_bad_question_is_refused_by_name(tmp_path: Path, query: str, field: str) -> None:
    async with house(tmp_path) as home:
        refused = await (await home.client("operator")).get(f"/api/statistics?{query}")
        assert refused.status_code == 422
        assert [each["field"].split(".")[-1] for each in refused.json()["errors"]] == [field]
