"""What the API needs to do its work: the parts that the composition root put together, and plain values.

Belongs here: the bundle, and the two steps that follow every change of rights (relay first, listeners then).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hotline.directory import CameraDirectory
from hotline.domain.words import Term
from hotline.events import Broker
from hotline.incidents import City
from hotline.loop_faults import LoopFaults
from hotline.people.passwords import Passwords
from hotline.people.signing_in import SignInPolicy
from hotline.ptz import PtzDesk
from hotline.reconcile import Reconciler
from hotline.share_view import ShareView
from hotline.stills import Stills
from hotline.store.database import Database
from hotline.sweeper import Sweeper
from relay.clock import SteadyClock
from relay.ports import Feed
from relay.relay import RelayStatistics
from relay.token import ViewToken, issue
from streams.demux.process import Demuxers
from streams.onvif.keyframes import KeyframeCounters
from streams.watch.watcher import Watcher


class Relays(Protocol):
    """The relay, as far as the API knows it."""

    def feeds(self, cameras: Collection[str]) -> Mapping[str, Feed]: ...

    def statistics(self) -> RelayStatistics: ...


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place on the map."""

    name: Term
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CityCard:
    """What pages show of the city. radius_km: how much around it; tiles: address pattern or None."""

    name_ko: str
    name_en: str
    radius_km: float
    rules: City
    places: tuple[NamedPlace, ...] = ()
    tiles: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults and bounds of sharing."""

    radius_m: int = 1000
    count: int = 9
    max_minutes: int = 180
    preview_minutes: int = 15
    token_minutes: int = 10


@dataclass(frozen=True, slots=True)
class Service:
    """Everything behind the API. `secure`: whether people come over HTTPS. `utc`: `clock`'s."""

    database: Database
    directory: CameraDirectory
    relay: Relays
    reconciler: Reconciler
    broker: Broker
    stills: Stills
    watcher: Watcher
    sweeper: Sweeper
    passwords: Passwords
    policy: SignInPolicy
    city: CityCard
    limits: Limits
    secure: bool
    utc: Callable[[], float]
    clock: SteadyClock
    faults: LoopFaults
    token_key: bytes = field(repr=False)
    keyframes: KeyframeCounters
    demuxers: Demuxers
    ptz: PtzDesk
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    async def shares_changed(self, *views: ShareView) -> None:
        """After commit: the relay gets the whole set, then listeners hear of it, so that their first
        request finds the door open (or shut)."""
        await self.reconciler.sync()
        self.broker.share_changed(*views)

    def view_token(self, receiver: str, share: ShareView, person: str) -> tuple[str, float]:
        """A viewing token and when it ends (UTC seconds); never longer than the share."""
        expires_at = min(self.utc() + self.limits.token_minutes * 60, share.ends_at)
        return issue(self.token_key, ViewToken(receiver, share.id, person, expires_at)), expires_at
