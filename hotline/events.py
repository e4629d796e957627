"""The event stream's broker: who listens, what each may hear, and what is true now.

It keeps the running shares and open incidents in memory, so that a listener who comes (back) is given a
snapshot without a query, and everything after it in order. Shares and incidents queue per listener, at most
256; whoever falls further behind is cut off and comes back to a snapshot. Feeds never queue: the newest
replaces the one before. Belongs here: who hears what. Bytes on the wire are `api/events.py`'s.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hotline import feeds, render
from hotline.audit import iso
from hotline.domain.ptz import END_REASONS
from hotline.errors import Busy, Throttled
from hotline.incidents import IncidentView, list_incidents
from hotline.people.signing_in import Identity, SignInPolicy, still_signed_in
from hotline.ptz_head import Held
from hotline.readiness import CameraReading
from hotline.share_view import SHARE, ShareView, load_shares
from hotline.store.database import Database
from hotline.store.models import ShareRow
from hotline.sweeper import Progress
from relay.ports import Feed
from streams.watch.fault import Finding

log = logging.getLogger(__name__)

QUEUE = 256  # events a listener may be behind
FEEDS_S = 0.5
SOONEST_S = 0.05  # a change of state is told at once, but not more often than this
SIGN_INS_S = 5.0  # how often listeners' sign-ins are looked at
MOST_LISTENERS = 2000
MOST_PER_SIGN_IN = 32


class TellsFeeds(Protocol):
    """The relay, as far as this module knows it."""

    def feeds(self, cameras: Collection[str]) -> Mapping[str, Feed]: ...


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream; `data` is JSON."""

    id: str
    type: str
    data: str


class Listener:
    """One open event stream. Filled by the broker, emptied by the response that owns it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.over = False
        self._queue: deque[Event] = deque()
        self._feeds: Event | None = None
        self._wake = asyncio.Event()

    def push(self, event: Event) -> None:
        """Queues an event; a listener that is too far behind is over."""
        if len(self._queue) >= QUEUE:
            if not self.over:
                log.warning("an event stream fell %d events behind and is closed", QUEUE)
            self.close()
            return
        self._queue.append(event)
        self._wake.set()

    def push_feeds(self, event: Event) -> None:
        """The newest feeds; what was not read yet is old."""
        self._feeds = event
        self._wake.set()

    def restart(self, snapshot: Event) -> None:
        """A snapshot says everything: what was queued before it is of no use."""
        self._queue.clear()
        self.push(snapshot)

    def close(self) -> None:
        """The stream ends; what is queued may still be read."""
        self.over = True
        self._wake.set()

    async def next(self) -> list[Event]:
        """What there is to send, at least one event; an empty list when the stream is over."""
        while not self._queue and self._feeds is None and not self.over:
            self._wake.clear()
            await self._wake.wait()
        events = list(self._queue)
        self._queue.clear()
        if self._feeds is not None:
            events.append(self._feeds)
            self._feeds = None
        return events


class Broker:
    """Owns the listeners. `run()` tells the feeds; the rest is called by whoever changed something.

    changed: waits until any feed's state is another than at the version given, and returns the version.
    findings: what is wrong with a camera's picture.
    """

    def __init__(
        self,
        database: Database,
        relay: TellsFeeds,
        changed: Callable[[int], Awaitable[int]],
        policy: SignInPolicy,
        *,
        findings: Callable[[str], Sequence[Finding]] = lambda _: (),
        utc: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._relay = relay
        self._changed = changed
        self._policy = policy
        self._findings = findings
        self._utc = utc
        self._clock = clock
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._listeners: set[Listener] = set()
        self._shares: dict[str, ShareView] = {}
        self._incidents: dict[str, IncidentView] = {}
        self._told = 0  # counts what we were told, so that a reload knows it was overtaken
        self._reload = asyncio.Event()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def cameras(self) -> set[str]:
        """The cameras of everything that runs: those whose state is known."""
        now = self._utc()
        return {camera for view in self._shares.values() if view.ends_at > now for camera in view.camera_ids}

    @contextmanager
    def listening(self, identity: Identity) -> Iterator[Listener]:
        """A listener that has its snapshot already. Ask `demand_room` first."""
        listener = Listener(identity)
        listener.push(self._snapshot(listener))
        listener.push_feeds(self._feeds_for(listener, self._told_feeds(self._cameras_of(listener))))
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def demand_room(self, identity: Identity) -> None:
        """Raises `Throttled` when too many streams are open, or the service stops."""
        of_this = sum(each.identity.sign_in == identity.sign_in for each in self._listeners)
        if self._closed or len(self._listeners) >= MOST_LISTENERS or of_this >= MOST_PER_SIGN_IN:
            raise Throttled(
                "Too many event streams are open; close some windows.",
                "열린 창이 너무 많습니다. 창을 몇 개 닫으십시오.",
                5,
            )

    def share_changed(self, *views: ShareView) -> None:
        """Shares or previews were opened, changed or ended."""
        for view in views:
            self._told += 1
            if view.running:
                self._shares[view.id] = view
            else:
                self._shares.pop(view.id, None)
            if view.kind == SHARE:
                event = self._event("share", {"share": render.share(view)})
                for listener in self._listeners:
                    if _may_see(listener.identity, view):
                        listener.push(event)

    def incident_changed(self, view: IncidentView) -> None:
        """An incident was reported or closed."""
        self._told += 1
        if view.closed_at is None:
            self._incidents[view.id] = view
        else:
            self._incidents.pop(view.id, None)
        event = self._event("incident", {"incident": render.incident(view)})
        for listener in self._listeners:
            if listener.identity.role.of_centre:
                listener.push(event)

    def readiness_changed(self, progress: Progress | None, found: CameraReading | None) -> None:
        """A camera was checked, or a sweep that a person commanded began or came on."""
        data = {"sweep": render.sweep(progress), "reading": render.reading(found)}
        event = self._event("readiness", data)
        for listener in self._listeners:
            if listener.identity.role.of_centre:
                listener.push(event)

    def lease_ending(self, held: Held) -> None:
        """A lease ends, and its camera is turned back: said to whoever holds it."""
        lease = held.lease
        said = {"id": lease.id, "camera": lease.camera}
        reason = render.term(END_REASONS[held.closing or "failed"])
        event = self._event("ptz", {"lease": said, "reason": reason})
        for listener in self._listeners:
            if listener.identity.user.id == lease.holder:
                listener.push(event)

    def signed_out(self, sign_in: str) -> None:
        """A sign-in ended: its streams say so and end."""
        for listener in self._listeners:
            if listener.identity.sign_in == sign_in:
                listener.push(self._event("bye", {"reason": "signed_out"}))
                listener.close()

    def reload_soon(self) -> None:
        """Something changed that nobody told us in detail: read again, and give everybody a snapshot."""
        self._reload.set()

    def close(self) -> None:
        """The service stops: every stream ends (without `bye`: people stay signed in)."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    async def load(self) -> None:
        """Reads what is running now. Called once before the first listener, and after `reload_soon`."""
        while True:
            before, now = self._told, self._utc()
            running = select(ShareRow).where(ShareRow.ended_at.is_(None), ShareRow.ends_at > now)
            async with self._database.read() as session:
                shares = await load_shares(session, await session.scalars(running), now)
            incidents = await list_incidents(self._database, limit=1000)
            if before == self._told:
                break
        self._shares = {view.id: view for view in shares}
        self._incidents = {view.id: view for view in incidents}
        for listener in self._listeners:
            listener.restart(self._snapshot(listener))

    async def run(self) -> None:
        """Tells the feeds every half second and at each change of state, until cancelled."""
        version = -1
        looked_at = self._clock()
        while True:
            if self._reload.is_set():
                self._reload.clear()
                await self._guarded(self.load)
            if self._clock() - looked_at >= SIGN_INS_S:
                looked_at = self._clock()
                await self._guarded(self._look_at_sign_ins)
            self.tell_feeds()
            told_at = self._clock()
            try:
                async with asyncio.timeout(FEEDS_S):
                    version = await self._changed(version)
            except TimeoutError:
                continue
            await asyncio.sleep(max(0.0, SOONEST_S - (self._clock() - told_at)))

    def tell_feeds(self) -> None:
        """Gives every listener the state of the cameras it may see."""
        wanted = {listener: self._cameras_of(listener) for listener in self._listeners}
        told = self._told_feeds(set().union(*wanted.values()))
        for listener in wanted:
            listener.push_feeds(self._feeds_for(listener, told))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (SQLAlchemyError, Busy) as error:
            log.error("event stream: the database does not answer (%s)", type(error).__name__)
            self._reload.set()

    async def _look_at_sign_ins(self) -> None:
        """Ends the streams of those who are signed out by now.

        A wall and a tablet that listen are in use, though nobody touches them; an operator's desk is not.
        """
        if not self._listeners:
            return
        signed_in = await still_signed_in(
            self._database,
            {listener.identity.sign_in for listener in self._listeners},
            used={each.identity.sign_in for each in self._listeners if each.identity.role.of_unit},
            policy=self._policy,
            now=self._utc(),
        )
        for listener in list(self._listeners):
            if listener.identity.sign_in not in signed_in:
                self.signed_out(listener.identity.sign_in)

    def _cameras_of(self, listener: Listener) -> set[str]:
        now = self._utc()
        mine = listener.identity.actor().receiver
        seen: set[str] = set()
        for view in self._shares.values():
            if view.ends_at > now and (_may_see(listener.identity, view) or mine in view.receivers):
                seen |= view.camera_ids
        return seen

    def _told_feeds(self, cameras: Collection[str]) -> dict[str, str]:
        utc, monotonic = self._utc(), self._clock()
        known = self._relay.feeds(cameras)
        return {
            camera: _json(
                feeds.feed(known[camera], self._findings(camera), utc=utc, monotonic=monotonic)
                if camera in known
                else feeds.unknown(utc=utc)
            )
            for camera in cameras
        }

    def _feeds_for(self, listener: Listener, told: Mapping[str, str]) -> Event:
        # Each feed is rendered once, however many listen; only the frame around them is each listener's own.
        mine = ",".join(
            f"{json.dumps(camera)}:{told[camera]}"
            for camera in sorted(self._cameras_of(listener))
            if camera in told
        )
        return self._event_of("feeds", f'{{"now":"{iso(self._utc())}","feeds":{{{mine}}}}}')

    def _snapshot(self, listener: Listener) -> Event:
        now = self._utc()
        identity = listener.identity
        snapshot: dict[str, Any] = {
            "server_time": iso(now),
            "shares": [
                render.share(view)
                for view in _oldest_first(self._shares.values())
                if view.kind == SHARE and view.ends_at > now and _may_see(identity, view)
            ],
        }
        if identity.role.of_centre:
            snapshot["incidents"] = [render.incident(view) for view in self._incidents.values()]
        return self._event("snapshot", snapshot)

    def _event(self, kind: str, data: Mapping[str, Any]) -> Event:
        return self._event_of(kind, _json(data))

    def _event_of(self, kind: str, data: str) -> Event:
        self._number += 1
        return Event(f"{self._boot}-{self._number}", kind, data)


def _may_see(identity: Identity, view: ShareView) -> bool:
    """Who may know of a share: the centre, and the units that receive it. A preview is its owner's alone."""
    if view.kind != SHARE:
        return view.opened_by == identity.user.id
    return identity.role.of_centre or any(unit.id == identity.user.unit_id for unit in view.units)


def _oldest_first(views: Iterable[ShareView]) -> list[ShareView]:
    return sorted(views, key=lambda view: (view.opened_at, view.id))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
