"""One request to one camera over HTTP: with a deadline, a bound, and no way to anywhere else.

The password leaves as a digest only: in the UsernameToken of the message, or in HTTP's own digest where the
camera asks for that (RFC 7616). Never as text, never as Basic: most cameras have no TLS. Redirects are not
followed, proxies of the environment not used, compressed answers not taken. A certificate is not checked: a
camera's own says nothing, and what goes over it is no more than goes over plain HTTP.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

import httpx
from onveef import envelopes, parsers

from streams.camera import Credentials
from streams.dial import Dialable, NotDialableError, addresses
from streams.onvif.errors import OnvifError, Trouble

REPLY_S = 4.0
MAX_ANSWER = 512 * 1024
"""Bytes. A camera's longest answer, its profiles, is some tens of kilobytes."""
_MAX_CONNECTIONS = 32
_IDLE_S = 5.0
_CONTENT_TYPE = "application/soap+xml; charset=utf-8"
_NOT_AUTHORIZED = ("notauthorized", "failedauthentication", "invalidsecurity", "failedcheck")
_UNSUPPORTED = ("actionnotsupported", "unknownaction", "invalidservice", "noptzprofile")


class Soap:
    """Connections to cameras, all of them; to be closed. reply_s: the whole of one request, seconds.
    dialable: which addresses may be connected to; None: all."""

    def __init__(self, *, reply_s: float = REPLY_S, dialable: Dialable | None = None) -> None:
        self._reply_s = reply_s
        self._client = httpx.AsyncClient(
            transport=_Dialling(dialable),
            timeout=reply_s,
            follow_redirects=False,
            trust_env=False,
            headers={"Content-Type": _CONTENT_TYPE, "Accept-Encoding": "identity", "User-Agent": "hotline"},
        )

    async def __aenter__(self) -> Soap:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def call(
        self, address: str, body: str, credentials: Credentials | None = None, *, skew_s: float = 0.0
    ) -> str:
        """The camera's answer, an envelope without fault. `body`: of `onveef.envelopes`. `skew_s`: the
        camera's clock minus ours. Raises `OnvifError`."""
        user = credentials.username if credentials else ""
        password = credentials.password if credentials else ""
        message = envelopes.build_envelope(body, username=user, password=password, clock_offset_s=skew_s)
        auth = httpx.DigestAuth(user, password) if credentials else None
        try:
            async with asyncio.timeout(self._reply_s):
                status, answer = await self._post(address, message, auth)
        except (TimeoutError, httpx.TimeoutException):
            raise OnvifError(Trouble.NO_ANSWER, f"no answer within {self._reply_s:g} s") from None
        except (httpx.ConnectError, httpx.InvalidURL):
            raise OnvifError(Trouble.UNREACHABLE, "no connection") from None
        except httpx.HTTPError as error:
            raise OnvifError(Trouble.NO_ANSWER, f"the connection broke ({type(error).__name__})") from None
        return _judged(status, answer)

    async def _post(self, address: str, message: str, auth: httpx.Auth | None) -> tuple[int, bytes]:
        async with self._client.stream("POST", address, content=message.encode(), auth=auth) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise OnvifError(Trouble.GARBAGE, "a compressed answer, which was not asked for")
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > MAX_ANSWER:
                    raise OnvifError(Trouble.GARBAGE, f"an answer of more than {MAX_ANSWER} bytes")
            return response.status_code, bytes(answer)


class _Dialling(httpx.AsyncBaseTransport):
    """Resolves by itself, and connects to what was checked; the request says the name."""

    def __init__(self, dialable: Dialable | None) -> None:
        self._dialable = dialable
        self._transport = httpx.AsyncHTTPTransport(
            verify=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS, keepalive_expiry=_IDLE_S),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        named = request.url
        try:
            found = await addresses(named.host, named.port or 80, self._dialable)
        except NotDialableError:
            raise httpx.ConnectError("its address is outside the allowed networks") from None
        except (OSError, UnicodeError):
            raise httpx.ConnectError("no such host") from None
        extensions = {**request.extensions, "sni_hostname": named.host}
        refused = httpx.ConnectError("no address")
        for address in found:
            dialled = httpx.Request(
                request.method,
                named.copy_with(host=address),
                headers=request.headers,  # with the Host that was asked for
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await self._transport.handle_async_request(dialled)
            except httpx.ConnectError as error:
                refused = error
        raise refused

    async def aclose(self) -> None:
        await self._transport.aclose()


def _judged(status: int, answer: bytes) -> str:
    """The answer's text, or what it refuses, as `OnvifError`. Pure."""
    if status == 401:
        raise OnvifError(Trouble.REFUSED, "the camera does not accept user and password")
    if 300 <= status < 400:
        raise OnvifError(Trouble.GARBAGE, f"a redirect ({status}), which is not followed")
    root = parsers.parse_xml(answer)
    if root is None or not root.tag.endswith("}Envelope"):
        if status == 404:
            raise OnvifError(Trouble.UNSUPPORTED, "no such service")
        raise OnvifError(Trouble.GARBAGE, f"no SOAP message (HTTP {status})")
    fault = parsers.find_local(root, "Fault")
    if fault is not None:
        raise _refusal(" ".join(text.strip().lower() for text in fault.itertext() if text.strip()))
    if not 200 <= status < 300:
        raise OnvifError(Trouble.GARBAGE, f"HTTP {status}")
    return answer.decode("utf-8", errors="replace")


def _refusal(said: str) -> OnvifError:
    packed = said.replace(" ", "")
    if any(word in packed for word in _NOT_AUTHORIZED) or "notauthorized" in packed:
        return OnvifError(Trouble.REFUSED, "the camera does not accept user and password")
    if any(word in packed for word in _UNSUPPORTED) or "notsupported" in packed or "notimplemented" in packed:
        return OnvifError(Trouble.UNSUPPORTED, "the camera cannot do that")
    return OnvifError(Trouble.FAULT, "the camera says no")
