"""RTSP 1.0 as a client speaks it (RFC 2326): messages, authentication, SDP, and one dialogue with a
camera."""
