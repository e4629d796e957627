"""What every HTTP answer carries and no request may exceed, whatever is behind: two ASGI layers.

Belongs here: headers that tell browsers what our pages may do, and the bound of a request's body. WHEP reads
its own bodies under a smaller bound of its own.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotline.api.problems import problem

MAX_BODY = 1 << 20
DRAINED = 8 << 20  # bytes read and thrown away after a refusal
DRAIN_S = 1.0
BODY_S = 30.0  # until a body must be there, so that half a request holds no connection for ever


def content_security_policy(tiles: str | None) -> str:
    """Scripts and connections only from here; map tiles may come from the one server the settings name."""
    images = "img-src 'self' data: blob:"
    if tiles is not None:
        parts = urlsplit(tiles)
        if parts.scheme in ("http", "https") and parts.netloc:
            images += f" {parts.scheme}://{parts.netloc.replace('{', '').replace('}', '')}"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",  # OpenLayers and Lit set styles through the object model, which needs no more
            images,
            "media-src 'self' blob: mediastream:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds the headers to every answer. `secure`: people come over HTTPS, so it is demanded for a year."""

    def __init__(self, app: ASGIApp, *, tiles: str | None, secure: bool) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(tiles),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": (
                "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), "
                "autoplay=(self), fullscreen=(self), screen-wake-lock=(self)"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class _TooLargeError(Exception):
    """The body is larger than allowed; raised into whoever reads it."""


class _TooSlowError(Exception):
    """The body does not come; raised likewise."""


class BodyLimit:
    """Answers 413 to a body above `limit` bytes, whether it says so first or only comes to be; 408 to one
    that is not there within `BODY_S` of the first look at it."""

    def __init__(self, app: ASGIApp, *, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length[:15]) > self._limit:
            await self._refuse(receive, send)
            return
        got = 0
        started = whole = late = False
        due: float | None = None

        async def bounded() -> Message:
            nonlocal got, whole, late, due
            if whole:  # what comes now is that the client hangs up, whenever that is
                return await receive()
            now = asyncio.get_running_loop().time()
            due = now + BODY_S if due is None else due
            try:
                async with asyncio.timeout(due - now):
                    message = await receive()
            except TimeoutError:
                late = True
                raise _TooSlowError from None
            if message["type"] == "http.request":
                whole = not message.get("more_body", False)
                got += len(message.get("body", b""))
                if got > self._limit:
                    raise _TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if (late or got > self._limit) and not started:
                return  # whoever was told of it in the middle of reading has another answer: ours counts
            started = True
            await send(message)

        try:
            await self._app(scope, bounded, watched)
        except (_TooLargeError, _TooSlowError):
            if started:
                raise
        if late and not started:
            response = problem(
                408,
                detail="The request's body came too slowly.",
                detail_ko="요청 본문이 너무 늦게 도착했습니다.",
                headers={"Connection": "close"},
            )
            await response(scope, receive, send)
        if got > self._limit and not started:
            await self._refuse(receive, send)

    async def _refuse(self, receive: Receive, send: Send) -> None:
        response = problem(
            413,
            detail=f"A request's body has at most {self._limit} bytes.",
            detail_ko=f"요청 본문은 {self._limit}바이트 이하여야 합니다.",
            headers={"Connection": "close"},  # the rest of it is not wanted
        )
        start = {"type": "http.response.start", "status": 413, "headers": response.raw_headers}
        await send(start)
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        await self._drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self, receive: Receive) -> None:
        """Reads on for a moment: a connection closed on unread bytes is reset, and the answer with it."""
        left = DRAINED
        try:
            async with asyncio.timeout(DRAIN_S):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return
