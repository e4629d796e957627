"""A city of simulated cameras: an RTSP server of our own, drawn scenes, faults on order.

For the demo and the tests. Cameras here know nothing of the rest of `streams/` but its words: what reads
them must work with any camera.
"""

from streams.simulator.camera import Auth, H264Profile, Sighting, SimulatedCamera
from streams.simulator.city import CameraStatistics, SimulatedCity
from streams.simulator.control import CommandError, command
from streams.simulator.fault import Fault, FaultKind
from streams.simulator.scenes.light import Light

__all__ = [
    "Auth",
    "CameraStatistics",
    "CommandError",
    "Fault",
    "FaultKind",
    "H264Profile",
    "Light",
    "Sighting",
    "SimulatedCamera",
    "SimulatedCity",
    "command",
]
