"""One viewer's whole life in one `run()`: ICE, DTLS, the record, media, the end with a reason.

Belongs here: the order of these and their deadlines. Not here: bytes on the wire (`relay/peer.py`), packets
of video (`relay/sender.py`), who may watch (`relay/relay.py`).

A camera that goes away does not end a viewer: nothing here looks at the camera at all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from relay import watchdog
from relay.dtls import DtlsState
from relay.form import Form
from relay.links import KnownLinks
from relay.peer import Peer
from relay.ports import RtpParameters, ViewerStatus, ViewingOpened, ViewingRecorder
from relay.quality import Quality
from relay.sender import PictureSender
from relay.settings import RelaySettings
from relay.stats import SenderStatistics
from relay.wish import Lack, Wish
from streams.recipe import Overlay

logger = logging.getLogger(__name__)

RECORD_END_ATTEMPTS = 3
"""Times that the end of a viewing is tried to be written down. What is lost even so is closed, with that
reason, when the service starts next."""


STARVED = "starved: the camera sends and nothing left"
"""The reason for the record where `relay/watchdog.py` has ended a viewer."""


class Stage(StrEnum):
    """Where a viewer stands: each waits for the next."""

    CHECKING = "checking"  # for a connectivity check
    SECURING = "securing"  # for DTLS, and for the record
    PLAYING = "playing"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in to what. All but `id` are opaque here."""

    id: str
    camera: str
    profile: str
    grant_id: str
    receiver: str
    share: str
    person: str
    overlay: Overlay | None = None


class _Over(Exception):
    """Ends the life; the text is the reason for the record."""


class Viewer:
    """One WHEP resource, one peer connection. `run()` is called once and owns everything.

    forms: the camera's renditions, the smallest first.
    """

    def __init__(
        self,
        admitted: Admitted,
        peer: Peer,
        parameters: RtpParameters,
        forms: Sequence[Form],
        wish: Wish,
        links: KnownLinks,
        recorder: ViewingRecorder,
        settings: RelaySettings,
        *,
        utc: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.admitted = admitted
        self.peer = peer
        self.parameters = parameters
        self.stage = Stage.CHECKING
        self.opened_at = utc()
        self.forms = tuple(forms)
        self._wish = wish
        self._links = links
        self._recorder = recorder
        self._settings = settings
        self._utc = utc
        self._clock = clock
        self._reason: str | None = None
        self._recording = False
        self._sender: PictureSender | None = None
        self._quality: Quality | None = None
        self._round_trip: float | None = None
        self._watchdog = watchdog.Watchdog()
        self._watch_at = 0.0

    @property
    def name(self) -> str:
        """For the log: the whole id is the right to end the viewer."""
        return self.admitted.id[:6]

    def close(self, reason: str) -> None:
        """End the viewer, soon; the first reason stands."""
        self._reason = self._reason or reason
        self.peer.changed.set()

    @property
    def wish(self) -> Wish:
        """What the viewer asks for."""
        return self._wish

    def ask(self, wish: Wish) -> str | None:
        """Take another wish; the rendition that follows from it, None before the first."""
        self._wish = wish
        if self._quality is None:
            return None
        self._quality.ask(wish, self._clock())
        return self._quality.current

    def lack(self) -> Lack | None:
        """Why it is not given what it pinned, see `Quality.lack`."""
        return self._quality.lack(self._clock()) if self._quality is not None else None

    def act(self, now: float) -> None:
        """Adapt the rendition to the link, if that is due. Never raises."""
        quality = self._quality
        if quality is None:
            return
        if now >= self._watch_at:
            self._watch(now)
        if now < quality.due:
            return
        try:
            quality.act(now)
        except Exception:
            # A fault in one viewer must end that viewer only.
            logger.exception("viewer %s: adapting failed", self.name)
            self.close("internal fault")

    def _watch(self, now: float) -> None:
        """End a viewer that gets nothing though its camera sends: it comes again and begins anew."""
        self._watch_at = now + watchdog.LOOK_S
        sender = self._sender
        if sender is None or sender.supply is None:
            return
        on = sender.supply.name
        ring = next((form.rendition.ring for form in self.forms if form.name == on), None)
        newest = ring.newest_idr if ring is not None else None
        keyframe = None if newest is None else (on, newest)
        if self._watchdog.starved(now, sender.counters.packets, keyframe):
            logger.error("viewer %s gets nothing though its camera sends: ended", self.name)
            self.close(STARVED)

    async def run(self) -> str:
        """Live until the end; returns the reason. Everything is freed when it returns or is cancelled."""
        reason = "stopped"
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._live(group)
                except _Over as over:
                    reason = str(over)
        except Exception:
            # A fault in one viewer must end that viewer only.
            logger.exception("viewer %s failed", self.name)
            reason = "internal fault"
        finally:
            self.stage = Stage.CLOSING
            self._close_peer()
            await self._record_end(self._reason or reason)
        return reason

    def _close_peer(self) -> None:
        try:
            self.peer.close()
        except Exception:
            # The relay and its other viewers go on, and the end of this viewing is recorded.
            logger.exception("viewer %s: its good-bye failed", self.name)

    def statistics(self) -> SenderStatistics | None:
        """What was sent; None before the first picture."""
        return self._sender.statistics(self._clock()) if self._sender is not None else None

    def status(self) -> ViewerStatus:
        """The viewer as it stands."""
        who = self.admitted
        sent = self._sender.counters if self._sender is not None else None
        return ViewerStatus(
            id=who.id,
            camera=who.camera,
            profile=who.profile,
            grant_id=who.grant_id,
            receiver=who.receiver,
            share=who.share,
            person=who.person,
            state=self.stage.value,
            opened_at=self.opened_at,
            remote=self.peer.host,
            packets_sent=sent.packets if sent else 0,
            bytes_sent=sent.bytes if sent else 0,
            quality=self._quality.status() if self._quality is not None else None,
        )

    async def _live(self, group: asyncio.TaskGroup) -> None:
        peer, settings = self.peer, self._settings
        await self._until(
            lambda: peer.ice.path is not None, settings.ice_deadline_s, "no connectivity check came"
        )
        self.stage = Stage.SECURING
        began = self._clock()
        recorded = group.create_task(self._record(), name=f"record {self.name}")
        recorded.add_done_callback(lambda _: peer.changed.set())
        try:
            await self._until(
                lambda: peer.dtls.state is DtlsState.CONNECTED,
                settings.dtls_deadline_s,
                "DTLS did not finish",
            )
            # Two round trips (RFC 6347 §4.2.4) and some arithmetic: no less than the link's own.
            self._round_trip = (self._clock() - began) / 2
            await self._until(recorded.done, settings.record_deadline_s, "the viewing could not be recorded")
        finally:
            recorded.cancel()
        if not recorded.result():
            raise _Over("the viewing could not be recorded")
        await self._play()

    async def _play(self) -> None:
        peer = self.peer
        assert peer.srtp is not None
        sender = self._sender = PictureSender(
            self.parameters, peer.srtp, peer, ask=peer.ask, collapsed=self._look_soon
        )
        peer.on_rtcp, peer.on_echo, peer.on_moved = sender.on_rtcp, sender.answered, sender.moved
        self.stage = Stage.PLAYING
        whose = (self.admitted.receiver, self.admitted.person)
        now = self._clock()
        self._quality = Quality(
            self.forms,
            sender,
            self._wish,
            now,
            assumed_bps=self._settings.assumed_link_bps,
            link=self._links.find(whose, now),
            round_trip=self._round_trip,
            learnt=lambda bps, at: self._links.learn(whose, bps, at),
            failed=lambda _: self.close("internal fault"),
        )
        try:
            while True:
                silence = self._clock() - peer.last_heard
                if silence >= self._settings.silence_s:
                    raise _Over("gone: nothing heard from the viewer")
                await self._until(lambda: False, self._settings.silence_s - silence, None)
        finally:
            sender.bye()

    def _look_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        if self.stage is Stage.PLAYING:
            self.act(self._clock())

    async def _until(self, reached: Callable[[], bool], seconds: float, late: str | None) -> None:
        """Wait until `reached`. Raises `_Over` when the viewer ends before, or with `late` after `seconds`.

        `late` None: just return after `seconds`.
        """
        due = self._clock() + seconds
        changed = self.peer.changed
        while True:
            changed.clear()
            if self._reason is not None:
                raise _Over(self._reason)
            if self.peer.failure is not None:
                raise _Over(self.peer.failure)
            if reached():
                return
            left = due - self._clock()
            if left <= 0:
                if late is None:
                    return
                raise _Over(late)
            retransmission = self.peer.dtls.timeout()
            try:
                async with asyncio.timeout(left if retransmission is None else min(left, retransmission)):
                    await changed.wait()
            except TimeoutError:
                self.peer.retransmit()

    async def _record(self) -> bool:
        """Have the viewing written down; says whether it is."""
        who = self.admitted
        viewing = ViewingOpened(
            viewer_id=who.id,
            grant_id=who.grant_id,
            receiver=who.receiver,
            share=who.share,
            person=who.person,
            camera=who.camera,
            at=self._utc(),
            remote=self.peer.host or "",
        )
        self._recording = True
        try:
            async with asyncio.timeout(self._settings.record_deadline_s):
                await self._recorder.opened(viewing)
        except Exception:
            logger.exception("viewer %s: the viewing could not be recorded", self.name)
            return False
        return True

    async def _record_end(self, reason: str) -> None:
        if not self._recording:
            return
        at, sent = self._utc(), self.status().bytes_sent
        for attempt in range(1, RECORD_END_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._settings.record_deadline_s):
                    await self._recorder.closed(self.admitted.id, at, reason, sent)
            except TimeoutError:
                # A database that is busy now has time later: the end of a viewing must not be lost to it.
                logger.warning("viewer %s: no record of its end yet (attempt %d)", self.name, attempt)
            except Exception:
                logger.exception("viewer %s: the end of the viewing could not be recorded", self.name)
                return
            else:
                return
        logger.error("viewer %s: the end of the viewing is not on record", self.name)
