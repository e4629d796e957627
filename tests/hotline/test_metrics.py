"""/api/metrics: what Prometheus reads is what the relay counted, and names nobody."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from hotline.api.metrics import KeyframeCollector, RelayCollector
from relay.client import WhepViewer
from relay.relay import RelayStatistics
from streams.onvif.errors import Trouble
from streams.onvif.keyframes import KeyframeCounters
from tests.hotline.house import house
from tests.relay.house import house as relay_house
from tests.relay.studio import studio
from tests.support.waiting import until


async def test_a_viewer_is_counted_without_its_name() -> None:
    async with (
        studio() as cameras,
        relay_house(cameras) as ours,
    ):
        ours.grant()
        async with WhepViewer.open(ours.url(), ours.token()) as viewer:
            await viewer.wait_picture(after=10)
            await until(lambda: ours.relay.statistics().loop_share > 0)
            await until(lambda: _reported(ours.relay.statistics()), "its first report")
            registry = CollectorRegistry()
            registry.register(RelayCollector(ours.relay.statistics()))
            text = generate_latest(registry).decode()
            (status,) = ours.relay.viewers()
    found = {
        (sample.name, sample.labels.get("rendition", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    states = {
        (sample.labels.get("rendition", ""), sample.labels["state"])
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "state" in sample.labels and sample.value == 1
    }
    assert states == {("", "live"), ("main", "live"), ("sub", "live")}
    assert found["hotline_rendition_viewers", "main"] == 1
    assert found["hotline_rendition_viewers", "sub"] == 0
    assert found["hotline_viewer_packets_total", "main"] > 10
    assert found["hotline_viewer_pinned", "main"] == 0
    assert found["hotline_viewer_jitter_seconds", "main"] >= 0
    assert found["hotline_viewer_lost_packets_total", "main"] == 0
    for name in ("packets", "bytes", "lost_packets", "retransmitted_packets"):
        of_all = found[f"hotline_rendition_{name}_total", "main"]
        assert of_all == found[f"hotline_viewer_{name}_total", "main"], name
        assert found[f"hotline_rendition_{name}_total", "sub"] == 0, name
    assert found["hotline_rendition_picture_age_seconds", "main"] >= 0
    assert 0 < found["hotline_relay_loop_share", ""] <= 1.5
    for secret in (status.id, status.person, status.remote):
        assert secret
        assert secret not in text


def _reported(seen: RelayStatistics) -> bool:
    return any(sent is not None and sent.jitter is not None for _, sent in seen.viewers)


async def test_an_administrator_reads_it_over_http(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        response = await (await home.client("administrator")).get("/api/metrics")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/plain")
        names = {family.name for family in text_string_to_metric_families(response.text)}
        assert {"hotline_relay_loop_lag_seconds", "hotline_viewer_switches"} <= names
        assert {"hotline_camera_keyframes", "hotline_demuxers", "hotline_demuxer_starts"} <= names


def test_keyframes_are_counted_by_what_became_of_them() -> None:
    registry = CollectorRegistry()
    registry.register(KeyframeCollector(KeyframeCounters(3, 2, {Trouble.NO_ANSWER: 1})))
    found = {
        sample.labels["result"]: sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }
    assert found == {"sent": 3, "held_back": 2, "no_answer": 1}
