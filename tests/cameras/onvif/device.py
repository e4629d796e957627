"""The device: services, accounts, a clock, a head that turns. What it is like is in `Manners`.

It remembers what it was asked and what its head did, so that a test can say what the client made of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.cameras.onvif import answers
from tests.cameras.onvif.answers import DEVICE, MEDIA, MEDIA2, PTZ
from tests.cameras.onvif.web import Answer, Request, read_request, send_answer

_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_BODY = "{http://www.w3.org/2003/05/soap-envelope}Body"
_PATHS = {
    DEVICE: "/onvif/device_service",
    MEDIA: "/onvif/media_service",
    MEDIA2: "/onvif/media2_service",
    PTZ: "/onvif/ptz_service",
}
_OPEN = frozenset({"GetSystemDateAndTime", "GetServices", "GetCapabilities"})
_REALM, _NONCE = "onvif", "5fd2c1"


@dataclass(frozen=True)
class Profile:
    """One media profile. `rate`: pictures a second."""

    token: str
    name: str
    codec: str
    width: int
    height: int
    rate: int = 25
    kilobits: int = 2048
    gop: int = 50


PROFILES = (
    Profile("Profile_1", "mainStream", "H264", 1920, 1080, kilobits=4096),
    Profile("Profile_2", "subStream", "H264", 640, 360, rate=15, kilobits=512),
)


@dataclass
class Manners:
    """How the device behaves.

    skew_s: its clock minus ours. tolerance_s: how far `Created` may be from its clock. auth: `token`
    (WS-Security) or `http` (HTTP digest). strict_clock: checks a token also where none is asked for. hosts:
    the host it says in its services' and its streams' addresses; None says the true one. answers: by
    operation, what it does instead. slow_s: by operation. get_services: whether it knows GetServices.
    """

    username: str = "admin"
    password: str = "right"
    skew_s: float = 0.0
    tolerance_s: float = 5.0
    auth: str = "token"
    strict_clock: bool = False
    media2: bool = True
    ptz: bool = True
    snapshots: bool = True
    get_services: bool = True
    service_host: str | None = None
    stream_host: str | None = None
    stream_user: str = ""  # such as "admin:secret@", as some makers put it
    rtsp_port: int = 554
    rtsp_path: str = "/Streaming/Channels/{token}"
    profiles: tuple[Profile, ...] = PROFILES
    maker: str = "한빛카메라"
    model: str = "HB-2400P"
    answers: dict[str, Answer] = field(default_factory=dict)
    slow_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One operation as it came. `token`: of the profile. `fields`: its texts and attributes by name."""

    operation: str
    service: str
    token: str | None
    fields: Mapping[str, str]
    authorized: bool
    at: float


class Head:
    """What turns. A continuous move ends by itself after its time-out (PTZ service §5.3.3)."""

    def __init__(self) -> None:
        self.presets: dict[str, str] = {"1": "기본", "2": "정문"}
        self.at_preset: str | None = "1"
        self.velocity = (0.0, 0.0, 0.0)
        self._until = 0.0

    def turns(self) -> bool:
        """Whether it turns now."""
        return any(self.velocity) and time.monotonic() < self._until

    def where(self) -> str | None:
        """The preset it was told to look at last."""
        return self.at_preset

    def move(self, velocity: tuple[float, float, float], timeout_s: float) -> None:
        self.velocity, self._until, self.at_preset = velocity, time.monotonic() + timeout_s, None

    def stop(self) -> None:
        self.velocity, self._until = (0.0, 0.0, 0.0), 0.0

    def goto(self, preset: str) -> None:
        self.stop()
        self.at_preset = preset


class OnvifDevice:
    """One device on one port of this machine."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.head = Head()
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._nonces: set[str] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """What an administrator types."""
        return f"http://127.0.0.1:{self.port}{_PATHS[DEVICE]}"

    @property
    def operations(self) -> list[str]:
        """The operations asked, in order."""
        return [asked.operation for asked in self.asked]

    @property
    def now(self) -> datetime:
        """The device's own clock."""
        return datetime.fromtimestamp(time.time() + self.manners.skew_s, UTC)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        self._writers.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                if not await send_answer(writer, await self._answer(request)):
                    break
        finally:
            self._writers.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/snapshot/"):
            return Answer(body=b"\xff\xd8\xff\xd9", headers={"Content-Type": "image/jpeg"})
        try:
            root = ET.fromstring(request.body)
        except ET.ParseError:
            return Answer(400)
        body = root.find(_BODY)
        if body is None or not len(body):
            return Answer(400)
        element = body[0]
        service, operation = element.tag[1:].split("}")
        fields = _fields(element)
        refusal = self._refusal(request, root, operation)
        token = fields.get("ProfileToken")
        self.asked.append(Asked(operation, service, token, fields, refusal is None, time.monotonic()))
        await asyncio.sleep(self.manners.slow_s.get(operation, 0.0))
        if operation in self.manners.answers:
            return self.manners.answers[operation]
        if refusal is not None:
            return refusal
        if request.path != _PATHS.get(service):
            return Answer(404)
        said = self._do(service, operation, token, fields)
        if said is None:
            return Answer(400, answers.fault("ActionNotSupported", "Optional Action Not Implemented"))
        return Answer(body=said) if isinstance(said, bytes) else Answer(body=answers.envelope(said))

    def _refusal(self, request: Request, root: ET.Element, operation: str) -> Answer | None:
        manners = self.manners
        given = root.find(f".//{_WSSE}UsernameToken")
        if operation in _OPEN and not (manners.strict_clock and given is not None):
            return None
        if manners.auth == "http":
            return None if self._http_digest_fits(request) else _challenge()
        if given is not None and self._token_fits(given):
            return None
        return Answer(400, answers.fault("NotAuthorized", "Sender not Authorized"))

    def _token_fits(self, token: ET.Element) -> bool:
        """WS-Security UsernameToken Profile 1.0 §3.1: Base64(SHA-1(nonce + created + password))."""
        user = token.findtext(f"{_WSSE}Username", "")
        password = token.find(f"{_WSSE}Password")
        nonce = token.findtext(f"{_WSSE}Nonce", "")
        created = token.findtext(f"{_WSU}Created", "")
        if password is None or not password.get("Type", "").endswith("#PasswordDigest"):
            return False
        raw = base64.b64decode(nonce) + created.encode() + self.manners.password.encode()
        digest = base64.b64encode(hashlib.sha1(raw).digest()).decode()
        away = abs((datetime.fromisoformat(created) - self.now).total_seconds())
        fresh = nonce not in self._nonces
        self._nonces.add(nonce)
        return (
            user == self.manners.username
            and password.text == digest
            and fresh
            and away <= self.manners.tolerance_s
        )

    def _http_digest_fits(self, request: Request) -> bool:
        """RFC 2617 §3.2.2 without qop, which is what old devices do."""
        header = request.headers.get("authorization", "")
        if not header.startswith("Digest "):
            return False
        parts = dict(part.strip().split("=", 1) for part in header[len("Digest ") :].split(","))
        given = {name: value.strip('"') for name, value in parts.items()}

        def md5(*texts: str) -> str:
            return hashlib.md5(":".join(texts).encode()).hexdigest()

        account = md5(self.manners.username, _REALM, self.manners.password)
        wanted = md5(account, _NONCE, md5(request.method, request.path))
        return given.get("response") == wanted

    def _do(
        self, service: str, operation: str, token: str | None, fields: Mapping[str, str]
    ) -> str | bytes | None:
        if service == DEVICE:
            return self._device(operation)
        if service in (MEDIA, MEDIA2):
            return self._media(operation, token, media2=service == MEDIA2)
        return self._ptz(operation, token, fields)

    def _device(self, operation: str) -> str | None:
        manners = self.manners
        if operation == "GetSystemDateAndTime":
            return answers.date_and_time(self.now)
        if operation == "GetServices" and manners.get_services:
            return answers.services(self._services())
        if operation == "GetCapabilities":
            return answers.capabilities(self._services())
        if operation == "GetDeviceInformation":
            return answers.information(manners.maker, manners.model, "V5.7.1", "SN-0001")
        return None

    def _services(self) -> dict[str, str]:
        host = self.manners.service_host or f"127.0.0.1:{self.port}"
        missing = {MEDIA2: self.manners.media2, PTZ: self.manners.ptz}
        return {name: f"http://{host}{path}" for name, path in _PATHS.items() if missing.get(name, True)}

    def _media(self, operation: str, token: str | None, *, media2: bool) -> str | bytes | None:
        manners, prefix = self.manners, "tr2" if media2 else "trt"
        if media2 and not manners.media2:
            return None
        if operation == "GetProfiles":
            # The first Media service does not know H.265 (Media2 §4.1): real devices leave those out.
            found = [each for each in manners.profiles if media2 or each.codec != "H265"]
            return answers.profiles(found, media2=media2, ptz=manners.ptz)
        if token not in {profile.token for profile in manners.profiles}:
            return answers.fault("NoProfile", "Profile Not Exist")
        if operation == "GetStreamUri":
            host = manners.stream_host or "127.0.0.1"
            path = manners.rtsp_path.format(token=token)
            return answers.uri(
                operation, f"rtsp://{manners.stream_user}{host}:{manners.rtsp_port}{path}", media2=media2
            )
        if operation == "GetSnapshotUri" and manners.snapshots:
            host = f"{manners.stream_host or '127.0.0.1'}:{self.port}"
            return answers.uri(operation, f"http://{host}/snapshot/{token}", media2=media2)
        if operation == "SetSynchronizationPoint":
            return answers.done(prefix, operation)
        return None

    def _ptz(self, operation: str, token: str | None, fields: Mapping[str, str]) -> str | bytes | None:
        if not self.manners.ptz:
            return None
        if token not in {profile.token for profile in self.manners.profiles}:
            return answers.fault("NoProfile", "Profile Not Exist")
        head, preset = self.head, fields.get("PresetToken", "")
        if operation == "ContinuousMove":
            velocity = tuple(float(fields.get(axis, "0")) for axis in ("PanTilt.x", "PanTilt.y", "Zoom.x"))
            if any(abs(value) > 1 for value in velocity):
                return answers.fault("InvalidVelocity", "out of range")
            # Without a time-out the device's own default holds, which may be minutes.
            seconds = (
                float(fields["Timeout"].removeprefix("PT").removesuffix("S")) if "Timeout" in fields else 300
            )
            head.move((velocity[0], velocity[1], velocity[2]), seconds)
        elif operation == "Stop":
            head.stop()
        elif operation == "GetPresets":
            return answers.presets(head.presets)
        elif operation == "GotoPreset":
            if preset not in head.presets:
                return answers.fault("NoToken", "preset does not exist")
            head.goto(preset)
        elif operation == "SetPreset":
            preset = preset or str(len(head.presets) + 1)
            head.presets[preset] = fields.get("PresetName", preset)
            head.at_preset = preset
            inner = f"<tptz:PresetToken>{preset}</tptz:PresetToken>"
            return answers.done("tptz", operation, inner)
        else:
            return None
        return answers.done("tptz", operation)


@asynccontextmanager
async def serve_onvif(manners: Manners | None = None) -> AsyncIterator[OnvifDevice]:
    """A device on a free port while the block runs."""
    device = OnvifDevice(manners or Manners())
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(device.talk(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        device.hang_up()
        for task in tuple(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await task
        await server.wait_closed()


def _fields(element: ET.Element) -> dict[str, str]:
    """Text by the element's name, attributes as `Name.attribute`."""
    found: dict[str, str] = {}
    for each in element.iter():
        name = each.tag.split("}")[-1]
        if each.text and each.text.strip():
            found[name] = each.text.strip()
        for attribute, value in each.attrib.items():
            found[f"{name}.{attribute}"] = value
    return found


def _challenge() -> Answer:
    return Answer(401, headers={"WWW-Authenticate": f'Digest realm="{_REALM}", nonce="{_NONCE}"'})
