"""Who is let in, and on what terms: from a token and an SDP offer to a viewer and its answer.

Belongs here: what must be true before a viewer exists, and what is agreed upon with it. Not here: its life
(`relay/viewer.py`), who owns its task (`relay/relay.py`), the SDP itself (`relay/offer.py`,
`relay/answer.py`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from relay import ice, seam, token
from relay.answer import Candidate, write_answer
from relay.errors import Refused, TokenRejected
from relay.feeds import to_watch
from relay.form import Form
from relay.grant import Grant
from relay.links import KnownLinks
from relay.load import Load
from relay.offer import Offer, choose_formats, parse_offer, takes
from relay.peer import Peer
from relay.ports import RtpParameters, ViewingRecorder
from relay.rights import Rights
from relay.settings import RelaySettings
from relay.supplies import Supplies
from relay.viewer import Admitted, Viewer
from relay.whep import turn_links
from relay.wish import Wish
from streams.camera import ProfileName
from streams.rendition import Rendition

logger = logging.getLogger(__name__)

CERTIFICATE_RENEWAL = 7 * 86_400.0
"""Seconds before its end at which the DTLS certificate is replaced, for new viewers."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a POST came to: the viewer's id, the answer, its ETag and the TURN servers (`Link` values)."""

    viewer_id: str
    answer: str
    etag: str
    links: tuple[str, ...]


class Door:
    """`viewers`: those who are in, by id; `turned_away`: refused because the relay had too much to do."""

    def __init__(
        self,
        settings: RelaySettings,
        token_key: bytes,
        rights: Rights,
        supplies: Supplies,
        load: Load,
        recorder: ViewingRecorder,
        viewers: Mapping[str, Viewer],
        *,
        utc: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.turned_away = 0
        self._settings = settings
        self._token_key = token_key
        self._rights = rights
        self._supplies = supplies
        self._load = load
        self._recorder = recorder
        self._viewers = viewers
        self._utc = utc
        self._clock = clock
        self._links = KnownLinks()
        self._arena = seam.Arena()
        # One SSRC for all viewers: each is an RTP session of its own, and packets can be prepared for all.
        self._ssrc = 2 * secrets.randbits(30) + 2
        self._certificate = seam.Certificate()

    def renew(self) -> None:
        """Replace a certificate that ends soon. To be called every now and then."""
        if self._certificate.expires_at - self._utc() < CERTIFICATE_RENEWAL:
            self._certificate = seam.Certificate()

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

    async def open(
        self,
        camera: str,
        text: str | None,
        body: bytes,
        profile: ProfileName,
        candidates: Sequence[Candidate],
        group: Callable[[], asyncio.TaskGroup | None],
    ) -> tuple[Viewer, Admission]:
        """Let a viewer in; it is to be started before anything else happens. group: owner of the tasks that
        its pictures need, None when the relay stops.

        Raises `Refused` (401, 404, 409 the camera is offline, 429, 503) or `OfferRefused` (400, 406, 413).
        """
        _, grant = self.check(camera, text)
        offer = parse_offer(body)
        self._demand_room(camera, grant)
        rendition = self._choose(camera, grant, profile, offer)
        await self._await_format(rendition)
        # The wait may have changed what was true.
        bearer, grant = self.check(camera, text)
        self._demand_room(camera, grant)
        owner = group()
        if owner is None:
            raise Refused(503, "the relay is stopping", retry_after=2)
        codecs = ("H264", "H265") if self._takes_original(camera, grant, profile, offer) else ("H264",)
        parameters = self._agree(offer, rendition, codecs)
        forms = self._supplies.forms(
            camera, grant.overlay, [each.codec for each in parameters.formats], owner
        )
        admitted = Admitted(
            id=secrets.token_urlsafe(18),
            camera=camera,
            profile=rendition.name if parameters.format_of("H264") else forms[-1].rendition.name,
            grant_id=grant.id,
            receiver=bearer.receiver,
            share=bearer.share,
            person=bearer.person,
            overlay=grant.overlay,
        )
        wish = Wish(ceiling=profile.value if profile is ProfileName.SUB else None)
        viewer = self._viewer(admitted, offer, parameters, forms, wish)
        answer = write_answer(
            offer,
            parameters,
            viewer.peer.ice.credentials,
            self._certificate.fingerprint,
            candidates,
            secrets.randbits(62),
        )
        links = turn_links(self._settings.turn_servers, admitted.id, self._utc())
        return viewer, Admission(admitted.id, answer, etag_of(viewer.peer), tuple(links))

    def _viewer(
        self,
        admitted: Admitted,
        offer: Offer,
        parameters: RtpParameters,
        forms: Sequence[Form],
        wish: Wish,
    ) -> Viewer:
        peer = Peer(
            ice.Credentials.fresh(offer.ufrag, offer.password),
            self._certificate,
            offer.fingerprints,
            self._arena,
            self._clock(),
        )
        return Viewer(
            admitted,
            peer,
            parameters,
            forms,
            wish,
            self._links,
            self._recorder,
            self._settings,
            utc=self._utc,
            clock=self._clock,
        )

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
            self.turned_away += 1
            raise Refused(503, "the relay has as much to do as it can do in time", retry_after=2)

    def _choose(self, camera: str, grant: Grant, profile: ProfileName, offer: Offer) -> Rendition:
        """The rendition that the answer is written for."""
        other = ProfileName.MAIN if profile is ProfileName.SUB else ProfileName.SUB
        own = self._supplies.renditions(camera, grant.overlay, profile, other)
        untouched = self._takes_original(camera, grant, profile, offer)
        return to_watch(own, self._clock(), untouched=untouched)

    def _takes_original(self, camera: str, grant: Grant, profile: ProfileName, offer: Offer) -> bool:
        """Whether the viewer can have the camera's own H.265."""
        return (
            profile is ProfileName.MAIN
            and grant.overlay is None
            and takes(offer, "H265")
            and self._supplies.gives_h265(camera)
        )

    async def _await_format(self, rendition: Rendition) -> None:
        """Give a camera that is just connecting a moment to tell its profile; go on without it after that."""
        if rendition.format is not None:
            return
        try:
            async with asyncio.timeout(self._settings.profile_wait_s):
                await rendition.wait_format()
        except TimeoutError:
            logger.info("camera %s: profile not known yet, answering without", rendition.camera_id)

    def _agree(self, offer: Offer, rendition: Rendition, codecs: Sequence[str]) -> RtpParameters:
        formats = choose_formats(offer, rendition.profile_level_id, codecs)
        can_repeat = all(each.rtx_payload_type is not None for each in formats)
        return RtpParameters(
            formats=formats,
            ssrc=self._ssrc,
            cname=secrets.token_hex(8),
            mid=offer.sections[offer.video].mid or "0",
            rtx_ssrc=self._ssrc + 1 if can_repeat else None,
            extensions=offer.extensions,
        )


def etag_of(peer: Peer) -> str:
    """The ETag of a viewer's ICE generation."""
    return f'"{peer.ice.credentials.ufrag}"'
