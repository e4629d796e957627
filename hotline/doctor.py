"""Looks whether the service can run here: libraries, pages, keys, database, ports, cameras.

Belongs here: the checks, each a finding in words, Korean and English. `hotline doctor` prints them. Nothing
is changed but what the service's first start would make too (key file, database).
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings, Transcoding
from hotline import onvif
from hotline.directory import CameraDirectory
from hotline.domain.camera import Network, dialable
from hotline.feeds import REASONS
from hotline.sealing import KeyStore, KeyStoreError, open_key_store
from hotline.store.database import open_database
from hotline.store.upgrade import NewerDatabase
from relay import addresses as relay_addresses
from streams import recipe
from streams.camera import Camera, Credentials, ProfileName
from streams.demux.process import Demuxers
from streams.encoders import EncoderError, settle
from streams.errors import CameraError
from streams.onvif.errors import OnvifError
from streams.policies import Policies
from streams.probe import ProbeResult, probe

PAGES = ("login", "operator", "control-room", "vehicle")
ROOM_MB = 500
PROBES_AT_ONCE = 8
PROBE_DEADLINE_S = 10.0
CLOCK_NOTE_S = 30.0

_TIMEX_BYTES = 256  # struct timex has 208; its first field, modes, is 0: nothing is set
_TIME_ERROR = 5  # the clock is not synchronized

# What is compiled in and, by the name the loader complains about, the Debian package that has it.
_MODULES = ("cv2", "av", "numpy", "aiortc", "aioice", "pylibsrtp", "argon2", "cryptography", "aiosqlite")
_PACKAGES = {"libGL": "libgl1", "libgthread": "libglib2.0-0", "libglib": "libglib2.0-0", "libxcb": "libxcb1"}


class Mark(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and, where it is bad, what to do."""

    mark: Mark
    check: str
    text: str
    text_ko: str


def python() -> Finding:
    """The interpreter's version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(Mark.GOOD, "python", version, version)


def libraries() -> list[Finding]:
    """Whether every compiled library can be loaded; one finding if all can."""
    findings = []
    for name in _MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            findings.append(_missing(name, str(error)))
    if findings:
        return findings
    return [Finding(Mark.GOOD, "libraries", "all load", "모두 불러옵니다")]


def _missing(name: str, reason: str) -> Finding:
    package = next((package for part, package in _PACKAGES.items() if part in reason), None)
    if package is not None:
        return Finding(
            Mark.BAD,
            name,
            f"{reason}; as root, run: apt-get install {package}",
            f"{reason}. 관리자 권한으로 apt-get install {package}을(를) 실행하십시오",
        )
    return Finding(
        Mark.BAD,
        name,
        f"{reason}; install the package again",
        f"{reason}. 패키지를 다시 설치하십시오",
    )


def pages(directory: Path) -> Finding:
    """Whether the built pages are there."""
    missing = [name for name in PAGES if not (directory / f"{name}.html").is_file()]
    if missing:
        return Finding(
            Mark.BAD,
            "pages",
            f"{', '.join(missing)} not built; run: make install",
            f"{', '.join(missing)} 화면이 빌드되지 않았습니다. make install을 실행하십시오",
        )
    return Finding(Mark.GOOD, "pages", "built", "빌드됨")


def keys(path: Path) -> tuple[Finding, KeyStore | None]:
    """The key file, made if there is none."""
    new = not path.exists()
    try:
        store = open_key_store(path)
    except KeyStoreError as error:
        return Finding(Mark.BAD, "keys", str(error), str(error)), None
    if new:
        return Finding(
            Mark.NOTE,
            "keys",
            f"made {path}; keep a copy apart from the database",
            f"{path} 생성됨. 데이터베이스와 따로 복사본을 보관하십시오",
        ), store
    return Finding(Mark.GOOD, "keys", str(path), str(path)), store


def transcoding(room: Transcoding) -> Finding:
    """Which encoder makes pictures here, found by encoding some; a second at most."""
    try:
        choice = settle(room.encoder)
    except EncoderError as error:
        return Finding(
            Mark.BAD,
            "transcoding",
            f"{error}; install the package again",
            f"{error}. 패키지를 다시 설치하십시오",
        )
    budget = recipe.Transcoding(cores=room.cores).budget
    text = f"{choice.name}, {budget:.2g} cores at most"
    text_ko = f"{choice.name}, 최대 {budget:.2g}코어"
    refused = "; ".join(f"{name}: {why}" for name, why in choice.refused)
    if room.encoder is not None and choice.name != room.encoder:
        return Finding(
            Mark.NOTE,
            "transcoding",
            f"{refused}; going on with {text}: correct [transcoding] encoder",
            f"{refused}. 대신 {text_ko} 사용. [transcoding] encoder를 고치십시오",
        )
    if refused:
        text, text_ko = f"{text} ({refused})", f"{text_ko} ({refused})"
    return Finding(Mark.GOOD, "transcoding", text, text_ko)


async def demuxer(most: int) -> Finding:
    """Whether a process for cameras in rare codecs starts; usually a fraction of a second."""
    if not most:
        return Finding(
            Mark.NOTE,
            "demuxer",
            "[streams] demuxers = 0: cameras in rare codecs (VP8, MPEG-2, H.263, …) are not shown",
            "[streams] demuxers = 0: 드문 코덱(VP8, MPEG-2, H.263 등)의 카메라는 표시하지 않습니다",
        )
    try:
        await Demuxers(1).trial()
    except CameraError as error:
        return Finding(
            Mark.BAD,
            "demuxer",
            f"{error.detail}; a service manager or container may forbid processes, or the package is broken",
            f"{error.detail}. 서비스 관리자나 컨테이너의 프로세스 제한과 패키지 설치를 확인하십시오",
        )
    return Finding(Mark.GOOD, "demuxer", f"starts, {most} at most", f"시작됨, 최대 {most}개")


def room(directory: Path) -> Finding:
    """Space where the records are kept."""
    there = next(parent for parent in (directory, *directory.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free // 2**20
    mark = Mark.GOOD if free >= ROOM_MB else Mark.BAD
    fix, fix_ko = ("", "") if mark is Mark.GOOD else ("; make room", ". 공간을 확보하십시오")
    return Finding(mark, "disk", f"{free} MB free in {there}{fix}", f"{there}에 {free} MB 남음{fix_ko}")


def ports(settings: Settings) -> list[Finding]:
    """Whether the service's ports are free. A port of a running Hotline is in use, which is a note."""
    wanted = [("server.port", socket.SOCK_STREAM, settings.server.host, settings.server.port)]
    for host in settings.relay.hosts:
        wanted.append(("relay.udp_port", socket.SOCK_DGRAM, host, settings.relay.udp_port))
        if settings.relay.tcp_port is not None:
            wanted.append(("relay.tcp_port", socket.SOCK_STREAM, host, settings.relay.tcp_port))
    return [_port(*one) for one in wanted]


def _port(name: str, kind: socket.SocketKind, host: str, port: int) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            return Finding(
                Mark.NOTE if reason == "Address already in use" else Mark.BAD,
                name,
                f"{host} port {port}: {reason}; fine if that is Hotline running, else choose another",
                f"{host} 포트 {port}: {reason}. 실행 중인 Hotline이 아니면 다른 포트를 고르십시오",
            )
    return Finding(Mark.GOOD, name, f"{host} port {port} is free", f"{host} 포트 {port} 사용 가능")


def addresses(settings: Settings) -> Finding:
    """Which addresses viewers are told to send to."""
    relay = settings.relay
    told = relay_addresses.told(
        relay.hosts, relay.advertised_addresses, relay.interfaces, settings.cameras.named_networks
    )
    if not any(not ip_address(each).is_loopback for each in told):
        return Finding(
            Mark.NOTE,
            "relay.addresses",
            "only this machine can see pictures: name the others' way in [relay] advertised_addresses",
            "이 컴퓨터에서만 영상을 볼 수 있습니다. [relay] advertised_addresses에 주소를 적으십시오",
        )
    words = ", ".join(told)
    return Finding(
        Mark.GOOD,
        "relay.addresses",
        f"viewers are told {words}; if one leads to the cameras only, name [relay] interfaces",
        f"시청자에게 알리는 주소: {words}. 카메라망 주소가 있으면 [relay] interfaces를 지정하십시오",
    )


def clock() -> Finding:
    """Whether a time server keeps the system's clock right, by the kernel's word (adjtimex(2))."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state in (-1, _TIME_ERROR):
        return Finding(
            Mark.NOTE,
            "clock",
            "no time server keeps it right: shares and records go by it; set one (chrony, systemd-timesyncd)",
            "시간 서버와 동기화되지 않았습니다. 공유와 기록의 시각이 어긋날 수 있으니 설정하십시오",
        )
    return Finding(Mark.GOOD, "clock", "kept right by a time server", "시간 서버와 동기화됨")


async def database(settings: Settings, store: KeyStore | None) -> list[Finding]:
    """Whether the database opens, at the newest revision; then its cameras, each asked for a picture."""
    try:
        records = await open_database(settings.storage.database_url)
    except (NewerDatabase, ValueError) as error:
        return [Finding(Mark.BAD, "database", str(error), str(error))]
    except (OSError, SQLAlchemyError) as error:
        # Not the error's own text: an address of a database may hold a password.
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        return [
            Finding(
                Mark.BAD,
                "database",
                f"cannot be opened ({reason}); check [storage] and its rights",
                f"열 수 없습니다 ({reason}). [storage]와 권한을 확인하십시오",
            )
        ]
    try:
        findings = [Finding(Mark.GOOD, "database", "opens", "열림")]
        if store is not None:
            directory = CameraDirectory(records, store, settings.cameras.networks)
            await directory.refresh()
            places = min(1, settings.streams.demuxers) * PROBES_AT_ONCE
            findings += await cameras(directory, Demuxers(places))
        return findings
    finally:
        await records.close()


async def cameras(
    directory: CameraDirectory, demuxers: Demuxers | None = None, *, deadline: float = PROBE_DEADLINE_S
) -> list[Finding]:
    """Asks each camera for a picture of each of its streams, a few at a time."""
    if not directory.records:
        return [
            Finding(
                Mark.NOTE,
                "cameras",
                "none yet; `hotline cameras import FILE.csv` enters them",
                "아직 없습니다. `hotline cameras import FILE.csv`로 등록하십시오",
            )
        ]
    turn = asyncio.Semaphore(PROBES_AT_ONCE)
    policies = Policies(dialable=dialable(directory.networks))

    async def one(camera: Camera, profile: ProfileName) -> Finding:
        async with turn:
            sign_in = directory.credentials(camera.id)
            result = await probe(
                camera, profile, sign_in, deadline=deadline, policies=policies, demuxers=demuxers
            )
        return _picture(f"{camera.id}/{profile}", result)

    async def service(camera: Camera, address: str) -> Finding:
        async with turn:
            return await onvif_service(
                camera.id, address, directory.credentials(camera.id), directory.networks
            )

    findings = []
    tasks = []
    async with asyncio.TaskGroup() as group:
        for record in directory.records:
            camera = directory.camera(record.id)
            if camera is None:
                findings.append(_outside(record.id))
                continue
            tasks += [group.create_task(one(camera, profile)) for profile in camera.profiles]
            if camera.onvif is not None:
                tasks.append(group.create_task(service(camera, camera.onvif)))
    return findings + [task.result() for task in tasks]


async def onvif_service(
    camera_id: str, address: str, credentials: Credentials | None, networks: Sequence[Network]
) -> Finding:
    """Whether the camera answers by ONVIF, and how far its clock is off."""
    name = f"{camera_id}/onvif"
    try:
        facts = await onvif.facts(address, credentials, networks)
    except OnvifError as error:
        words = onvif.TROUBLES[error.trouble]
        return Finding(Mark.BAD, name, words.en, words.ko)
    who = f"{facts.maker} {facts.model}".strip()
    skew = facts.clock_skew_s
    if skew is not None and abs(skew) > CLOCK_NOTE_S:
        return Finding(
            Mark.NOTE,
            name,
            f"{who}; its clock is {skew:+.0f} s off: set its time server",
            f"{who}. 카메라 시계가 {skew:+.0f}초 어긋나 있습니다. 시간 서버를 설정하십시오",
        )
    return Finding(Mark.GOOD, name, who, who)


def _outside(camera_id: str) -> Finding:
    return Finding(
        Mark.BAD,
        camera_id,
        "stands outside [cameras] networks and is never called",
        "[cameras] networks 밖에 있어 연결하지 않습니다",
    )


def _picture(name: str, result: ProbeResult) -> Finding:
    if result.reason is not None:
        words = REASONS[result.reason]
        return Finding(Mark.BAD, name, f"{words.en} ({result.detail})", f"{words.ko} ({result.detail})")
    size = "" if result.format is None else f"{result.format.width}x{result.format.height}, "
    rate = "?" if result.frames_per_second is None else f"{result.frames_per_second:.1f}"
    first = 0.0 if result.first_picture_s is None else result.first_picture_s
    seen = f"{result.codec}, {size}{rate} fps, {first:.2f} s"
    if result.has_b_slices:
        return Finding(
            Mark.NOTE,
            name,
            f"{seen}; sends B-frames, so it is transcoded while watched: better switch them off there",
            f"{seen}. B 프레임을 보내므로 시청 중에 변환합니다. 부하를 줄이려면 카메라에서 끄십시오",
        )
    return Finding(Mark.GOOD, name, seen, seen)
