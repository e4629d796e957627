"""Cameras to pictures: RTSP, depacketizing, rings, the simulated city. Knows no viewer, user or incident."""
