"""The composition root: reads the settings, makes the parts, puts them together, runs and ends them.

Order of start: tables, inventory, grants, what the event stream and the sweeper know; then cameras, picture
watch, relay, reconciler, event stream, turned cameras, sweeper. Order of end: the streams to browsers
(`Service.broker.close`, so that none holds up the server), sweeper, turned cameras (stopped and turned back),
event stream, reconciler, relay (viewers are closed and written down), picture watch, cameras (TEARDOWN),
database.
Belongs here: composition, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from config import settings as config
from hotline.actor import Role
from hotline.api import (
    city,
    events,
    health,
    incidents,
    masks,
    metrics,
    picture_watch,
    problems,
    ptz,
    readiness,
    records,
    session,
    shares,
    statistics,
    stills,
)
from hotline.directory import CameraDirectory
from hotline.domain import camera as camera_rules
from hotline.domain.place import Point
from hotline.domain.ptz import Policy as PtzPolicy
from hotline.domain.words import Term
from hotline.events import Broker
from hotline.http_guard import BodyLimit, SecurityHeaders
from hotline.incidents import City
from hotline.loop_faults import LoopFaults
from hotline.page_routes import BUILT, Assets, page_router
from hotline.people.passwords import Passwords
from hotline.people.signing_in import SignInPolicy
from hotline.people.throttle import Throttle
from hotline.ptz import LAST_WORD_S, PtzDesk
from hotline.ptz_head import Held
from hotline.ptz_record import LeaseRecord
from hotline.reconcile import Reconciler
from hotline.reference_views import ReferenceViews
from hotline.sealing import open_key_store, read_secret
from hotline.service import CityCard, Limits, NamedPlace, Service
from hotline.stills import Stills
from hotline.store.database import Database
from hotline.supervisor import Part, Supervisor
from hotline.sweeper import AT_ONCE, Sweeper
from hotline.viewings import Viewings, close_left_open
from relay.clock import SteadyClock
from relay.http import whep_router
from relay.relay import Relay
from relay.settings import RelaySettings, TurnServer
from streams.demux.process import Demuxers
from streams.hub import CameraHub
from streams.onvif.devices import Devices
from streams.onvif.heads import Heads
from streams.onvif.keyframes import Keyframes
from streams.onvif.soap import Soap
from streams.policies import Policies
from streams.recipe import Transcoding
from streams.watch.watcher import Watcher

log = logging.getLogger(__name__)

RELAY_START_S = 10.0
CAMERAS_STOP_S = 3.0
QUICK_STOP_S = 1.0
DATABASE_STOP_S = 5.0


def create_app(settings: config.Settings) -> FastAPI:
    """The whole service as an ASGI application; it runs between the lifespan's start and end.

    `app.state.service` is the `Service`; its `failed` is set when a part ended by itself, and then the server
    should stop. Raises `sealing.KeyStoreError` when the key file, or the file of a
    TURN server's secret, cannot be used.
    """
    clock = SteadyClock()  # one for everything: shares, rights, tokens, sign-ins, records
    faults = LoopFaults()
    keys = open_key_store(settings.secrets.key_file)
    database = Database(settings.storage.database_url)
    directory = CameraDirectory(database, keys, settings.cameras.networks)
    dialable = camera_rules.dialable(settings.cameras.networks)
    policies = replace(_policies(settings.streams), dialable=dialable)
    soap = Soap(dialable=dialable)
    devices = Devices(directory.camera, directory.credentials, soap)
    keyframes = Keyframes(devices)
    demuxers = Demuxers(settings.streams.demuxers)
    hub = CameraHub(
        directory.camera,
        directory.credentials,
        linger=settings.streams.linger_s,
        policies=lambda _: policies,
        transcoding=transcoding(settings.transcoding),
        keyframes=keyframes.ask,
        demuxers=demuxers,
    )
    relay_settings = _relay_settings(settings.relay, settings.cameras)
    relay = Relay(relay_settings, hub, Viewings(database), keys.token_key, utc=clock.utc)
    policy = _sign_in_policy(settings.people)

    def lease_ending(held: Held) -> None:
        broker.lease_ending(held)

    desk = PtzDesk(
        _ptz_policy(settings.ptz),
        Heads(devices),
        LeaseRecord(database),
        utc=clock.utc,
        on_ending=lease_ending,
    )
    watcher = Watcher(
        hub.keyframes,
        ReferenceViews(database, clock.utc),
        interval=settings.streams.picture_watch_s,
        turned=lambda camera: desk.held(camera) is not None,
    )
    broker = Broker(
        database,
        relay,
        hub.changed,
        policy,
        findings=watcher.findings,
        utc=clock.utc,
        clock=time.monotonic,
    )

    def masks_changed(camera_id: str) -> None:
        hub.remask(camera_id)
        known = directory.record(camera_id)
        if known is not None and known.masks:
            desk.masked(camera_id)

    reconciler = Reconciler(
        database,
        directory,
        relay,
        utc=clock.utc,
        on_expired=lambda shares: broker.share_changed(*shares),
        on_foreign_change=broker.reload_soon,
        on_camera_changed=hub.refresh,
        on_masks_changed=masks_changed,
        on_idle=clock.adopt,
    )
    looks = Stills(database, hub, directory, utc=clock.utc, clock=time.monotonic)
    sweeper = Sweeper(
        database,
        directory,
        in_use=hub.in_use,
        policies=policies,
        demuxers=Demuxers(min(1, settings.streams.demuxers) * AT_ONCE),
        every_s=settings.readiness.every_hours * 3600 if settings.readiness.enabled else None,
        utc=clock.utc,
        on_step=broker.readiness_changed,
    )
    service = Service(
        database=database,
        directory=directory,
        relay=relay,
        reconciler=reconciler,
        broker=broker,
        stills=looks,
        watcher=watcher,
        sweeper=sweeper,
        passwords=Passwords(),
        policy=policy,
        city=_city(settings.city),
        limits=_limits(settings.sharing),
        secure=settings.server.secure,
        utc=clock.utc,
        clock=clock,
        faults=faults,
        token_key=keys.token_key,
        keyframes=keyframes.counters,
        demuxers=demuxers,
        ptz=desk,
    )
    watch = Part("picture watch", watcher.run, QUICK_STOP_S)
    supervisor = Supervisor(
        (
            Part("keyframes", keyframes.run, QUICK_STOP_S),
            Part("cameras", hub.run, CAMERAS_STOP_S),
            *((watch,) if settings.streams.picture_watch else ()),
            Part("relay", relay.run, relay_settings.stop_deadline_s + QUICK_STOP_S),
            Part("reconciler", reconciler.run, QUICK_STOP_S),
            Part("event stream", broker.run, QUICK_STOP_S),
            Part("stills", looks.run, QUICK_STOP_S),
            Part("turned cameras", desk.run, LAST_WORD_S + QUICK_STOP_S),
            Part("readiness sweep", sweeper.run, CAMERAS_STOP_S),
        ),
        service.failed.set,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with faults.noted(asyncio.get_running_loop()):
            try:
                await database.prepare()
                await close_left_open(database, clock.utc())
                await reconciler.sync()
                await broker.load()
                await sweeper.load()
                async with asyncio.TaskGroup() as group:
                    supervisor.start(group)
                    try:
                        await _started(relay, service.failed)
                        yield
                    finally:
                        broker.close()
                        await supervisor.stop()
            finally:
                await soap.close()
                async with asyncio.timeout(DATABASE_STOP_S):
                    await database.close()
                log.info("records are closed")

    app = FastAPI(
        title="Hotline",
        summary="Live city CCTV for the fire service.",
        description="An incident opens the cameras around it, at once and on the record.",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from the Internet
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    looking = (masks, stills, picture_watch, ptz, readiness)
    watching = (health, metrics, statistics)
    for module in (session, city, *looking, incidents, shares, events, records, *watching):
        app.include_router(module.router)
    app.include_router(whep_router(relay))
    app.mount("/assets", Assets(directory=BUILT / "assets", check_dir=False), name="assets")
    app.include_router(page_router())
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, tiles=settings.city.tiles, secure=settings.server.secure)
    return app


async def _started(relay: Relay, failed: asyncio.Event) -> None:
    """Waits for the media port. Raises `RuntimeError` when a part failed instead, or nothing came of it."""
    async with asyncio.TaskGroup() as group:
        waits = {group.create_task(relay.started.wait()), group.create_task(failed.wait())}
        await asyncio.wait(waits, timeout=RELAY_START_S, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    if failed.is_set() or not relay.started.is_set():
        raise RuntimeError("the relay did not start; see the log for the reason")


def _policies(room: config.StreamsRoom) -> Policies:
    return Policies(
        connect_s=room.connect_deadline_s,
        reply_s=room.answer_deadline_s,
        first_picture_s=room.first_picture_deadline_s,
        stall_floor_s=room.stall_s,
        reconnect_after_s=room.lost_s,
    )


def transcoding(room: config.Transcoding) -> Transcoding:
    """The settings as the media side takes them."""
    return Transcoding(
        encoder=room.encoder, cores=room.cores, threads=room.threads, utc_offset_h=room.utc_offset_h
    )


def _relay_settings(room: config.RelayRoom, cameras: config.CamerasRoom) -> RelaySettings:
    return RelaySettings(
        hosts=room.hosts,
        udp_port=room.udp_port,
        tcp_port=room.tcp_port,
        advertised_addresses=room.advertised_addresses,
        interfaces=room.interfaces,
        camera_networks=cameras.named_networks,
        turn_servers=tuple(
            TurnServer(turn.url, read_secret(turn.secret_file), turn.lifetime_s) for turn in room.turn_servers
        ),
        max_viewers=room.max_viewers,
        max_viewers_per_feed=room.max_viewers_per_feed,
        max_viewers_per_grant=room.max_viewers_per_grant,
        assumed_link_bps=room.assumed_link_bps,
        busy_share=room.busy_share,
        busy_lag_s=room.busy_lag_s,
    )


def _sign_in_policy(room: config.People) -> SignInPolicy:
    return SignInPolicy(
        idle_s=room.idle_minutes * 60.0,
        lasting_s=room.session_hours * 3600.0,
        throttle=Throttle(failures=room.failures, pause_s=room.pause_minutes * 60.0),
    )


def _city(room: config.City) -> CityCard:
    return CityCard(
        name_ko=room.name_ko,
        name_en=room.name_en,
        radius_km=room.radius_km,
        rules=City(Point(room.latitude, room.longitude), room.reach_km),
        places=tuple(
            NamedPlace(Term("", place.name_ko, place.name_en), place.latitude, place.longitude)
            for place in room.places
        ),
        tiles=room.tiles,
    )


def _ptz_policy(room: config.Ptz) -> PtzPolicy:
    return PtzPolicy(
        enabled=room.enabled,
        roles=frozenset(Role(name) for name in room.roles),
        purposes=room.purposes,
        lease_s=room.lease_s,
        longest_s=room.longest_s,
        return_preset=room.return_preset,
    )


def _limits(room: config.Sharing) -> Limits:
    return Limits(
        radius_m=room.radius_m,
        count=room.count,
        max_minutes=room.max_minutes,
        preview_minutes=room.preview_minutes,
        token_minutes=room.token_minutes,
    )
