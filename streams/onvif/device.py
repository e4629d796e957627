"""One camera's ONVIF services: its clock first, since a digest with our time is refused where clocks differ.

Media2 is asked before Media, which knows nothing of H.265. Each request is made once: who repeats a wrong
password locks the camera's account. Only when the camera's clock has moved since it was read is a refused
request made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from onveef import envelopes, parsers

from streams.camera import Credentials
from streams.errors import ProtocolError
from streams.onvif.addresses import Placed, at_own_host
from streams.onvif.errors import OnvifError, Trouble
from streams.onvif.profiles import (
    DeviceFacts,
    MediaProfile,
    Preset,
    clean,
    media_profiles,
    moment,
    presets,
)
from streams.onvif.soap import Soap

SKEW_MOVED_S = 2.0
"""A clock that reads this much differently than before has been set."""
_NO_MEDIA2 = frozenset({Trouble.UNSUPPORTED, Trouble.FAULT, Trouble.GARBAGE})


class Device:
    """`address`: of its device service, from `addresses.device_address`. Every method raises `OnvifError`."""

    def __init__(
        self,
        soap: Soap,
        address: str,
        credentials: Credentials | None,
        *,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self._soap = soap
        self._credentials = credentials
        self._utc = utc
        self._skew_s: float | None = None
        self._services: Mapping[str, str] | None = None

    # What it is.

    async def facts(self) -> DeviceFacts:
        """Maker and model; needs user and password."""
        told = parsers.parse_device_information(await self._ask("device", envelopes.device_get_information()))
        fields = (told.get(name, "") for name in ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber"))
        maker, model, firmware, serial = (clean(text) for text in fields)
        return DeviceFacts(maker, model, firmware, serial, self._skew_s)

    async def profiles(self) -> tuple[MediaProfile, ...]:
        """Its profiles with a picture, of Media2 where it has that."""
        await self._meet()
        if self._has("media2"):
            try:
                found = await self._profiles(media2=True)
            except OnvifError as error:
                if error.trouble not in _NO_MEDIA2:
                    raise
            else:
                if found:
                    return found
        return await self._profiles(media2=False)

    async def stream_address(self, profile: MediaProfile) -> Placed:
        """Where its pictures are, by RTSP, on the camera's own host."""
        body = envelopes.media_get_stream_uri(profile_token=profile.token, use_media2=profile.media2)
        return self._placed(await self._ask(_media(profile), body), "rtsp")

    async def snapshot_address(self, profile: MediaProfile) -> Placed:
        """Where a JPEG of it is, by HTTP, on the camera's own host."""
        body = envelopes.media_get_snapshot_uri(profile_token=profile.token, use_media2=profile.media2)
        return self._placed(await self._ask(_media(profile), body), "http")

    async def synchronize(self, profile: MediaProfile) -> None:
        """A keyframe, soon (SetSynchronizationPoint: Media §5.15, Media2 §5.5)."""
        body = envelopes.media2_set_synchronization_point(profile_token=profile.token)
        if not profile.media2:
            body = body.replace("trt2:", "trt:")  # the same words in the first service
        await self._ask(_media(profile), body)

    # Where it looks.

    async def move(self, token: str, pan: float, tilt: float, zoom: float, timeout_s: float) -> None:
        """Turn at a speed, each -1 to 1, until stopped, or for `timeout_s` if nothing more is heard."""
        timeout = f"PT{timeout_s:g}S"
        body = envelopes.ptz_continuous_move(
            profile_token=token, pan=pan, tilt=tilt, zoom=zoom, timeout=timeout
        )
        await self._ask("ptz", body)

    async def stop(self, token: str) -> None:
        """Stand still."""
        await self._ask("ptz", envelopes.ptz_stop(profile_token=token, pan_tilt=True, zoom=True))

    async def presets(self, token: str) -> tuple[Preset, ...]:
        """The views it remembers."""
        body = envelopes.ptz_get_presets(profile_token=token)
        return presets(parsers.parse_ptz_presets(await self._ask("ptz", body)))

    async def goto_preset(self, token: str, preset: str) -> None:
        """Turn to a view it remembers."""
        await self._ask("ptz", envelopes.ptz_goto_preset(profile_token=token, preset_token=preset))

    async def set_preset(self, token: str, name: str) -> str:
        """Remember where it looks now; the new preset's token."""
        body = envelopes.ptz_set_preset(profile_token=token, preset_name=name)
        made = parsers.parse_set_preset_token(await self._ask("ptz", body))
        if not made:
            raise OnvifError(Trouble.GARBAGE, "no token of the new preset")
        return made

    # How it is asked.

    async def _profiles(self, *, media2: bool) -> tuple[MediaProfile, ...]:
        service = "media2" if media2 else "media"
        answer = await self._ask(service, envelopes.media_get_profiles(use_media2=media2))
        return media_profiles(parsers.parse_profiles(answer), media2=media2)

    def _placed(self, answer: str, scheme: str) -> Placed:
        try:
            placed = at_own_host(parsers.parse_stream_uri(answer), self.address)
        except ProtocolError:
            raise OnvifError(Trouble.GARBAGE, "no address that can be used") from None
        if not placed.address.startswith(scheme):
            raise OnvifError(Trouble.GARBAGE, "an address of another kind than asked for")
        return placed

    async def _ask(self, service: str, body: str) -> str:
        await self._meet()
        address = self.address if service == "device" else self._service(service)
        skew = self._skew_s or 0.0
        try:
            return await self._soap.call(address, body, self._credentials, skew_s=skew)
        except OnvifError as error:
            if error.trouble is not Trouble.REFUSED or self._credentials is None:
                raise
            self._skew_s = await self._read_clock()
            if abs((self._skew_s or 0.0) - skew) < SKEW_MOVED_S:
                raise
        return await self._soap.call(address, body, self._credentials, skew_s=self._skew_s or 0.0)

    async def _meet(self) -> None:
        """Clock and services, once."""
        if self._services is None:
            self._skew_s = await self._read_clock()
            self._services = await self._read_services()

    async def _read_clock(self) -> float | None:
        """The camera's clock minus ours; None where it does not tell the time. Without user and password
        (Core §8.2.5): a camera may check them by the very clock that is asked for."""
        before = self._utc()
        try:
            answer = await self._soap.call(self.address, envelopes.device_get_system_date_time())
        except OnvifError as error:
            if error.trouble in (Trouble.UNREACHABLE, Trouble.NO_ANSWER):
                raise
            return None
        now = moment(parsers.parse_system_datetime(answer))
        return None if now is None else now - (before + self._utc()) / 2

    async def _read_services(self) -> Mapping[str, str]:
        credentials, skew = self._credentials, self._skew_s or 0.0
        try:
            body = envelopes.device_get_services()
            found = parsers.parse_services(
                await self._soap.call(self.address, body, credentials, skew_s=skew)
            )
        except OnvifError as error:
            if error.trouble not in _NO_MEDIA2:
                raise
            found = {}
        if not found:
            body = envelopes.device_get_capabilities()
            found = parsers.parse_capabilities(
                await self._soap.call(self.address, body, credentials, skew_s=skew)
            )
        services: dict[str, str] = {}
        for name in ("media", "media2", "ptz"):
            if name in found:
                try:
                    services[name] = at_own_host(found[name], self.address).address
                except ProtocolError:
                    continue
        return services

    def _has(self, service: str) -> bool:
        return service in (self._services or {})

    def _service(self, name: str) -> str:
        address = (self._services or {}).get(name)
        if address is None:
            raise OnvifError(Trouble.UNSUPPORTED, f"the camera has no {name} service")
        return address


def _media(profile: MediaProfile) -> str:
    return "media2" if profile.media2 else "media"
