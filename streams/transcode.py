"""One source's pictures decoded once and encoded once per rendition, however many watch.

Belongs here: which pictures are worked on and who gets the result. The work itself is `pipeline.py`'s, in a
worker thread; nothing here blocks the loop. One step is under way at a time, so a source takes at most one
thread, and pictures stay in order.

Policy where the machine or the camera's burst makes pictures old: everything in front of the newest keyframe
at hand is left out; what is left is decoded, because later pictures refer to it; only pictures younger than
`FRESH_S`, or the newest of a step, are encoded, and none older than the source's limit: after a stall the
ring holds the past, which a decoder may begin with and nobody may be shown as new. Left out is counted
(`stale_pictures`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from streams.access_unit import AccessUnit
from streams.decoder import Decoder
from streams.errors import ProtocolError
from streams.mask import Mask
from streams.pipeline import Job, Made, Outcome, Pipeline, Target
from streams.rendition import Rendition
from streams.ring import Cursor, Lagged
from streams.state import Live, Stalled
from streams.workshop import Workshop

log = logging.getLogger(__name__)

FRESH_S = 0.25
_MOST_UNITS = 32  # in one step
_LOOK_S = 0.5  # between two looks at whether pictures still come out
_KEYFRAME_EVERY_S = 0.5  # forced ones, at most
_RETRY_S = 1.0


@dataclass(slots=True)
class _Output:
    target: Target
    rendition: Rendition
    wants_keyframe: bool = False
    newest_keyframe: float = float("-inf")


class Transcoder:
    """`run()` makes the pictures of what is attached; it goes on after a fault."""

    def __init__(
        self,
        source: Rendition,
        workshop: Workshop,
        camera_name: str,
        mask: Mask | None,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self.name = f"{source.camera_id}/{source.name}/decode"  # of the decoder's share in the budget
        self._source = source
        self._workshop = workshop
        self._camera_name = camera_name
        self._mask = mask
        self._clock = clock
        self._utc = utc
        self._outputs: dict[str, _Output] = {}

    @property
    def targets(self) -> Iterable[str]:
        """Keys of what is attached."""
        return self._outputs.keys()

    def attach(self, target: Target, rendition: Rendition) -> None:
        """Make a rendition from the next picture on."""
        output = self._outputs[target.key] = _Output(target, rendition)

        def wanted() -> None:
            output.wants_keyframe = True

        rendition.on_keyframe_request = wanted

    def detach(self, key: str) -> None:
        """Make it no more."""
        output = self._outputs.pop(key, None)
        if output is not None:
            output.rendition.on_keyframe_request = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._run_once()
            except Exception:
                log.exception("transcoding %s/%s failed", self._source.camera_id, self._source.name)
                for output in self._outputs.values():
                    self._overdue(output, float("inf"))
                await asyncio.sleep(_RETRY_S)

    async def _run_once(self) -> None:
        """Until the camera's codec or the order of its pictures is another."""
        source = self._source
        encoder = await self._workshop.encoder()
        codec, reorders = source.codec, source.reorders
        pipeline = Pipeline(
            Decoder(codec, reorders=reorders, mask=self._mask),
            encoder,
            self._camera_name,
            self._workshop.settings.utc_offset_h,
        )
        cursor = source.ring.reader()
        gap = False
        while True:
            units, lost = await self._next(cursor)
            if (codec, reorders) != (source.codec, source.reorders):
                return  # these pictures are of the new kind already; the next reader begins in front of them
            gap = gap or lost
            now = self._clock()
            for output in self._outputs.values():
                self._overdue(output, now)
            if not units or not self._outputs:
                continue
            job = self._job(units, gap, now)
            gap = False
            outcome = await self._workshop.run(partial(pipeline.step, job))
            self._workshop.account(self.name, codec, outcome)
            self._take(outcome)

    async def _next(self, cursor: Cursor) -> tuple[list[AccessUnit], bool]:
        """The pictures at hand, after a while none; and whether some before them are lost."""
        units: list[AccessUnit] = []
        try:
            async with asyncio.timeout(_LOOK_S):
                units.append(await cursor.next())
        except TimeoutError:
            return [], False
        except Lagged as lag:
            self._source.counters.stale_pictures += lag.lost
            return [], True
        try:
            while len(units) < _MOST_UNITS and (unit := cursor.poll()) is not None:
                units.append(unit)
        except Lagged as lag:
            self._source.counters.stale_pictures += lag.lost + len(units)
            return [], True
        return units, False

    def _job(self, units: list[AccessUnit], gap: bool, now: float) -> Job:
        fresh_after = now - FRESH_S
        if units[0].arrived < fresh_after:
            newest = max((index for index, unit in enumerate(units) if unit.is_idr), default=0)
            if newest > 0:
                self._source.counters.stale_pictures += newest
                units, gap = units[newest:], True
        keyframes: set[str] = set()
        for key, output in self._outputs.items():
            if output.wants_keyframe and now - output.newest_keyframe >= _KEYFRAME_EVERY_S:
                keyframes.add(key)
                output.wants_keyframe = False
        interval = self._source.freshness.interval_s
        return Job(
            units,
            [output.target for output in self._outputs.values()],
            gap,
            fresh_after,
            min(fresh_after, now - self._source.limit_s),
            frozenset(keyframes),
            min(60.0, max(1.0, 1 / interval)) if interval else 25.0,
            self._utc() - now,
        )

    def _take(self, outcome: Outcome) -> None:
        counters = self._source.counters
        counters.undecodable += outcome.failures
        counters.stale_pictures += outcome.skipped
        if outcome.lost_encoder:
            log.warning(
                "transcoding %s: the encoder failed (%s), going on in software",
                self._source.camera_id,
                outcome.lost_encoder,
            )
        for made in outcome.made:
            output = self._outputs.get(made.key)
            if output is not None:
                self._deliver(output, made)

    def _deliver(self, output: _Output, made: Made) -> None:
        rendition, picture = output.rendition, made.picture
        newest = rendition.newest_media_time
        if newest is not None and made.coded.media_time <= newest:
            return  # it was passed through already, before the camera's codec or order changed
        if made.coded.is_idr:
            output.newest_keyframe = self._clock()
            try:
                rendition.set_sps(next(nal for nal in made.coded.nal_units if nal[0] & 0x1F == 7))
            except (StopIteration, ProtocolError):
                rendition.counters.bad_nal_units += 1
                return
            rendition.bitrate = output.target.recipe.rate(made.size)
        rendition.counters.transcoded += 1
        rendition.pass_on(
            AccessUnit(
                0,
                picture.rtp_time,
                made.coded.media_time,
                picture.arrived,
                picture.captured,
                made.coded.is_idr,
                made.coded.nal_units,
            )
        )

    def _overdue(self, output: _Output, now: float) -> None:
        """Pictures come in and none comes out: the viewer must know."""
        rendition = output.rendition
        if isinstance(rendition.state, Live) and rendition.freshness.stalled(now):
            assert rendition.freshness.arrived is not None
            rendition.set_state(Stalled(rendition.freshness.arrived))
