"""Turning cameras: one lease at a time per camera, each ended by a stop and a return, everything on record.

A command is on record before it leaves; a stop leaves first and is recorded then. Whatever ends a lease (its
holder, its time, the service), the camera is stopped and turned back to its preset; where it does not answer,
again and again for a minute, and then that is on record. A lease that a crash left open is ended so at the
next start; one whose camera is given privacy masks, at once: masks do not turn with the picture. Rules are in
`domain/ptz.py`, the record of leases in `ptz_record.py`, commands that must not be lost in `ptz_head.py`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence

from hotline.actor import Actor
from hotline.domain.ptz import END_REASONS, MOVE_S, Lease, Policy, Velocity, find_preset
from hotline.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.identity import new_id
from hotline.onvif import refusal
from hotline.ptz_head import Ended, Head, Heads, Held
from hotline.ptz_record import Context, LeaseRecord
from streams.onvif.errors import OnvifError
from streams.onvif.profiles import Preset

log = logging.getLogger(__name__)

COMMAND_S = 2.0  # a move or a stop that takes longer has failed
RETURN_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # before each try at the end of a lease
LAST_WORD_S = 4.0  # for all of it, when the service stops
RELEASE_WAIT_S = 5.0  # how long a release waits for the camera's return


class PtzDesk:
    """Who turns which camera. `run` owns the leases; the rest is for people, and refuses in words.

    pauses: before each try to turn a camera back (seconds). command_s: what one command may take.
    on_ending: told of a lease that ends, as soon as it does; its camera is only being turned back then.
    """

    def __init__(
        self,
        policy: Policy,
        heads: Heads,
        record: LeaseRecord,
        *,
        utc: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        pauses: Sequence[float] = RETURN_PAUSES_S,
        command_s: float = COMMAND_S,
        on_ending: Callable[[Held], None] = lambda _: None,
    ) -> None:
        self.policy = policy
        self._heads = heads
        self._record = record
        self._utc = utc
        self._clock = clock
        self._pauses = tuple(pauses)
        self._head = Head(heads, record, utc=utc, clock=clock, command_s=command_s)
        self._on_ending = on_ending
        self._held: dict[str, Held] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Serve until cancelled; then every camera is stopped and turned back, within `LAST_WORD_S`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for context in await self._record.left_open():
                    self._resume(context, tasks)
                self._tasks = tasks
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    self._tasks = None
        finally:
            await self._last_word()

    # For people.

    def check(self, actor: Actor) -> None:
        """Raises `Forbidden` where the city's policy does not let this person turn cameras."""
        if not self.policy.enabled:
            raise Forbidden(
                "Turning cameras is not allowed by this city's policy.",
                "이 도시의 운영 방침은 카메라 조작을 허용하지 않습니다.",
            )
        if actor.role is None or not self.policy.may(actor.role):
            raise Forbidden("Your account may not turn cameras.", "이 계정은 카메라를 조작할 수 없습니다.")

    def held(self, camera: str) -> Held | None:
        """The lease of a camera, also while it is turned back."""
        return self._held.get(camera)

    async def open(self, camera: str, purpose: str, incident: str | None, actor: Actor) -> Held:
        """A lease for this person, or a longer one where the person has it. Raises a refusal."""
        self.check(actor)
        errors = self.policy.purpose_faults(purpose)
        if errors:
            raise Invalid(*errors)
        context = await self._record.context(camera, purpose, incident, actor, self._utc())
        async with self._opening.setdefault(camera, asyncio.Lock()):
            held = self._held.get(camera)
            if held is not None:
                self._check_holder(held, actor)
                return await self._renewed(held)
            found = await self._presets(camera)
            preset = find_preset(self.policy.return_preset, [(each.token, each.name) for each in found])
            if preset is None:
                raise Conflict(
                    f"The camera has no preset {self.policy.return_preset} to return to.",
                    f"카메라에 복귀할 프리셋 {self.policy.return_preset}이(가) 없습니다.",
                )
            if self._tasks is None:
                raise Conflict("The service is stopping.", "서비스를 중지하는 중입니다.")
            now = self._clock()
            lease = Lease(
                new_id(),
                camera,
                actor.id,
                purpose,
                now,
                now + min(self.policy.lease_s, self.policy.longest_s),
            )
            held = Held(lease, context, preset, tuple(found))
            self._held[camera] = held  # nobody else from here on
            try:
                await self._record.opened(lease.id, context, actor, preset, self._utc(), self.until(held))
            except BaseException:
                del self._held[camera]
                raise
            self._tasks.create_task(self._keep(held), name=f"ptz/{camera}")
            return held

    async def move(self, camera: str, velocity: Velocity, actor: Actor) -> Held:
        """Turn for at most `domain.ptz.MOVE_S`; asked again, it goes on. Raises a refusal."""
        held = self._mine(camera, actor)
        errors = velocity.faults()
        if errors:
            raise Invalid(*errors)
        await self._check_share(held, actor)
        async with held.lock:
            self._check_open(held)
            if held.motion.velocity != velocity:
                said = {"pan": velocity.pan, "tilt": velocity.tilt, "zoom": velocity.zoom}
                await self._record.act(held.context, actor, "move", self._utc(), said)
            self._check_open(held)
            held.motion.commanded(velocity, self._clock())
            held.changed.set()
            error = await self._head.tried(
                self._heads.move(camera, velocity.pan, velocity.tilt, velocity.zoom, MOVE_S)
            )
            if error is not None:
                held.motion.postpone(self._clock())  # it may have begun to turn: stop it now
                held.changed.set()
                raise refusal(error)
        return held

    async def stop(self, camera: str, actor: Actor) -> Held:
        """Stand still. Raises a refusal where the camera does not answer; then it is tried again."""
        held = self._mine(camera, actor)
        async with held.lock:
            error = await self._head.halt(held, actor)
        if error is not None:
            raise refusal(error)
        return held

    async def goto_preset(self, camera: str, preset: str, actor: Actor) -> Held:
        """Turn to a view that the camera remembers. Raises a refusal."""
        held = self._mine(camera, actor)
        if preset not in {each.token for each in held.presets}:
            raise NotFound("The camera has no such preset.", "카메라에 그런 프리셋이 없습니다.")
        await self._check_share(held, actor)
        async with held.lock:
            self._check_open(held)
            await self._record.act(held.context, actor, "preset", self._utc(), {"preset": preset})
            error = await self._head.tried(self._heads.goto_preset(camera, preset))
            if error is not None:
                raise refusal(error)
            held.motion.stopped()
        return held

    async def release(self, camera: str, actor: Actor) -> Ended | None:
        """End this person's lease; what became of the camera, None where it is still being turned back.

        Ending what is over, or was never there, is no fault.
        """
        self.check(actor)
        held = self._held.get(camera)
        if held is None or held.lease.holder != actor.id:
            return None
        self._close(held, "released", actor)
        try:
            async with asyncio.timeout(RELEASE_WAIT_S):
                await held.gone.wait()
        except TimeoutError:
            return None
        return held.ended

    def masked(self, camera: str) -> None:
        """The camera was given privacy masks: nobody turns it any more, and it is turned back."""
        held = self._held.get(camera)
        if held is not None:
            self._close(held, "masked", None)

    def until(self, held: Held) -> float:
        """When a lease ends, UTC seconds."""
        return self._utc() + held.lease.ends_at - self._clock()

    def latest(self, held: Held) -> float:
        """Until when it could be renewed, UTC seconds."""
        return self._utc() + held.lease.opened_at + self.policy.longest_s - self._clock()

    # A lease's life.

    async def _keep(self, held: Held) -> None:
        """From its beginning until its camera is back. Never raises: other leases go on."""
        try:
            await self._use(held)
        except Exception:
            log.exception("the lease of camera %s failed", held.lease.camera)
            self._close(held, "failed", None)
        await self._head.bring_back(held, self._pauses)
        self._gone(held)

    async def _use(self, held: Held) -> None:
        while held.closing is None:
            due = min(held.lease.ends_at, held.motion.due)
            try:
                async with asyncio.timeout(max(0.0, due - self._clock())):
                    await held.changed.wait()
                held.changed.clear()
            except TimeoutError:
                await self._timed(held)

    async def _timed(self, held: Held) -> None:
        """Something is due."""
        now = self._clock()
        if held.lease.over(now):
            self._close(held, "expired", None)
        elif now >= held.motion.due:
            async with held.lock:
                if self._clock() >= held.motion.due:  # no new command came while this waited
                    await self._head.halt(held, None)

    async def _last_word(self) -> None:
        """The service stops: every camera once more, all at the same time."""
        open_leases = [held for held in self._held.values() if held.ended is None]
        try:
            async with asyncio.timeout(LAST_WORD_S), asyncio.TaskGroup() as tasks:
                for held in open_leases:
                    tasks.create_task(self._head.bring_back(held, (0.0,)))
        except TimeoutError:
            log.error("not every camera was turned back; the next start does it")
        finally:
            for held in tuple(self._held.values()):
                self._gone(held)

    def _resume(self, context: Context, tasks: asyncio.TaskGroup) -> None:
        """End a lease that a crash left open."""
        assert context.lease is not None
        lease = Lease(context.lease, context.camera, context.holder, context.purpose, 0.0, -math.inf)
        held = Held(lease, context, context.preset or self.policy.return_preset, closing="service_stopped")
        log.warning("camera %s may not look where it should since a crash; it is turned back", context.camera)
        self._held[context.camera] = held
        tasks.create_task(self._keep(held), name=f"ptz/{context.camera}")

    # Small steps.

    async def _renewed(self, held: Held) -> Held:
        held.lease = held.lease.renewed(self.policy, self._clock())
        held.changed.set()
        await self._record.renewed(held.lease.id, self.until(held))
        return held

    async def _presets(self, camera: str) -> Sequence[Preset]:
        try:
            return await self._heads.presets(camera)
        except OnvifError as error:
            raise refusal(error) from None

    def _mine(self, camera: str, actor: Actor) -> Held:
        self.check(actor)
        held = self._held.get(camera)
        if held is None:
            raise Conflict("Take the camera over first.", "먼저 카메라 조작을 시작하십시오.")
        self._check_holder(held, actor)
        return held

    def _check_holder(self, held: Held, actor: Actor) -> None:
        self._check_open(held)
        if held.lease.holder != actor.id:
            raise Conflict(
                f"{held.context.username} turns this camera now.",
                f"{held.context.username} 사용자가 이 카메라를 조작하고 있습니다.",
            )

    async def _check_share(self, held: Held, actor: Actor) -> None:
        """Who turns what is shared with it turns it no longer than the share runs."""
        if held.context.share is not None and not await self._record.granted(
            held.context, actor, self._utc()
        ):
            self._close(held, "share_over", None)
            self._check_open(held)

    def _close(self, held: Held, reason: str, by: Actor | None) -> None:
        if held.closing is None:
            held.closing, held.closed_by = reason, by
            self._on_ending(held)
        held.changed.set()

    def _check_open(self, held: Held) -> None:
        if held.closing == "masked":
            reason = END_REASONS["masked"]
            raise Conflict(
                f"{reason.en}; the camera is turned back and cannot be turned any more.",
                f"{reason.ko}으로 카메라를 제자리로 돌립니다. 더 이상 조작할 수 없습니다.",
            )
        if held.closing is not None or held.lease.over(self._clock()):
            raise Conflict(
                "The time with this camera is over; it is turned back.",
                "카메라 조작 시간이 끝나 제자리로 돌리는 중입니다.",
            )

    def _gone(self, held: Held) -> None:
        if self._held.get(held.lease.camera) is held:
            del self._held[held.lease.camera]
        held.gone.set()
