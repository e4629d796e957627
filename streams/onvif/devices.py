"""The cameras that have an ONVIF address, each met once: what is known is kept while its record stands.

Belongs here: from a camera's id to its `Device` and its two profiles. Lives as long as the service; the
`Soap` that it is given is its owner's to close.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from streams.camera import Camera, Credentials, ProfileName
from streams.errors import ProtocolError
from streams.onvif.addresses import device_address, same_stream
from streams.onvif.device import Device
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.profiles import MediaProfile, choose
from streams.onvif.soap import Soap

_MAX_COMPARED = 8  # profiles whose addresses are asked for: a request each


@dataclass(slots=True)
class _Known:
    address: str
    credentials: Credentials | None
    device: Device
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    profiles: tuple[MediaProfile, ...] | None = None
    ours: Mapping[ProfileName, MediaProfile] | None = None


class Devices:
    """cameras, credentials: look-ups by camera id, quick. Every method raises `OnvifError`."""

    def __init__(
        self,
        cameras: Callable[[str], Camera | None],
        credentials: Callable[[str], Credentials | None],
        soap: Soap,
    ) -> None:
        self._cameras = cameras
        self._credentials = credentials
        self._soap = soap
        self._known: dict[str, _Known] = {}

    def has(self, camera_id: str) -> bool:
        """Whether the camera can be asked at all."""
        camera = self._cameras(camera_id)
        return camera is not None and camera.onvif is not None

    async def profile(self, camera_id: str, name: ProfileName) -> tuple[Device, MediaProfile]:
        """The media profile that `name` is: the one whose address is the camera's, else as `choose` would."""
        known = self._of(camera_id)
        async with known.lock:
            if known.ours is None:
                known.ours = await self._compared(camera_id, known)
        profile = known.ours.get(name)
        if profile is None:
            raise OnvifError(Trouble.UNSUPPORTED, "the camera has no such profile")
        return known.device, profile

    async def head(self, camera_id: str) -> tuple[Device, str]:
        """The token of the profile by which its head is turned."""
        known = self._of(camera_id)
        async with known.lock:
            found = await self._profiles(known)
        token = next((profile.token for profile in found if profile.turns), None)
        if token is None:
            raise OnvifError(Trouble.UNSUPPORTED, "the camera does not turn")
        return known.device, token

    def _of(self, camera_id: str) -> _Known:
        camera = self._cameras(camera_id)
        if camera is None or camera.onvif is None:
            self._known.pop(camera_id, None)
            raise OnvifError(Trouble.UNSUPPORTED, "no ONVIF address is known")
        credentials = self._credentials(camera_id)
        known = self._known.get(camera_id)
        if known is None or (known.address, known.credentials) != (camera.onvif, credentials):
            try:
                address = device_address(camera.onvif)
            except ProtocolError:
                raise OnvifError(Trouble.UNREACHABLE, "the ONVIF address cannot be used") from None
            device = Device(self._soap, address, credentials)
            known = self._known[camera_id] = _Known(camera.onvif, credentials, device)
        return known

    async def _profiles(self, known: _Known) -> tuple[MediaProfile, ...]:
        if known.profiles is None:
            known.profiles = await known.device.profiles()
        return known.profiles

    async def _compared(self, camera_id: str, known: _Known) -> Mapping[ProfileName, MediaProfile]:
        found = await self._profiles(known)
        ours = dict(choose(found))
        camera = self._cameras(camera_id)
        wanted = dict(camera.profiles) if camera is not None else {}
        for profile in found[:_MAX_COMPARED]:
            try:
                address = (await known.device.stream_address(profile)).address
            except OnvifError as error:
                if error.trouble in (Trouble.FAULT, Trouble.UNSUPPORTED, Trouble.GARBAGE):
                    continue  # a profile without a stream
                raise
            for name, url in wanted.items():
                if same_stream(address, url):
                    ours[name] = profile
        return ours
