"""The relay of one process: its port, its viewers, what it keeps warm, and the grants that allow it all.

Belongs here: the grant set and its expiry, who owns which task. Not here: who is let in
(`relay/admission.py`), a viewer's life (`relay/viewer.py`), HTTP (`relay/http.py`), the meaning of a share.

`run()` owns every task; `apply`, `admit` and `delete` are called in the same event loop. The grant set is
enforced by the relay's own clock, so a control plane that is gone is never an open door.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from relay import token
from relay.addresses import told
from relay.admission import Admission, Door, etag_of
from relay.answer import Candidate, write_restart
from relay.errors import Refused
from relay.grant import Grant, GrantSet
from relay.load import Load
from relay.ports import Cameras, Feed, ViewerStatus, ViewingRecorder
from relay.rights import Rights
from relay.settings import RelaySettings
from relay.stats import FanoutStatistics, SenderStatistics
from relay.supplies import Supplies
from relay.tcp import TcpPort
from relay.udp import Peers, UdpPort
from relay.viewer import STARVED, Viewer
from relay.whep import Fragment, is_restart
from relay.wish import Lack, Wish, read_layer
from streams.camera import ProfileName

logger = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between looks at the clock for grants that begin or end."""
ADAPT_TICK = 0.1
"""Seconds between looks at whose rendition is to be adapted; the load is measured by them too."""


@dataclass(frozen=True, slots=True)
class RelayStatistics:
    """The relay as it stands, for API and Prometheus.

    viewers: each with what was sent to it (None before its first picture). dropped: datagrams and frames that
    were for nobody, by reason, since the start. tcp_refused_bytes: what slow TCP viewers could not take.
    loop_share: of one core that the event loop uses, 0 to 1. loop_lag: seconds that it comes late.
    turned_away: viewers refused because of these two. starved: viewers ended by `relay/watchdog.py`.
    """

    viewers: tuple[tuple[ViewerStatus, SenderStatistics | None], ...]
    renditions: tuple[FanoutStatistics, ...]
    dropped: dict[str, int]
    tcp_connections: int
    tcp_refused_bytes: int
    loop_share: float
    loop_lag: float
    turned_away: int
    starved: int = 0


class Relay:
    """See the module. `started` is set when the port is open; then `port` is what it is."""

    def __init__(
        self,
        settings: RelaySettings,
        cameras: Cameras,
        recorder: ViewingRecorder,
        token_key: bytes,
        *,
        utc: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.started = asyncio.Event()
        self.peers = Peers()
        self._settings = settings
        self._cameras = cameras
        self._utc = utc
        self._clock = clock
        self._udp = UdpPort(self.peers, clock)
        self._tcp = TcpPort(self.peers, clock)
        self._candidates: tuple[Candidate, ...] = ()
        self._rights = Rights()
        self._viewers: dict[str, Viewer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._starved = 0
        self._supplies = Supplies(
            cameras, self._fanout_failed, instant_start=settings.instant_start, clock=clock
        )
        self._load = Load(settings.busy_share, settings.busy_lag_s)
        self._door = Door(
            settings,
            token_key,
            self._rights,
            self._supplies,
            self._load,
            recorder,
            self._viewers,
            utc=utc,
            clock=clock,
        )
        self._group: asyncio.TaskGroup | None = None
        self._feeds_seen = 0

    @property
    def port(self) -> int:
        """The UDP port, once `started`."""
        return self._udp.port

    @property
    def tcp_port(self) -> int | None:
        """The TCP port, once `started`; None without one."""
        return self._tcp.port or None

    @property
    def revision(self) -> int:
        """Revision of the grant set in force; -1 before the first."""
        return self._rights.revision

    @property
    def settings(self) -> RelaySettings:
        """What it was told at its start."""
        return self._settings

    @property
    def body_deadline_s(self) -> float:
        """Seconds within which the body of a request must be there."""
        return self._settings.body_deadline_s

    async def run(self) -> None:
        """Open the port and serve until cancelled; then end every viewer in order.

        Raises OSError at once when the port cannot be had.
        """
        settings = self._settings
        self._udp.open(settings.hosts, settings.udp_port)
        try:
            if settings.tcp_port is not None:
                await self._tcp.open(settings.hosts, settings.tcp_port)
            addresses = told(
                settings.hosts,
                settings.advertised_addresses,
                settings.interfaces,
                settings.camera_networks,
            )
            udp = (Candidate(address, self._udp.port) for address in addresses)
            tcp = (Candidate(address, self._tcp.port, tcp=True) for address in addresses if self._tcp.port)
            self._candidates = (*udp, *tcp)
            where = ", ".join(addresses) or "no address"
            logger.info(
                "media on UDP port %d, TCP port %s of %s", self._udp.port, self._tcp.port or "none", where
            )
            async with asyncio.TaskGroup() as group:
                self._group = group
                adapting = group.create_task(self._adapt(), name="adaptation")
                self.started.set()
                try:
                    await self._watch_clock()
                finally:
                    self._group = None
                    adapting.cancel()
                    await self._drain()
        finally:
            self._supplies.release()
            await self._tcp.close()
            self._udp.close()
            self.started.clear()

    # Grants.

    def apply(self, grants: GrantSet) -> None:
        """Make `grants` the whole truth. An older revision than the one in force is ignored."""
        if not self._rights.replace(grants):
            logger.info("grant set %d ignored: %d is in force", grants.revision, self.revision)
            return
        self._enforce()

    def _enforce(self) -> None:
        """Bring what is held and who watches in line with the grants in force now."""
        now = self._utc()
        wanted = self._rights.forms(now)
        self._supplies.hold(wanted)
        for viewer in self._viewers.values():
            who = viewer.admitted
            grant = self._rights.find(who.receiver, who.share, who.camera, now)
            if grant is None or grant.overlay != who.overlay:
                viewer.close("the grant ended")
            elif not any(form.is_given for form in viewer.forms):
                viewer.close("the camera's own pictures are not given out any more")

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._enforce()
            self._door.renew()

    async def _adapt(self) -> None:
        """Let each viewer look at its link when it is due: one task for all costs less than one for each."""
        due = self._clock()
        while True:
            due = max(due + ADAPT_TICK, self._clock())
            await asyncio.sleep(due - self._clock())
            now = self._clock()
            self._load.observe(now, now - due, time.thread_time())
            for viewer in tuple(self._viewers.values()):
                viewer.act(now)

    # Viewers.

    def check(self, camera: str, text: str | None) -> tuple[token.ViewToken, Grant]:
        """See `Door.check`."""
        return self._door.check(camera, text)

    async def admit(self, camera: str, text: str | None, body: bytes, profile: ProfileName) -> Admission:
        """Let a viewer in: from an SDP offer to the answer, its task started. Raises as `Door.open` does."""
        viewer, admission = await self._door.open(
            camera, text, body, profile, self._candidates, lambda: self._group
        )
        assert self._group is not None  # or the door would have been closed
        self._viewers[admission.viewer_id] = viewer
        self.peers.add(viewer.peer)
        for form in viewer.forms:
            form.join(admission.viewer_id)
        task = self._group.create_task(self._live(viewer), name=f"viewer {viewer.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return admission

    def delete(self, camera: str, viewer_id: str) -> None:
        """End a viewer at once. Raises `Refused` 404 for one that is not there."""
        viewer = self._viewer(camera, viewer_id)
        viewer.close("ended by the viewer")
        self.peers.remove(viewer.peer)
        self._viewers.pop(viewer_id, None)

    def etag(self, camera: str, viewer_id: str) -> str:
        """The ETag of a viewer's ICE generation. Raises `Refused` 404."""
        return etag_of(self._viewer(camera, viewer_id).peer)

    def is_restart(self, camera: str, viewer_id: str, fragment: Fragment) -> bool:
        """Whether `fragment` begins a new ICE generation of the viewer. Raises `Refused` 404."""
        return is_restart(fragment, self._viewer(camera, viewer_id).peer.ice.credentials.remote_ufrag)

    def restart(
        self, camera: str, viewer_id: str, text: str | None, fragment: Fragment
    ) -> tuple[str, str] | None:
        """Take the fragment of a PATCH: a new ICE generation gives its answer and ETag, anything else None.

        Raises `Refused` 401 or 404. Whatever fails leaves the viewer as it was.
        """
        bearer, _ = self.check(camera, text)
        viewer = self._viewer(camera, viewer_id)
        if (bearer.receiver, bearer.share) != (viewer.admitted.receiver, viewer.admitted.share):
            raise Refused(404, "no such viewer")
        peer = viewer.peer
        if fragment.ufrag is None or not is_restart(fragment, peer.ice.credentials.remote_ufrag):
            return None
        credentials = peer.ice.restart(fragment.ufrag, fragment.password or "")
        self.peers.add(peer)
        return write_restart(viewer.parameters.mid, credentials, self._candidates), etag_of(peer)

    def wish(
        self, camera: str, viewer_id: str, text: str | None, body: bytes
    ) -> tuple[Wish, str | None, Lack | None]:
        """Take a layer request (`relay/wish.py`): the wish now in force, the rendition that follows from it
        (None before the viewer plays), and why that is not the one that is pinned.

        Raises `Refused` 401 or 404, `OfferRefused` 400.
        """
        bearer, _ = self.check(camera, text)
        viewer = self._viewer(camera, viewer_id)
        if (bearer.receiver, bearer.share) != (viewer.admitted.receiver, viewer.admitted.share):
            raise Refused(404, "no such viewer")
        wish = read_layer(body, viewer.wish)
        return wish, viewer.ask(wish), viewer.lack()

    def viewers(self) -> list[ViewerStatus]:
        """Every viewer as it stands, half-open ones too."""
        return [viewer.status() for viewer in self._viewers.values()]

    def statistics(self) -> RelayStatistics:
        """What happened, for those who watch over it."""
        return RelayStatistics(
            viewers=tuple((viewer.status(), viewer.statistics()) for viewer in self._viewers.values()),
            renditions=self._supplies.statistics(),
            dropped=dict(self.peers.dropped),
            tcp_connections=len(self._tcp),
            tcp_refused_bytes=self._tcp.refused_bytes,
            loop_share=self._load.share,
            loop_lag=self._load.lag,
            turned_away=self._door.turned_away,
            starved=self._starved,
        )

    def _viewer(self, camera: str, viewer_id: str) -> Viewer:
        viewer = self._viewers.get(viewer_id)
        if viewer is None or viewer.admitted.camera != camera:
            raise Refused(404, "no such viewer")
        return viewer

    async def _live(self, viewer: Viewer) -> None:
        who = viewer.admitted
        logger.info("viewer %s: camera %s, %s", viewer.name, who.camera, who.profile)
        try:
            reason = await viewer.run()
            self._starved += reason == STARVED
            logger.info("viewer %s ended: %s", viewer.name, reason)
        finally:
            self.peers.remove(viewer.peer)
            self._viewers.pop(who.id, None)
            for form in viewer.forms:
                form.leave(who.id)
            self._supplies.left(who.camera, who.overlay)

    async def _drain(self) -> None:
        """End every viewer, with its record, within the deadline."""
        for viewer in self._viewers.values():
            viewer.close("the relay stops")
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._settings.stop_deadline_s)
            if late:
                logger.warning("%d viewers did not end in time", len(late))
        self._supplies.end()

    def _fanout_failed(self, viewers: Collection[str]) -> None:
        for viewer_id in viewers & self._viewers.keys():
            self._viewers[viewer_id].close("internal fault")

    # State of feeds.

    def feeds(self, cameras: Collection[str]) -> dict[str, Feed]:
        """What is true of each of `cameras` that is known."""
        return self._supplies.feeds(cameras)

    async def feeds_changed(self, timeout: float) -> None:
        """Wait until the state of any feed has changed since the last call, at most `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                self._feeds_seen = await self._cameras.changed(self._feeds_seen)
        except TimeoutError:
            return
