"""Tests of the RTSP client parts."""
