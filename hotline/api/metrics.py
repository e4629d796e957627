"""/api/metrics: the relay, and what is known of cameras, in the text format of Prometheus.

Belongs here: names, units and labels. Not here: counting (`relay/stats.py`). No label names a person or an
address: who watches what is in the record, not in the monitoring. Administrators read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from hotline.api.access import Administrator, ServiceHere
from hotline.api.answers import problems
from hotline.feeds import STATES
from hotline.loop_faults import LoopFaults
from hotline.relay_statistics import VIEWER_STATES, short_id, viewer_state
from hotline.sweeper import Sweeper
from relay.clock import SteadyClock
from relay.relay import RelayStatistics
from streams.demux.process import Demuxers
from streams.onvif.keyframes import KeyframeCounters
from streams.readiness import Readiness
from streams.watch.fault import PictureFault
from streams.watch.watcher import Watcher

router = APIRouter(prefix="/api", tags=["metrics"])

_RENDITION = ["camera", "rendition"]
_VIEWER = ["viewer", "camera", "rendition"]


_Family = TypeVar("_Family", CounterMetricFamily, GaugeMetricFamily)


def _family(
    kind: type[_Family], of: str, labels: Sequence[str], name: str, about: str, *more: str
) -> _Family:
    return kind(f"hotline_{of}_{name}", about, labels=[*labels, *more])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems(401, 403)},
)
async def get_metrics(_: Administrator, service: ServiceHere) -> Response:
    """The relay, its renditions and its viewers, readiness and picture watch, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(RelayCollector(service.relay.statistics()))
    cameras = {record.id for record in service.directory.records}
    registry.register(ReadinessCollector(service.sweeper, cameras, service.utc()))
    registry.register(PictureWatchCollector(service.watcher, cameras))
    registry.register(KeyframeCollector(service.keyframes))
    registry.register(ProcessCollector(service.clock, service.faults))
    registry.register(DemuxerCollector(service.demuxers))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class ProcessCollector(Collector):
    """Whether the system's clock was set while the service ran, and what its event loop could tell nobody."""

    def __init__(self, clock: SteadyClock, faults: LoopFaults) -> None:
        self._clock = clock
        self._faults = faults

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield CounterMetricFamily(
            "hotline_loop_faults",
            "Exceptions that nobody waited for; each is in the log.",
            self._faults.count,
        )
        self._clock.utc()
        yield GaugeMetricFamily(
            "hotline_clock_offset_seconds",
            "By how much the system's clock is ahead of the one that rights go by.",
            self._clock.offset,
        )
        yield CounterMetricFamily(
            "hotline_clock_steps", "Times that the system's clock was set.", self._clock.steps
        )


class KeyframeCollector(Collector):
    """Keyframes that cameras were asked for."""

    def __init__(self, seen: KeyframeCounters) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """The one family."""
        asked = CounterMetricFamily(
            "hotline_camera_keyframes", "Keyframes that cameras were asked for.", labels=["result"]
        )
        asked.add_metric(["sent"], self._seen.sent)
        asked.add_metric(["held_back"], self._seen.held_back)
        for trouble, count in self._seen.failed.items():
            asked.add_metric([trouble.value], count)
        yield asked


class DemuxerCollector(Collector):
    """Processes for cameras in codecs that have no depacketizer here."""

    def __init__(self, seen: Demuxers) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """All families."""
        seen = self._seen
        yield GaugeMetricFamily(
            "hotline_demuxers", "Processes at work for cameras in rare codecs.", len(seen.running)
        )
        yield GaugeMetricFamily("hotline_demuxers_most", "How many of them there may be.", seen.most)
        results = CounterMetricFamily(
            "hotline_demuxer_starts", "What became of demands for one.", labels=["result"]
        )
        for result in ("started", "refused", "failed"):
            results.add_metric([result], getattr(seen.counters, result))
        yield results


class PictureWatchCollector(Collector):
    """What is wrong with pictures that arrive (of a camera, the weightiest), and what looking costs."""

    def __init__(self, watcher: Watcher, cameras: Collection[str]) -> None:
        self._watcher = watcher
        self._cameras = cameras

    def collect(self) -> Iterator[Metric]:
        """All families."""
        watched = [known for each in self._cameras if (known := self._watcher.watched(each)) is not None]
        found = Counter(each.findings[0].fault if each.findings else None for each in watched)
        states = GaugeMetricFamily(
            "hotline_picture_watch_cameras", "Cameras by what is wrong with their picture.", labels=["state"]
        )
        states.add_metric(["fine"], found[None])
        for fault in PictureFault:
            states.add_metric([fault.value], found[fault])
        states.add_metric(["not_watched"], len(self._cameras) - len(watched))
        yield states
        yield CounterMetricFamily("hotline_picture_watch_looks", "Keyframes looked at.", self._watcher.looks)
        yield CounterMetricFamily(
            "hotline_picture_watch_failures", "Keyframes that could not be judged.", self._watcher.failures
        )
        yield CounterMetricFamily(
            "hotline_picture_watch_cpu_seconds", "Processor time of looking.", self._watcher.cpu_s
        )


class ReadinessCollector(Collector):
    """What the newest check of each of these cameras found, and how checking goes on."""

    def __init__(self, sweeper: Sweeper, cameras: Collection[str], now: float) -> None:
        self._sweeper = sweeper
        self._now = now
        self._cameras = cameras

    def collect(self) -> Iterator[Metric]:
        """All families."""
        newest = [self._sweeper.newest[each] for each in self._cameras if each in self._sweeper.newest]
        found = Counter(each.reading.readiness for each in newest)
        cameras = GaugeMetricFamily(
            "hotline_cameras_readiness", "Cameras by what their newest check found.", labels=["result"]
        )
        checks = CounterMetricFamily(
            "hotline_readiness_checks", "Checks since the start, by what they found.", labels=["result"]
        )
        for result in Readiness:
            cameras.add_metric([result.value], found[result])
            checks.add_metric([result.value], self._sweeper.checks[result])
        cameras.add_metric(["unknown"], len(self._cameras) - len(newest))
        small = GaugeMetricFamily(
            "hotline_cameras_sub_readiness",
            "Cameras by what their newest check found of the small stream; without those that have none.",
            labels=["result"],
        )
        of_small = Counter(each.sub.readiness for each in newest if each.sub is not None)
        for result in Readiness:
            small.add_metric([result.value], of_small[result])
        yield from (cameras, small, checks)
        sweeper = self._sweeper
        yield CounterMetricFamily(
            "hotline_readiness_left_alone", "Cameras in use by their turn to be checked.", sweeper.left_alone
        )
        yield GaugeMetricFamily("hotline_readiness_waiting", "Cameras in line for a check.", sweeper.waiting)
        progress = sweeper.progress
        running = float(progress is not None and progress.ended_at is None)
        yield GaugeMetricFamily(
            "hotline_readiness_sweep_running", "1 while a sweep that a person commanded runs.", running
        )
        if newest:
            yield GaugeMetricFamily(
                "hotline_readiness_oldest_seconds",
                "How old the oldest of the newest readings is.",
                max(0.0, self._now - min(each.at for each in newest)),
            )


class RelayCollector(Collector):
    """One moment of a relay."""

    def __init__(self, seen: RelayStatistics) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._relay()
        yield from self._renditions()
        yield from self._viewers()

    def _relay(self) -> Iterator[Metric]:
        seen = self._seen
        states = GaugeMetricFamily("hotline_relay_viewers", "Viewers by state.", labels=["state"])
        found = Counter(viewer_state(each) for each in seen.viewers)
        for state in VIEWER_STATES:
            states.add_metric([state], found[state])
        yield states
        yield GaugeMetricFamily(
            "hotline_relay_loop_share", "Share of a core that the event loop uses.", seen.loop_share
        )
        yield GaugeMetricFamily(
            "hotline_relay_loop_lag_seconds", "How late the event loop comes, on average.", seen.loop_lag
        )
        yield GaugeMetricFamily("hotline_relay_tcp_connections", "ICE-TCP connections.", seen.tcp_connections)
        yield CounterMetricFamily(
            "hotline_relay_turned_away", "Viewers refused because the worker was too busy.", seen.turned_away
        )
        yield CounterMetricFamily(
            "hotline_relay_starved",
            "Viewers ended since nothing left though their camera sent.",
            seen.starved,
        )
        dropped = CounterMetricFamily(
            "hotline_relay_dropped_datagrams", "Datagrams that were for nobody.", labels=["reason"]
        )
        for reason, count in seen.dropped.items():
            dropped.add_metric([reason], count)
        yield dropped

    def _renditions(self) -> Iterator[Metric]:
        counter = partial(_family, CounterMetricFamily, "rendition", _RENDITION)
        gauge = partial(_family, GaugeMetricFamily, "rendition", _RENDITION)

        viewers = gauge("viewers", "Viewers on it.")
        states = gauge("state", "1 for the state that it is in.", "state")
        rate = gauge("bits_per_second", "Rate of its pictures.")
        age = gauge("picture_age_seconds", "Age of the newest picture from the camera.")
        pictures = counter("pictures", "Pictures taken in.")
        gaps = counter("gaps", "Times that some were missing.")
        packets = counter("packets", "Media packets sent to its viewers.")
        sent_bytes = counter("bytes", "Media bytes sent to its viewers.")
        lost = counter("lost_packets", "Packets that its viewers reported as lost.")
        again = counter("retransmitted_packets", "Packets sent again.")
        replays = counter("replays", "Groups of pictures sent at once.", "cause")
        for each in self._seen.renditions:
            labels = [each.camera, each.rendition]
            viewers.add_metric(labels, each.viewers)
            for kind, word in STATES.items():
                states.add_metric([*labels, word], float(isinstance(each.state, kind)))
            rate.add_metric(labels, each.bitrate)
            if each.age is not None:
                age.add_metric(labels, each.age)
            pictures.add_metric(labels, each.pictures)
            gaps.add_metric(labels, each.gaps)
            packets.add_metric(labels, each.sent.packets)
            sent_bytes.add_metric(labels, each.sent.bytes)
            lost.add_metric(labels, each.sent.lost)
            again.add_metric(labels, each.sent.retransmitted)
            for cause, count in each.sent.replays.items():
                replays.add_metric([*labels, cause], count)
        yield from (viewers, states, rate, age, pictures, gaps, packets, sent_bytes, lost, again, replays)

    def _viewers(self) -> Iterator[Metric]:
        counter = partial(_family, CounterMetricFamily, "viewer", _VIEWER)
        gauge = partial(_family, GaugeMetricFamily, "viewer", _VIEWER)

        packets = counter("packets", "Media packets sent.")
        sent_bytes = counter("bytes", "Media bytes sent.")
        again = counter("retransmitted_packets", "Packets sent again.")
        replays = counter("replays", "Groups of pictures sent at once.", "cause")
        switches = counter("switches", "Changes of the rendition.", "cause")
        missing = counter("lost_packets", "Packets that it reported as lost.")
        states = gauge("state", "1, with the state that it is in.", "state")
        lost = gauge("lost_ratio", "Share of packets lost, as last reported.")
        round_trip = gauge("round_trip_seconds", "Round trip, as last reported.")
        jitter = gauge("jitter_seconds", "Jitter (RFC 3550), as last reported.")
        age = gauge("picture_age_seconds", "Age of the newest picture sent.")
        link = gauge("link_bits_per_second", "What its link carries at most, where a limit was met.")
        pinned = gauge("pinned", "1 where the viewer insists on a rendition.")
        for viewer in self._seen.viewers:
            status, sent = viewer
            quality = status.quality
            labels = [short_id(viewer), status.camera, quality.rendition if quality is not None else ""]
            states.add_metric([*labels, viewer_state(viewer)], 1.0)
            if sent is None or quality is None:
                continue
            packets.add_metric(labels, sent.packets)
            sent_bytes.add_metric(labels, sent.bytes)
            missing.add_metric(labels, sent.lost)
            again.add_metric(labels, sent.retransmitted)
            for cause, count in sent.replays.items():
                replays.add_metric([*labels, cause], count)
            for cause, count in quality.switches.items():
                switches.add_metric([*labels, cause], count)
            for family, value in (
                (lost, sent.fraction_lost),
                (round_trip, sent.round_trip),
                (jitter, sent.jitter),
                (age, sent.age),
                (link, quality.link_bps),
                (pinned, float(quality.pinned is not None)),
            ):
                if value is not None:
                    family.add_metric(labels, value)
        yield from (packets, sent_bytes, missing, again, replays, switches)
        yield from (states, lost, round_trip, jitter, age, link, pinned)
