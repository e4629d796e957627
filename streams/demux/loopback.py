"""The one RTSP server that FFmpeg's demuxer ever talks to, in the same process: it answers, then passes on
the packets of standard input.

FFmpeg follows redirects and prints addresses with passwords in them; here there is neither. Nobody else can
take its place: it accepts one connection, and that one must ask for a path drawn by lot.
"""

from __future__ import annotations

import os
import re
import secrets
import select
import socket

_HANDSHAKE_S = 10.0
_MAX_REQUEST = 8192
_CHUNK = 64 * 1024


class Loopback:
    """Listens as soon as it is made. `url`: what FFmpeg is to open."""

    def __init__(self, description: bytes) -> None:
        self._description = description
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._path = "/" + secrets.token_hex(16)
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}{self._path}"

    def serve(self, source: int) -> None:
        """Answer until PLAY, then copy the descriptor's bytes, which are RTSP's interleaved frames, until it
        ends or the other side closes. Raises `OSError` for whatever goes wrong."""
        with self._listener:
            self._listener.settimeout(_HANDSHAKE_S)
            connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(_HANDSHAKE_S)
            self._answer(connection)
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                ready, _, _ = select.select([source, connection.fileno()], [], [])
                if connection.fileno() in ready and not connection.recv(_CHUNK):
                    return  # what it says, keep-alives and reports, is for nobody
                if source in ready:
                    data = os.read(source, _CHUNK)
                    if not data:
                        return
                    connection.sendall(data)

    def _answer(self, connection: socket.socket) -> None:
        held = b""
        while True:
            while b"\r\n\r\n" not in held:
                data = connection.recv(_CHUNK)
                if not data or len(held) + len(data) > _MAX_REQUEST:
                    raise OSError("the demuxer did not finish its request")
                held += data
            request, _, held = held.partition(b"\r\n\r\n")
            method, url, sequence = _parse(request)
            if self._path not in url:
                raise OSError("a stranger connected")
            connection.sendall(self._reply(method, sequence))
            if method == "PLAY":
                return

    def _reply(self, method: str, sequence: str) -> bytes:
        lines = ["RTSP/1.0 200 OK", f"CSeq: {sequence}"]
        body = b""
        match method:
            case "OPTIONS":
                lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
            case "DESCRIBE":
                body = self._description
                lines += [
                    f"Content-Base: {self.url}/",
                    "Content-Type: application/sdp",
                    f"Content-Length: {len(body)}",
                ]
            case "SETUP":
                lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1;timeout=3600"]
            case _:
                lines.append("Session: 1")
        return "".join(line + "\r\n" for line in [*lines, ""]).encode() + body


def _parse(request: bytes) -> tuple[str, str, str]:
    """Method, address and sequence number of what FFmpeg asks."""
    first, _, headers = request.decode("latin-1").partition("\r\n")
    method, _, rest = first.partition(" ")
    found = re.search(r"^cseq:\s*(\d{1,9})\s*$", headers, re.IGNORECASE | re.MULTILINE)
    return method, rest.partition(" ")[0], found.group(1) if found else "0"
