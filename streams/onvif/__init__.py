"""ONVIF: what a camera says of itself, its addresses, a keyframe on demand, and a head that turns.

A SOAP client and nothing else. Requests are built and answers read by `onveef`, which does both without
I/O; what connects to a camera is `soap.py` alone, so that deadlines, bounds and what is never followed are
ours to keep. `device.py` is one camera; `keyframes.py` and `heads.py` are what the rest of the house asks;
`discovery.py` finds cameras nobody has entered yet.

Sources: ONVIF Core, Media, Media2 and PTZ specifications; WS-Security UsernameToken Profile 1.0;
WS-Discovery 2005/04.
"""
