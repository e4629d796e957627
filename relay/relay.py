"""The relay of one process: its port, its viewers, what it keeps warm, and the grants that allow it all.

Belongs here: admission, the grant set and its expiry, who owns which task. Not here: a viewer's life
(`relay/viewer.py`), HTTP (`relay/http.py`), the meaning of a share.

`run()` owns every task; `apply`, `admit` and `delete` are called in the same event loop. The grant set is
enforced by the relay's own clock, so a control plane that is gone is never an open door.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from relay import ice, seam, token
from relay.addresses import machine_addresses, reachable
from relay.answer import Candidate, write_answer, write_restart
from relay.errors import Refused, TokenRejected
from relay.feeds import to_watch
from relay.grant import Grant, GrantSet
from relay.links import KnownLinks
from relay.load import Load
from relay.offer import Offer, choose_format, parse_offer, takes_h265
from relay.peer import Peer
from relay.ports import Cameras, Feed, Hold, RtpParameters, ViewerStatus, ViewingRecorder
from relay.rights import Rights
from relay.settings import RelaySettings
from relay.stats import FanoutStatistics, SenderStatistics
from relay.supplies import Supplies
from relay.tcp import TcpPort
from relay.udp import Peers, UdpPort
from relay.viewer import Admitted, Viewer
from relay.whep import Fragment, is_restart, turn_links
from relay.wish import Wish, read_layer
from streams.camera import ProfileName, RenditionName
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between looks at the clock for grants that begin or end."""
ADAPT_TICK = 0.1
"""Seconds between looks at whose rendition is to be adapted; the load is measured by them too."""
CERTIFICATE_RENEWAL = 7 * 86_400.0
"""Seconds before its end at which the DTLS certificate is replaced, for new viewers."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a POST came to: the viewer's id, the answer, its ETag and the TURN servers (`Link` values)."""

    viewer_id: str
    answer: str
    etag: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelayStatistics:
    """The relay as it stands, for API and Prometheus.

    viewers: each with what was sent to it (None before its first picture). dropped: datagrams and frames that
    were for nobody, by reason, since the start. tcp_refused_bytes: what slow TCP viewers could not take.
    loop_share: of one core that the event loop uses, 0 to 1. loop_lag: seconds that it comes late.
    turned_away: viewers refused because of these two.
    """

    viewers: tuple[tuple[ViewerStatus, SenderStatistics | None], ...]
    renditions: tuple[FanoutStatistics, ...]
    dropped: dict[str, int]
    tcp_connections: int
    tcp_refused_bytes: int
    loop_share: float
    loop_lag: float
    turned_away: int


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
        self._recorder = recorder
        self._token_key = token_key
        self._utc = utc
        self._clock = clock
        self._udp = UdpPort(self.peers, clock)
        self._tcp = TcpPort(self.peers, clock)
        self._candidates: tuple[Candidate, ...] = ()
        self._arena = seam.Arena()
        # One SSRC for all viewers: each is an RTP session of its own, and packets can be prepared for all.
        self._ssrc = 2 * secrets.randbits(30) + 2
        self._certificate = seam.Certificate()
        self._rights = Rights()
        self._viewers: dict[str, Viewer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._originals: dict[str, Hold] = {}  # by viewer: who watches the camera's own H.265
        self._supplies = Supplies(
            cameras, self._fanout_failed, instant_start=settings.instant_start, clock=clock
        )
        self._links = KnownLinks()
        self._load = Load(settings.busy_share, settings.busy_lag_s)
        self._turned_away = 0
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
            addresses = settings.advertised_addresses or reachable(settings.hosts, machine_addresses())
            udp = (Candidate(address, self._udp.port) for address in addresses)
            tcp = (Candidate(address, self._tcp.port, tcp=True) for address in addresses if self._tcp.port)
            self._candidates = (*udp, *tcp)
            logger.info("media on UDP port %d, TCP port %s", self._udp.port, self._tcp.port or "none")
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
            elif (codec := viewer.parameters.codec) != "H264" and self._original(who.camera, codec) is None:
                viewer.close("the camera's own pictures are not given out any more")

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._enforce()
            if self._certificate.expires_at - self._utc() < CERTIFICATE_RENEWAL:
                self._certificate = seam.Certificate()

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
        """Whom a bearer token speaks for, and the grant that covers `camera`.

        Raises `Refused`: 401 without a good token, 404 for a camera that is unknown or not covered.
        """
        try:
            if text is None:
                raise TokenRejected("no token")
            bearer = token.verify(self._token_key, text, self._utc())
        except TokenRejected:
            raise Refused(401, "a valid viewing token is needed") from None
        grant = self._rights.find(bearer.receiver, bearer.share, camera, self._utc())
        if grant is None:
            raise Refused(404, "no such camera")
        return bearer, grant

    async def admit(self, camera: str, text: str | None, body: bytes, profile: ProfileName) -> Admission:
        """Let a viewer in: from an SDP offer to the answer, its task started.

        Raises `Refused` (401, 404, 409 the camera is offline, 429, 503) or `OfferRefused` (400, 406, 413).
        """
        bearer, grant = self.check(camera, text)
        offer = parse_offer(body)
        self._demand_room(camera, grant)
        other = ProfileName.MAIN if profile is ProfileName.SUB else ProfileName.SUB
        rendition = to_watch(self._supplies.renditions(camera, grant.overlay, profile, other), self._clock())
        await self._await_format(rendition)
        # The wait may have changed what was true.
        bearer, grant = self.check(camera, text)
        self._demand_room(camera, grant)
        if self._group is None:
            raise Refused(503, "the relay is stopping", retry_after=2)
        viewer_id = secrets.token_urlsafe(18)
        own = None
        if profile is ProfileName.MAIN and grant.overlay is None and takes_h265(offer):
            own = self._take_original(camera, viewer_id)
        if own is None:
            forms = self._supplies.forms(camera, grant.overlay, self._group)
        else:  # of the others none is in the codec that is agreed upon now
            rendition, forms = own, self._supplies.only(own, self._group)
        parameters = _parameters(offer, rendition, self._ssrc)
        peer = Peer(
            ice.Credentials.fresh(offer.ufrag),
            self._certificate,
            offer.fingerprints,
            self._arena,
            self._clock(),
        )
        admitted = Admitted(
            id=viewer_id,
            camera=camera,
            profile=rendition.name,
            grant_id=grant.id,
            receiver=bearer.receiver,
            share=bearer.share,
            person=bearer.person,
            overlay=grant.overlay,
        )
        viewer = Viewer(
            admitted,
            peer,
            parameters,
            forms,
            Wish(ceiling=profile.value if profile is ProfileName.SUB else None),
            self._links,
            self._recorder,
            self._settings,
            utc=self._utc,
            clock=self._clock,
        )
        answer = write_answer(
            offer,
            parameters,
            peer.ice.credentials,
            self._certificate.fingerprint,
            self._candidates,
            secrets.randbits(62),
        )
        self._viewers[admitted.id] = viewer
        self.peers.add(peer)
        for form in forms:
            form.viewers.add(admitted.id)
        task = self._group.create_task(self._live(viewer), name=f"viewer {viewer.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        links = turn_links(self._settings.turn_servers, admitted.id, self._utc())
        return Admission(admitted.id, answer, _etag(peer), tuple(links))

    def delete(self, camera: str, viewer_id: str) -> None:
        """End a viewer at once. Raises `Refused` 404 for one that is not there."""
        viewer = self._viewer(camera, viewer_id)
        viewer.close("ended by the viewer")
        self.peers.remove(viewer.peer)
        self._viewers.pop(viewer_id, None)

    def etag(self, camera: str, viewer_id: str) -> str:
        """The ETag of a viewer's ICE generation. Raises `Refused` 404."""
        return _etag(self._viewer(camera, viewer_id).peer)

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
        credentials = peer.ice.restart(fragment.ufrag)
        self.peers.add(peer)
        return write_restart(viewer.parameters.mid, credentials, self._candidates), _etag(peer)

    def wish(self, camera: str, viewer_id: str, text: str | None, body: bytes) -> tuple[Wish, str | None]:
        """Take a layer request (`relay/wish.py`): the wish now in force, and the rendition that follows from
        it (None before the viewer plays).

        Raises `Refused` 401 or 404, `OfferRefused` 400.
        """
        bearer, _ = self.check(camera, text)
        viewer = self._viewer(camera, viewer_id)
        if (bearer.receiver, bearer.share) != (viewer.admitted.receiver, viewer.admitted.share):
            raise Refused(404, "no such viewer")
        wish = read_layer(body, viewer.wish)
        return wish, viewer.ask(wish)

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
            turned_away=self._turned_away,
        )

    def _viewer(self, camera: str, viewer_id: str) -> Viewer:
        viewer = self._viewers.get(viewer_id)
        if viewer is None or viewer.admitted.camera != camera:
            raise Refused(404, "no such viewer")
        return viewer

    def _demand_room(self, camera: str, grant: Grant) -> None:
        settings = self._settings
        viewers = [viewer.admitted for viewer in self._viewers.values()]
        if len(viewers) >= settings.max_viewers:
            raise Refused(503, "the relay has as many viewers as it may have", retry_after=5)
        if sum(who.camera == camera for who in viewers) >= settings.max_viewers_per_feed:
            raise Refused(503, "the camera has as many viewers as it may have", retry_after=5)
        if sum(who.grant_id == grant.id for who in viewers) >= settings.max_viewers_per_grant:
            raise Refused(429, "the unit watches this camera as often as it may", retry_after=5)
        if self._load.too_busy:
            self._turned_away += 1
            raise Refused(503, "the relay has as much to do as it can do in time", retry_after=2)

    def _take_original(self, camera: str, viewer_id: str) -> Rendition | None:
        """For this viewer, until it ends: the camera's pictures as it sends them, where that is H.265."""
        sent = {each.codec for each in self._cameras.ladder(camera) if each.name is RenditionName.SOURCE}
        if "H265" not in sent:
            return None
        hold = self._cameras.hold(camera, RenditionName.SOURCE, urgent=True)
        found = self._original(camera, "H265")
        if found is None:
            hold.release()
        else:
            self._originals[viewer_id] = hold
        return found

    def _original(self, camera: str, codec: str) -> Rendition | None:
        """The camera's pictures as it sends them, if they come in `codec` and in the order in which they are
        shown, and nothing in them is to be hidden."""
        source = self._cameras.rendition(camera, RenditionName.SOURCE)
        return source if source is not None and source.codec == codec and not source.reorders else None

    async def _await_format(self, rendition: Rendition) -> None:
        """Give a camera that is just connecting a moment to tell its profile; go on without it after that."""
        if rendition.format is not None:
            return
        try:
            async with asyncio.timeout(self._settings.profile_wait_s):
                await rendition.wait_format()
        except TimeoutError:
            logger.info("camera %s: profile not known yet, answering without", rendition.camera_id)

    async def _live(self, viewer: Viewer) -> None:
        who = viewer.admitted
        logger.info("viewer %s: camera %s, %s", viewer.name, who.camera, who.profile)
        try:
            reason = await viewer.run()
            logger.info("viewer %s ended: %s", viewer.name, reason)
        finally:
            self.peers.remove(viewer.peer)
            self._viewers.pop(who.id, None)
            for form in viewer.forms:
                form.viewers.discard(who.id)
            original = self._originals.pop(who.id, None)
            if original is not None:
                original.release()
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


def _parameters(offer: Offer, rendition: Rendition, ssrc: int) -> RtpParameters:
    chosen = choose_format(offer, rendition.profile_level_id, rendition.codec)
    return RtpParameters(
        payload_type=chosen.payload_type,
        ssrc=ssrc,
        cname=secrets.token_hex(8),
        mid=offer.sections[offer.video].mid or "0",
        profile_level_id=chosen.profile_level_id,
        rtx_payload_type=chosen.rtx_payload_type,
        rtx_ssrc=None if chosen.rtx_payload_type is None else ssrc + 1,
        extensions=offer.extensions,
        feedback=chosen.feedback,
        codec=chosen.codec,
        codec_parameters=chosen.parameters,
    )


def _etag(peer: Peer) -> str:
    return f'"{peer.ice.credentials.ufrag}"'
