"""Tests of `streams`: cameras to pictures."""
