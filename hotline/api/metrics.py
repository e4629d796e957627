"""/api/metrics: what the relay does, in the text format of Prometheus. For administrators.

Belongs here: names, units and labels. Not here: counting (`relay/stats.py`). No label names a person or an
address: who watches what is in the record, not in the monitoring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from hotline.api.access import Administrator, ServiceHere
from hotline.api.answers import problems
from hotline.sweeper import Sweeper
from relay.relay import RelayStatistics
from streams.onvif.keyframes import KeyframeCounters
from streams.readiness import Readiness

router = APIRouter(prefix="/api", tags=["metrics"])

_RENDITION = ["camera", "rendition"]
_VIEWER = ["viewer", "camera", "rendition"]


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems(401, 403)},
)
async def get_metrics(_: Administrator, service: ServiceHere) -> Response:
    """The relay, its renditions and its viewers, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(RelayCollector(service.relay.statistics()))
    registry.register(
        ReadinessCollector(service.sweeper, {record.id for record in service.directory.records})
    )
    registry.register(KeyframeCollector(service.keyframes))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


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


class ReadinessCollector(Collector):
    """What the newest check of each of these cameras found."""

    def __init__(self, sweeper: Sweeper, cameras: Collection[str]) -> None:
        self._sweeper = sweeper
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
        yield from (cameras, checks)


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
        for state, count in Counter(status.state for status, _ in seen.viewers).items():
            states.add_metric([state], count)
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
        dropped = CounterMetricFamily(
            "hotline_relay_dropped_datagrams", "Datagrams that were for nobody.", labels=["reason"]
        )
        for reason, count in seen.dropped.items():
            dropped.add_metric([reason], count)
        yield dropped

    def _renditions(self) -> Iterator[Metric]:
        viewers = GaugeMetricFamily("hotline_rendition_viewers", "Viewers on it.", labels=_RENDITION)
        rate = GaugeMetricFamily("hotline_rendition_bits_per_second", "Their rate.", labels=_RENDITION)
        pictures = CounterMetricFamily("hotline_rendition_pictures", "Pictures taken in.", labels=_RENDITION)
        gaps = CounterMetricFamily(
            "hotline_rendition_gaps", "Times that some were missing.", labels=_RENDITION
        )
        for each in self._seen.renditions:
            labels = [each.camera, each.rendition]
            viewers.add_metric(labels, each.viewers)
            rate.add_metric(labels, each.bitrate)
            pictures.add_metric(labels, each.pictures)
            gaps.add_metric(labels, each.gaps)
        yield from (viewers, rate, pictures, gaps)

    def _viewers(self) -> Iterator[Metric]:
        def counter(name: str, about: str, *more: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"hotline_viewer_{name}", about, labels=[*_VIEWER, *more])

        def gauge(name: str, about: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"hotline_viewer_{name}", about, labels=_VIEWER)

        packets = counter("packets", "Media packets sent.")
        sent_bytes = counter("bytes", "Media bytes sent.")
        again = counter("retransmitted_packets", "Packets sent again.")
        replays = counter("replays", "Groups of pictures sent at once.", "cause")
        switches = counter("switches", "Changes of the rendition.", "cause")
        lost = gauge("lost_ratio", "Share of packets lost, as last reported.")
        round_trip = gauge("round_trip_seconds", "Round trip, as last reported.")
        age = gauge("picture_age_seconds", "Age of the newest picture sent.")
        link = gauge("link_bits_per_second", "What its link carries at most, where a limit was met.")
        pinned = gauge("pinned", "1 where the viewer insists on a rendition.")
        for status, sent in self._seen.viewers:
            quality = status.quality
            if sent is None or quality is None:
                continue
            labels = [status.id[:6], status.camera, quality.rendition]  # the whole id is the right to end it
            packets.add_metric(labels, sent.packets)
            sent_bytes.add_metric(labels, sent.bytes)
            again.add_metric(labels, sent.retransmitted)
            for cause, count in sent.replays.items():
                replays.add_metric([*labels, cause], count)
            for cause, count in quality.switches.items():
                switches.add_metric([*labels, cause], count)
            for family, value in (
                (lost, sent.fraction_lost),
                (round_trip, sent.round_trip),
                (age, sent.age),
                (link, quality.link_bps),
                (pinned, float(quality.pinned is not None)),
            ):
                if value is not None:
                    family.add_metric(labels, value)
        yield from (packets, sent_bytes, again, replays, switches, lost, round_trip, age, link, pinned)
