"""Turning a camera, by its id. Who may, why, and for how long is not known here."""

from __future__ import annotations

from streams.onvif.devices import Devices
from streams.onvif.profiles import Preset


class Heads:
    """Every method asks the camera once, within `soap.REPLY_S` a request, and raises `OnvifError`."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def move(self, camera_id: str, pan: float, tilt: float, zoom: float, timeout_s: float) -> None:
        """Turn at a speed, each -1 to 1, until stopped; the camera itself stops after `timeout_s`."""
        device, token = await self._devices.head(camera_id)
        await device.move(token, pan, tilt, zoom, timeout_s)

    async def stop(self, camera_id: str) -> None:
        """Stand still."""
        device, token = await self._devices.head(camera_id)
        await device.stop(token)

    async def presets(self, camera_id: str) -> tuple[Preset, ...]:
        """The views it remembers."""
        device, token = await self._devices.head(camera_id)
        return await device.presets(token)

    async def goto_preset(self, camera_id: str, preset: str) -> None:
        """Turn to a view it remembers."""
        device, token = await self._devices.head(camera_id)
        await device.goto_preset(token, preset)
