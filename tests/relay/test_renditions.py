"""Renditions made for weak links, over the whole way: simulated cameras, the hub, the relay, viewers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.client import WhepViewer
from relay.form import IDLE_S
from relay.wish import Lack
from streams.camera import RenditionName
from streams.recipe import Transcoding
from streams.simulator.camera import SimulatedCamera
from streams.state import Live, Offline, Reason
from tests.support.bare_relay import BareRelay, bare_relay
from tests.support.city import city
from tests.support.waiting import until

LOW_WIDTH = 640


def camera(name: str) -> SimulatedCamera:
    """One that has no sub stream."""
    return SimulatedCamera(
        name, name, scene="road", fps=10, size=(1280, 720), sub_size=None, bit_rate=2_000_000
    )


@asynccontextmanager
async def scene(*names: str, cores: float | None = None) -> AsyncIterator[BareRelay]:
    """The relay with pictures of all of them."""
    async with (
        city([camera(name) for name in names]) as simulated,
        bare_relay(simulated.addresses, linger=0.0, transcoding=Transcoding(cores=cores)) as relay,
    ):
        relay.grant(*names)
        for name in names:
            rendition = relay.hub.rendition(name, RenditionName.MAIN)
            assert rendition is not None
            await until(lambda at=rendition: at.ring.newest is not None, "pictures", deadline=20)  # type: ignore[misc]
        yield relay


def pin(relay: BareRelay, name: str, which: int, rendition: str | None) -> Lack | None:
    """Have the `which`th viewer of a camera insist on a rendition; why it is not given it."""
    viewer = [each.id for each in relay.relay.viewers() if each.camera == name][which]
    _, _, lack = relay.relay.wish(name, viewer, relay.token(), json.dumps({"rid": rendition}).encode())
    return lack


def on(relay: BareRelay, name: str) -> list[str | None]:
    """The renditions whose pictures the viewers of a camera are sent now."""
    return [
        None if sent is None else sent.rendition
        for status, sent in relay.relay.statistics().viewers
        if status.camera == name
    ]


def encoders(relay: BareRelay) -> int:
    """How many run."""
    return sum(name.endswith("/low") for name in relay.hub.workshop.capacity._loads)


async def test_one_encoder_serves_all_who_are_on_it_and_ends_when_they_left() -> None:
    async with scene("a") as relay:
        low = relay.hub.rendition("a", RenditionName.LOW)
        assert low is not None
        async with (
            WhepViewer.open(relay.whep("a"), relay.token()) as first,
            WhepViewer.open(relay.whep("a"), relay.token()) as second,
        ):
            await first.wait_picture()
            assert on(relay, "a") == ["main", "main"]
            assert encoders(relay) == 0
            pin(relay, "a", 0, "low")
            pin(relay, "a", 1, "low")
            await until(lambda: on(relay, "a") == ["low", "low"], "on the small one", deadline=15)
            assert encoders(relay) == 1
            assert low.format is not None and low.format.width == LOW_WIDTH
            await first.wait_picture(after=5)
            pin(relay, "a", 0, "main")
            await until(lambda: on(relay, "a") == ["main", "low"], "back", deadline=10)
            assert encoders(relay) == 1
            await second.wait_picture(after=5)
            pin(relay, "a", 1, None)
            # A link of which no trouble is known gets the large one when it has shown that it carries it.
            pin(relay, "a", 1, "main")
            await until(lambda: encoders(relay) == 0, "the encoder's end", deadline=IDLE_S + 15)
            assert isinstance(low.state, Offline) and low.state.reason is Reason.STOPPED


async def test_at_the_machines_limit_the_newest_is_refused_and_what_runs_stays_whole() -> None:
    # A machine that does nothing takes one demand whatever it costs, so there is room for just one.
    async with (
        scene("a", "b", cores=0.001) as relay,
        WhepViewer.open(relay.whep("a"), relay.token()) as first,
        WhepViewer.open(relay.whep("b"), relay.token()) as second,
    ):
        await first.wait_picture()
        await second.wait_picture()
        pin(relay, "a", 0, "low")
        await until(lambda: on(relay, "a") == ["low"], "room for one", deadline=15)
        refused = relay.hub.workshop.capacity.refused
        pin(relay, "b", 0, "low")
        await until(lambda: relay.hub.workshop.capacity.refused > refused, "the refusal", deadline=15)
        await until(
            lambda: (
                [each.quality.rendition for each in relay.relay.viewers() if each.quality] == ["low", "main"]
            ),
            "the second one stays",
            deadline=10,
        )
        assert on(relay, "b") == ["main"]
        await until(lambda: pin(relay, "b", 0, "low") is Lack.NO_ROOM, "why", deadline=15)
        assert pin(relay, "b", 0, "nothing") is Lack.UNKNOWN
        assert pin(relay, "b", 0, "main") is None
        assert pin(relay, "a", 0, "low") is None
        came = second.pictures
        await until(lambda: second.pictures > came + 5, "its pictures", deadline=10)
        main = relay.hub.rendition("b", RenditionName.MAIN)
        assert main is not None and isinstance(main.state, Live)
        came = first.pictures
        await until(lambda: first.pictures > came + 5, "the first one's pictures", deadline=10)
