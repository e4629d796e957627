"""The child process: `python -m streams.demux.child NAME`, NAME of `codecs.PAYLOADS`.

Standard input: RTP packets as RTSP interleaves them. Standard output: messages of `wire.py`. It ends when its
input does, or with its parent. Exit status: see the constants. It is killed by its parent at any deadline, so
it has none of its own.

Nothing is decoded here but what FFmpeg needs to know a stream; sound in a transport stream is thrown away
unheard (개인정보 보호법 §25⑤).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading

import av
import av.error
import av.logging

from streams.demux.codecs import CODECS, PAYLOADS, description
from streams.demux.loopback import Loopback
from streams.demux.wire import Found, Hello, Message, Picture, format_message
from streams.depacketize.picture import MAX_PICTURE_BYTES

INPUT_ENDED = 0
NOT_TAKEN = 3
"""No video is in it, or in a codec that is not taken."""
FAILED = 4
"""FFmpeg gave up."""

_MAX_MEMORY = 2 * 1024**3
_MAX_FILES = 64
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "fpsprobesize": "0",  # or it counts twenty pictures first, to guess a rate that nobody asks for
    "analyzeduration": "1000000",  # µs
    "probesize": "5000000",
}


def main() -> None:
    """Never returns: FFmpeg's threads and a clean exit do not go together."""
    name = sys.argv[1]
    parent = os.getppid()
    # Its three pipes are all it needs; event loops differ in what else they let a child inherit.
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    output = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # whatever prints must not get among the messages
    os.dup2(nowhere, 2)
    _confine(parent)
    loopback = Loopback(description(name))
    threading.Thread(target=_pass_on, args=(loopback,), daemon=True).start()
    try:
        _send(output, Hello())
        status = _demux(loopback.url, output)
    except BrokenPipeError:
        status = INPUT_ENDED
    except (av.error.FFmpegError, OSError, MemoryError):
        status = FAILED
    os._exit(status)


def _confine(parent: int) -> None:
    """Die with the parent; gain nothing, write nothing, and not eat the machine."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(INPUT_ENDED)  # it was gone before it could be asked for
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # pictures would be in it
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_FILES, _MAX_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


def _pass_on(loopback: Loopback) -> None:
    try:
        loopback.serve(sys.stdin.fileno())
    except OSError:
        os._exit(FAILED)
    os._exit(INPUT_ENDED)


def _demux(url: str, output: int) -> int:
    av.logging.restore_default_callback()  # PyAV's own needs the interpreter's lock
    container = av.open(url, options=_OPTIONS)
    stream = next(iter(container.streams.video), None)
    context = stream.codec_context if stream is not None else None
    if stream is None or context is None or context.codec.canonical_name not in CODECS:
        return NOT_TAKEN
    name = context.codec.canonical_name
    _send(output, Found(name, context.width, context.height, bool(context.has_b_frames)))
    ticks = stream.time_base * 90_000 if stream.time_base is not None else 1
    damaged = False  # something is missing in front of the next picture
    untimed: av.Packet[av.VideoStream] | None = None
    for packet in container.demux(stream):
        if not packet.size or packet.size > MAX_PICTURE_BYTES:
            damaged = True
            continue
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            # FFmpeg gives the first AV1 picture no time: it is shown just in front of the next.
            damaged = damaged or untimed is not None or not packet.is_keyframe
            untimed = packet
            continue
        at = int(time * ticks)
        for each, when in ((untimed, at - 1), (packet, at)):
            if each is not None:
                _send(output, Picture(when, each.is_keyframe, damaged or each.is_corrupt, bytes(each)))
                damaged = False
        untimed = None
    return FAILED  # a live stream has no end


def _send(output: int, message: Message) -> None:
    data = memoryview(format_message(message))
    while data:
        data = data[os.write(output, data) :]


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in PAYLOADS:
        main()
    sys.exit("usage: python -m streams.demux.child NAME")
