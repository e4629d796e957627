"""A sweeper of records that no service runs."""

from __future__ import annotations

from collections.abc import Callable

from hotline.directory import CameraDirectory
from hotline.readiness import CameraReading
from hotline.sweeper import Sweeper
from streams.demux.process import Demuxers
from streams.policies import Policies
from tests.hotline.house import Records


def daily_sweeper(
    made: Records, directory: CameraDirectory, utc: Callable[[], float], told: list[CameraReading | None]
) -> Sweeper:
    """One that checks each camera once a day, none of them in use, and tells `told` of each step."""
    return Sweeper(
        made.database,
        directory,
        in_use=lambda _: False,
        policies=Policies(),
        demuxers=Demuxers(),
        every_s=86_400.0,
        utc=utc,
        on_step=lambda progress, found: told.append(found),
    )
