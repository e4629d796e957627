"""Our sources against the simulated city: every fault has its state, and after it the camera is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.camera import Credentials, ProfileName
from streams.policies import Policies
from streams.ring import Start
from streams.simulator.camera import Auth, SimulatedCamera
from streams.simulator.city import SimulatedCity
from streams.simulator.fault import Fault, FaultKind
from streams.state import Live, Offline, Reason
from tests.streams.running import failed, hub_for, is_live, state_of
from tests.support.waiting import until

PATIENT = Policies(
    connect_s=1.0,
    reply_s=1.0,
    first_data_s=2.5,
    first_picture_s=3.0,
    keyframe_s=3.5,
    reconnect_after_s=1.5,
)
STATES = {
    FaultKind.STALL: {Reason.NO_DATA},
    FaultKind.DROP: {Reason.CLOSED},
    FaultKind.REBOOT: {Reason.CLOSED, Reason.REFUSED},
    FaultKind.REFUSE: {Reason.CLOSED, Reason.REFUSED},
    FaultKind.GARBAGE: {Reason.NO_DATA, Reason.NO_PARAMETER_SETS},
    FaultKind.UNFRAMED: {Reason.PROTOCOL, Reason.NO_DATA},
    FaultKind.HALF_PACKET: {Reason.CLOSED},
    FaultKind.ENDLESS_HEADER: {Reason.PROTOCOL, Reason.TIMEOUT},
    FaultKind.MUTE: {Reason.TIMEOUT},
    FaultKind.SILENT: {Reason.NO_DATA},
    FaultKind.NO_PARAMETER_SETS: {Reason.NO_PARAMETER_SETS},
    FaultKind.NO_VIDEO: {Reason.NO_VIDEO},
    FaultKind.OTHER_CODEC: {Reason.UNSUPPORTED_CODEC},
    FaultKind.NOT_RTSP: {Reason.NOT_RTSP},
    FaultKind.NOT_FOUND: {Reason.NOT_FOUND},
    FaultKind.REDIRECT: {Reason.REDIRECTED},
}
AT_CONNECTING = frozenset(STATES) - {FaultKind.STALL, FaultKind.DROP, FaultKind.REBOOT, FaultKind.REFUSE}


@asynccontextmanager
async def city_of(camera: SimulatedCamera) -> AsyncIterator[SimulatedCity]:
    city = SimulatedCity([camera], control_port=None, workers=1)
    running = asyncio.create_task(city.run())
    try:
        async with asyncio.timeout(5):
            await city.started.wait()
        yield city
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def small(canary: str) -> SimulatedCamera:
    return SimulatedCamera(
        "cam",
        "Camera",
        size=(320, 240),
        sub_size=None,
        gop_s=0.5,
        username="viewer",
        password=canary,
        auth=Auth.DIGEST_BOTH,
    )


@pytest.mark.parametrize("kind", STATES)
async def test_a_fault_has_its_state_and_passes(kind: FaultKind, canary: str) -> None:
    async with city_of(small(canary)) as city:
        async with hub_for(city.address("cam"), lambda: Credentials("viewer", canary), PATIENT) as hub:
            if kind in AT_CONNECTING:
                city.set_fault("cam", Fault(kind))
            with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
                if kind not in AT_CONNECTING:
                    await state_of(hold.rendition, is_live)
                    city.set_fault("cam", Fault(kind, None if kind is not FaultKind.REBOOT else 1.0))
                lost = await failed(hold.rendition)
                assert lost.reason in STATES[kind]
                city.set_fault("cam", None)
                await state_of(hold.rendition, is_live, 8)
                assert hold.rendition.counters.losses == 1
            stopped = await state_of(hold.rendition, lambda s: isinstance(s, Offline))
            assert isinstance(stopped, Offline) and stopped.reason is Reason.STOPPED
        assert city.statistics("cam").playing == 0


async def test_truncated_packets_are_counted_and_outlived(canary: str) -> None:
    """A NAL unit cut short looks whole to anything but a decoder; what can be told is dropped and counted."""
    async with (
        city_of(small(canary)) as city,
        hub_for(city.address("cam"), lambda: Credentials("viewer", canary), PATIENT) as hub,
    ):
        city.set_fault("cam", Fault(FaultKind.TRUNCATED))
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            counters = hold.rendition.counters
            await until(lambda: counters.bad_packets + counters.bad_nal_units >= 3, deadline=15)
            city.set_fault("cam", None)
            await state_of(hold.rendition, is_live, 8)
            cursor = hold.rendition.ring.reader(Start.NEXT_IDR)
            async with asyncio.timeout(10):
                assert (await cursor.next()).is_idr


async def test_a_slow_link_is_slow_but_stated(canary: str) -> None:
    """Pictures come late: the state follows them, and nothing grows while they do."""
    async with (
        city_of(small(canary)) as city,
        hub_for(city.address("cam"), lambda: Credentials("viewer", canary), PATIENT) as hub,
    ):
        with hub.hold("cam", ProfileName.MAIN, urgent=True) as hold:
            await state_of(hold.rendition, is_live)
            city.set_fault("cam", Fault(FaultKind.SLOW, rate=20_000))
            await state_of(hold.rendition, lambda state: not isinstance(state, Live), 8)
            city.set_fault("cam", None)
            await state_of(hold.rendition, is_live, 8)
