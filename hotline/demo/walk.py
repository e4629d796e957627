"""The whole way once: incident, share, a viewer for each camera that decodes a picture, end, viewers cut.

All of it over HTTP and WHEP against a running service, with nothing but two people's sign-ins. Figures are
milliseconds of this process's monotonic clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from hotline.demo.client import ApiError, Person, SignIn, signed_in
from relay.client import WatchError, WhepViewer
from streams.simulator import timecode

PICTURE_DEADLINE_S = 20.0
END_DEADLINE_S = 5.0
RETRY_S = 0.25
OLDEST_S = 5.0
MINUTES = 10


@dataclass(frozen=True, slots=True)
class Walked:
    """What the walk showed.

    cameras: shared, and each gave a decoded picture of now. share_ms: from the incident's report to the share
    standing. first_picture_ms: from there to the slowest camera's first decoded picture. revoked_ms: from the
    order to end the share to the last viewer being cut. faults: what did not work; none if `ok`.
    """

    cameras: int
    share_ms: float | None
    first_picture_ms: float | None
    revoked_ms: float | None
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all of it worked."""
        return not self.faults

    def figures(self) -> dict[str, Any]:
        """For JSON."""
        figures: dict[str, Any] = {
            "ok": self.ok,
            "cameras": self.cameras,
            "share_ms": self.share_ms,
            "first_picture_ms": self.first_picture_ms,
            "revoked_ms": self.revoked_ms,
        }
        return figures if self.ok else {**figures, "faults": list(self.faults)}


async def walk(
    base_url: str,
    *,
    operator: SignIn,
    dispatcher: SignIn,
    unit: str,
    incident: Mapping[str, Any],
) -> Walked:
    """Walks the way at `base_url`. `incident`: body of the report; `unit`: the dispatcher's.

    Never raises for what does not work: that is in the answer's `faults`.
    """
    try:
        async with signed_in(base_url, operator) as centre, signed_in(base_url, dispatcher) as room:
            return await _walk(base_url, centre, room, unit, incident)
    except (ApiError, httpx.HTTPError) as error:
        return Walked(0, None, None, None, (str(error) or type(error).__name__,))


async def open_share(
    centre: Person, incident: Mapping[str, Any], units: Sequence[str], minutes: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reports the incident and shares the cameras offered for it. Gives both. Raises `ApiError`."""
    reported = await centre.post("/api/incidents", incident)
    cameras = [candidate["camera"]["id"] for candidate in reported["candidates"]]
    if not cameras:
        raise ApiError("no camera is near the incident")
    terms = await centre.get("/api/legal-bases")
    share = await centre.post(
        f"/api/incidents/{reported['id']}/shares",
        {
            "cameras": cameras,
            "units": list(units),
            "minutes": minutes,
            "purpose": terms["purposes"][0]["code"],
            "legal_basis": terms["legal_bases"][0]["code"],
        },
    )
    return reported, share


async def _walk(
    base_url: str, centre: Person, room: Person, unit: str, incident: Mapping[str, Any]
) -> Walked:
    began = time.monotonic()
    reported, share = await open_share(centre, incident, [unit], MINUTES)
    shared = time.monotonic()
    token = (await room.post(f"/api/shares/{share['id']}/token"))["token"]
    views = [_View(camera["id"]) for camera in share["cameras"]]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for view in views:
            group.create_task(view.watch(base_url, token, over))
        for view in views:
            await view.settled.wait()
        ended = time.monotonic()
        try:
            await centre.post(f"/api/shares/{share['id']}/end")
        finally:
            over.set()
    faults = [view.fault for view in views if view.fault is not None]
    faults += await _still_open(base_url, views[0].camera, token)
    await centre.post(f"/api/incidents/{reported['id']}/close")
    shown = [view.shown for view in views if view.shown is not None]
    cut = [view.ended for view in views if view.ended is not None]
    return Walked(
        cameras=len(shown),
        share_ms=_ms(shared - began),
        first_picture_ms=_ms(max(shown) - shared) if shown else None,
        revoked_ms=_ms(max(cut) - ended) if cut else None,
        faults=tuple(faults),
    )


async def _still_open(base_url: str, camera: str, token: str) -> list[str]:
    """A viewer that comes after the end, with the token it had: it must get what a stranger gets."""
    try:
        async with WhepViewer.open(f"{base_url}/whep/{camera}", token, deadline=END_DEADLINE_S):
            return [f"{camera}: could still be opened after the end"]
    except WatchError as error:
        return [] if error.status == 404 else [f"{camera}: after the end: {error}"]


class _View:
    """One camera as the control room sees it. Times: monotonic seconds."""

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.shown: float | None = None
        self.ended: float | None = None
        self.fault: str | None = None
        self.settled = asyncio.Event()
        """There is a decoded picture, or there will be none."""

    async def watch(self, base_url: str, token: str, over: asyncio.Event) -> None:
        """Opens the camera, waits for a picture, then for the relay to cut it once `over` is set."""
        try:
            async with asyncio.timeout(PICTURE_DEADLINE_S) as patience:
                while not await self._attempt(  # noqa: ASYNC110 - only the relay knows, when asked
                    base_url, token, over, patience
                ):
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            self.fault = f"{self.camera}: no picture within {PICTURE_DEADLINE_S:.0f} s"
        except (WatchError, httpx.HTTPError) as error:
            self.fault = f"{self.camera}: {error}"
        finally:
            self.settled.set()

    async def _attempt(
        self, base_url: str, token: str, over: asyncio.Event, patience: asyncio.Timeout
    ) -> bool:
        """Whether there was a viewer; False when the camera is not there yet and it may be tried again."""
        url = f"{base_url}/whep/{self.camera}"
        try:
            async with WhepViewer.open(url, token, profile="sub", decode=True) as viewer:
                await self._picture(viewer)
                self.shown = time.monotonic()
                patience.reschedule(None)
                self.settled.set()
                await over.wait()
                try:
                    await viewer.wait_end(END_DEADLINE_S)
                    self.ended = time.monotonic()
                except TimeoutError:
                    self.fault = f"{self.camera}: was not cut within {END_DEADLINE_S:.0f} s"
                return True
        except WatchError as error:
            if error.status in (409, 503):
                return False
            raise

    async def _picture(self, viewer: WhepViewer) -> None:
        """Waits for a decoded picture whose time code says that it is of now."""
        number = 0
        while True:
            picture = await viewer.wait_picture(PICTURE_DEADLINE_S, after=number)
            number = picture.number
            if picture.frame is None:
                continue
            now = round(time.time() * 1000)
            taken = timecode.read(picture.frame, now)
            if taken is not None and abs(now - taken) < OLDEST_S * 1000:
                return


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
