"""One live RTSP session to one profile of one camera, again and again.

`run()` retries, `_run_once()` fails. Writes its rendition and nothing else. One task, no queue: pictures go
from the socket into the ring in the same loop iteration; the task only watches over them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

from streams.camera import Camera, Credentials, ProfileName
from streams.demux.codecs import PAYLOADS
from streams.demux.process import Demuxer, Demuxers
from streams.errors import CameraError, ProtocolError
from streams.freshness import Evidence, judge
from streams.policies import KeepAlive, Policies
from streams.reception import Progress, Reception
from streams.rendition import Rendition
from streams.reorder import SliceOrder
from streams.retry import Backoff, Door, Refusals
from streams.rtsp.address import parse_address
from streams.rtsp.dialogue import Dialogue, LeftBehind
from streams.state import Connecting, Live, Offline, Reason, Stalled

log = logging.getLogger(__name__)

_KEEP_ALIVE_BLAME_S = 2.0  # a connection closed this soon after a keep-alive was closed because of it
# Only then is a session left behind ended: many cameras close the connection after any TEARDOWN.
_MAY_BE_CROWDED = frozenset({Reason.BUSY, Reason.NO_DATA})
_DOOR_CLOSED = frozenset({Reason.REFUSED, Reason.UNREACHABLE, Reason.TIMEOUT})


class Source:
    """Keeps one rendition supplied while somebody holds it.

    camera, credentials: looked up anew at every attempt. urgent: whether somebody has the right to look now.
    on_described: called when the rendition's codec is known anew, or the order of its pictures. demuxers: of
    this machine, for cameras in codecs that have no depacketizer here.
    """

    def __init__(
        self,
        rendition: Rendition,
        profile: ProfileName,
        camera: Callable[[], Camera | None],
        credentials: Callable[[], Credentials | None],
        refusals: Refusals,
        door: Door,
        policies: Policies,
        *,
        urgent: Callable[[], bool],
        on_described: Callable[[], None] = lambda: None,
        demuxers: Demuxers | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.rendition = rendition
        self._profile = profile
        self._camera = camera
        self._credentials = credentials
        self._refusals = refusals
        self._door = door
        self._policies = policies
        self._urgent = urgent
        self.on_described = on_described
        self._demuxers = demuxers or Demuxers()
        self.clock = clock
        self._chance = chance
        self._poke = asyncio.Event()
        self._progress = Progress()
        self._used: Credentials | None = None  # in the newest attempt
        self.order = SliceOrder()
        self._left_behind: LeftBehind | None = None  # by an earlier attempt
        self._crowded = False  # the last one failed as if the camera still kept it
        self._keep_alive = policies.keep_alive
        self._short_of_sets = False  # the last attempt failed for want of parameter sets
        self._said: set[Reason] = set()  # reasons already logged since the camera was last live
        self._lost_at: float | None = None  # since when there is no picture; None before the first failure

    def wake(self) -> None:
        """Try again at once, if the camera may be tried: somebody began to care, or its record changed."""
        self._poke.set()

    async def run(self) -> None:
        """Keep the camera's pictures coming until cancelled. Then TEARDOWN, and the state is STOPPED."""
        backoff = Backoff(self._policies)
        try:
            while True:
                self._progress = progress = Progress()
                try:
                    self._used = await self._wait_for_leave()
                    self._poke.clear()
                    try:
                        await self._run_once(self._used)
                    finally:
                        self._door.done(self, connected=progress.connected)
                    raise CameraError(Reason.CLOSED, "the session ended")
                except CameraError as error:
                    failure = error
                except Exception:
                    failure = CameraError(Reason.PROTOCOL, "internal error")
                    if Reason.PROTOCOL not in self._said:
                        log.exception("camera %s/%s: internal error", self.rendition.camera_id, self._profile)
                now = self.clock()
                if progress.newest_picture is not None:
                    self._lost_at = progress.newest_picture
                    lived = progress.newest_picture - (progress.first_picture or progress.newest_picture)
                    backoff.failed(lived)
                else:
                    self._lost_at = now if self._lost_at is None else self._lost_at
                    backoff.failed(None)
                rebooting = (
                    failure.reason in _DOOR_CLOSED
                    and not progress.connected
                    and now - self._lost_at < self._policies.reboot_s
                )
                delay_s = backoff.delay_s(self._urgent(), self._chance(), rebooting=rebooting)
                await self._be_offline(failure, self._lost_at, delay_s)
        finally:
            self.rendition.set_state(Offline(self.clock(), Reason.STOPPED, None))
            self.rendition.ring.clear()

    async def _be_offline(self, failure: CameraError, lost_at: float, delay_s: float) -> None:
        """Say why, once per loss; wait for the next attempt."""
        rendition = self.rendition
        now = self.clock()
        if failure.reason is Reason.UNAUTHORIZED:
            self._refusals.refused(self._used, now)
            rendition.counters.refusals += 1
        pause = self._refusals.wait_s(self._used, now)
        self._tell(failure)
        delay_s = max(delay_s, pause)
        rendition.ring.clear()
        rendition.set_state(Offline(lost_at, failure.reason, now + delay_s))
        await self._sleep(delay_s)

    def _tell(self, failure: CameraError) -> None:
        """Count the loss once, log each reason of it once."""
        if not self._said:
            self.rendition.counters.losses += 1
        if failure.reason not in self._said:
            self._said.add(failure.reason)
            log.warning("camera %s/%s: %s", self.rendition.camera_id, self._profile, failure)

    async def _wait_for_leave(self) -> Credentials | None:
        """Wait while the camera must not be tried: it refused the password too often, or was tried just now.

        Returns the credentials to try.
        """
        while True:
            now, credentials = self.clock(), self._credentials()
            pause = self._refusals.wait_s(credentials, now)
            if pause <= 0:
                turn = self._door.wait_s(self, now)
                if turn <= 0:
                    self._refusals.claim(credentials, now)
                    self._door.knock(self, now)
                    return credentials
                await self._wait_for_turn(turn)
                continue
            state = self.rendition.state
            since = state.since if isinstance(state, Offline) else now
            self.rendition.set_state(Offline(since, Reason.UNAUTHORIZED, now + pause))
            await self._sleep(pause)

    async def _wait_for_turn(self, turn_s: float) -> None:
        state = self.rendition.state
        if isinstance(state, Offline):
            now = self.clock()
            if state.reason is Reason.STOPPED:
                self.rendition.set_state(Connecting(now))
            else:  # at the latest; the other profile is usually done before
                self.rendition.set_state(replace(state, next_attempt=now + turn_s))
        try:
            async with asyncio.timeout(turn_s):
                await self._door.changed(self._door.version)
        except TimeoutError:
            return

    async def _sleep(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._poke.wait()
        except TimeoutError:
            pass
        self._poke.clear()

    async def _run_once(self, credentials: Credentials | None) -> None:
        """One session from connecting to its failure. Raises `CameraError`."""
        rendition, policies = self.rendition, self._policies
        rendition.counters.attempts += 1
        rendition.set_state(Connecting(self.clock()))
        camera = self._camera()
        url = camera.profiles.get(self._profile) if camera else None
        if url is None:
            raise CameraError(Reason.NOT_FOUND, "the camera or its profile is not in the inventory any more")
        try:
            address = parse_address(url)
        except ProtocolError as error:
            raise CameraError(Reason.UNREACHABLE, str(error)) from None
        reception = Reception(self, self._progress)
        dialogue = Dialogue(
            address,
            credentials,
            policies,
            on_rtp=reception.on_rtp,
            on_rtcp=reception.on_rtcp,
            on_resync=reception.on_resync,
            keep_alive=self._keep_alive,
            left_behind=self._left_behind if self._crowded else None,
            clock=self.clock,
        )
        reception.dialogue = dialogue
        crowded = False
        try:
            async with dialogue, AsyncExitStack() as stack:
                self._progress.connected = True
                self._door.done(self, connected=True)
                track = await dialogue.describe()
                self._refusals.accepted()
                demuxer: Demuxer | None = None
                if track.codec in PAYLOADS:
                    demuxer = await stack.enter_async_context(
                        self._demuxers.started(track.codec, reception.on_message, dialogue.wake)
                    )
                reception.begin(track, demuxer)
                await dialogue.set_up(track)
                if demuxer is not None:
                    await demuxer.ready(self._demuxers.start_s)
                await dialogue.play()
                self._door.worked()
                await self._watch(dialogue, reception)
        except CameraError as error:
            self._learn(error, dialogue)
            crowded = error.reason in _MAY_BE_CROWDED
            raise
        finally:
            if not dialogue.connected:
                self._left_behind = None  # its port is closed: it reboots, and forgets
            elif self._crowded or dialogue.left_behind is not None:
                self._left_behind = dialogue.left_behind
            self._crowded = crowded

    async def _watch(self, dialogue: Dialogue, reception: Reception) -> None:
        """Watch over the pictures until they end."""
        rendition, policies, progress = self.rendition, self._policies, self._progress
        played = self.clock()
        hurried = self._left_behind is not None and not self._crowded
        foreign = rendition.counters.foreign_packets
        next_report = played + policies.report_every_s
        while True:
            reception.check()
            now = self.clock()
            verdict = judge(
                Evidence(
                    played,
                    progress.first_packet,
                    rendition.counters.foreign_packets > foreign,
                    reception.has_parameter_sets,
                    progress.newest_picture,
                    rendition.limit_s,
                    self._short_of_sets,
                    hurried,
                ),
                policies,
                now,
            )
            if verdict.stalled and isinstance(rendition.state, Live) and progress.newest_picture is not None:
                rendition.set_state(Stalled(progress.newest_picture))
            if verdict.failure is not None:
                raise CameraError(*verdict.failure)
            if verdict.silent and isinstance(rendition.state, Connecting):
                self._tell(CameraError(Reason.NO_DATA, "PLAY was answered, but no packet came yet"))
                since = played if self._lost_at is None else self._lost_at
                rendition.set_state(Offline(since, Reason.NO_DATA, verdict.look_again))
            if now >= next_report:
                next_report = now + policies.report_every_s
                dialogue.send_report(reception.report(dialogue.own_ssrc, now))
            wake_at = min(verdict.look_again, dialogue.tend(now), next_report, now + policies.stall_floor_s)
            await dialogue.wait(max(0.001, wake_at - now))

    def _learn(self, error: CameraError, dialogue: Dialogue) -> None:
        """What this failure says about how to treat the camera next time."""
        self._short_of_sets = error.reason is Reason.NO_PARAMETER_SETS
        if error.reason is not Reason.CLOSED:
            return
        asked = dialogue.asked_alive_at
        if asked is not None and self.clock() - asked <= _KEEP_ALIVE_BLAME_S:
            mild = self._keep_alive is KeepAlive.OPTIONS
            self._keep_alive = KeepAlive.REPORTS_ONLY if mild else KeepAlive.OPTIONS
        elif self._keep_alive is KeepAlive.REPORTS_ONLY:
            self._keep_alive = self._policies.keep_alive  # it timed out without: the blame was wrong

    def is_live(self) -> None:
        """The first picture of a session is there."""
        if self._said:
            log.info("camera %s/%s: live again", self.rendition.camera_id, self._profile)
            self._said.clear()
        self._short_of_sets = False
