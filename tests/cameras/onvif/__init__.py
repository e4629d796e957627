"""An ONVIF device to test with: its own HTTP port, its own clock, its own opinion of its address.

Written from the specifications alone (ONVIF Core, Media, Media2 and PTZ services, WS-Security UsernameToken
Profile 1.0, WS-Discovery 2005/04) and sharing no code with the client, so that both cannot be wrong together.
"""

from tests.cameras.onvif.device import Asked, Manners, OnvifDevice, Profile, serve_onvif
from tests.cameras.onvif.discovery import Announcer, announce

__all__ = ["Announcer", "Asked", "Manners", "OnvifDevice", "Profile", "announce", "serve_onvif"]
