"""/api/statistics: how the video goes, for the centre: each rendition and each viewer as it stands now.

The same figures as `/api/metrics` gives Prometheus, for whoever looks at one moment.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from hotline.api.access import Centre, ServiceHere
from hotline.api.answers import answer, problems
from hotline.relay_statistics import relay_statistics

router = APIRouter(prefix="/api", tags=["statistics"])

RoundTrip = Annotated[
    float | None, Field(description="Seconds, as last reported; of a rendition, the median.")
]
Jitter = Annotated[float | None, Field(description="Seconds (RFC 3550), as last reported, likewise.")]
Age = Annotated[float | None, Field(description="Seconds since the newest picture came from the camera.")]
Lost = Annotated[int, Field(description="Packets reported as lost, before they were sent again.")]
Counts = Annotated[dict[str, int], Field(description="By cause.")]


class Load(BaseModel):
    loop_share: Annotated[float, Field(description="Share of a core that the event loop uses.")]
    loop_lag_s: Annotated[float, Field(description="Seconds that it comes late.")]
    turned_away: Annotated[int, Field(description="Viewers refused because of these two.")]
    tcp_connections: int
    dropped_datagrams: Annotated[dict[str, int], Field(description="That were for nobody, by reason.")]


class RenditionStatistics(BaseModel):
    camera: str
    rendition: str
    state: Literal["connecting", "live", "stalled", "offline"]
    viewers: int
    pictures: int
    bits_per_s: int
    gaps: Annotated[int, Field(description="Times that pictures were missing from the camera.")]
    packets: Annotated[int, Field(description="Media packets sent to all its viewers so far.")]
    bytes: int
    lost: Lost
    retransmitted: int
    replays: Counts
    round_trip_s: RoundTrip
    jitter_s: Jitter
    picture_age_s: Age


class ViewerStatistics(BaseModel):
    viewer: Annotated[str, Field(description="The beginning of its id, as in the log.")]
    camera: str
    receiver: str
    share: str
    state: Literal["checking", "securing", "waiting", "live", "lost", "closing"]
    opened_at: str
    rendition: str | None
    pinned: str | None
    packets: int
    bytes: int
    lost: Lost
    lost_share: Annotated[float | None, Field(description="0 to 1, of the newest report.")]
    retransmitted: int
    replays: Counts
    switches: Counts
    round_trip_s: RoundTrip
    jitter_s: Jitter
    picture_age_s: Age
    link_bits_per_s: Annotated[int | None, Field(description="At most, where a limit was met.")]


class Statistics(BaseModel):
    load: Load
    renditions_in_all: int
    renditions: list[RenditionStatistics]
    viewers_in_all: int
    viewers: list[ViewerStatistics]


@router.get("/statistics", response_model=Statistics, responses=problems(401, 403, 422))
async def get_statistics(
    _: Centre,
    service: ServiceHere,
    camera: Annotated[str | None, Query(max_length=64, description="Of this camera only.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Renditions and viewers at most, each.")] = 200,
) -> Response:
    """The relay's load, each rendition and each viewer at this moment; sums are since the start."""
    return answer(relay_statistics(service.relay.statistics(), camera=camera, limit=limit))
