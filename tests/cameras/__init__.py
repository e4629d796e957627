"""Cameras for the tests: GStreamer's RTSP server, written elsewhere, and one that plays scripts of faults."""
