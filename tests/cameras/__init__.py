"""Cameras for the tests: GStreamer's RTSP server, which no one here wrote, and one that plays scripts of faults."""
