"""Cameras in codecs that no depacketizer of ours takes: FFmpeg's own demuxer, in a child process.

The RTSP session stays ours (`streams/rtsp`), with its rules on passwords, redirects, keep-alive, deadlines.
The child is given the name of a codec and RTP packets, and gives back whole coded pictures. It never learns
where the camera is or what its password is, and it can hang or crash without anybody else noticing.
"""
