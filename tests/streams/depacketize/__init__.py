"""Tests of `streams/depacketize/`."""
