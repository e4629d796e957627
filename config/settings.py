"""Settings: one frozen model per room, read from one TOML file, with errors that say what to write instead.

Belongs here: names, types, units, bounds, defaults. What a setting *does* belongs to its room. Only the
composition root reads settings; everything else is given plain values. `config/README.md` documents every
setting and `config/hotline.toml` shows every default; tests hold both to this file.
"""

from __future__ import annotations

import re
import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    field_validator,
    model_validator,
)

Port = Annotated[int, Field(ge=0, le=65535)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("write a network such as 10.20.0.0/16, its host bits zero") from None


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]


class SettingsError(ValueError):
    """The settings cannot be used. The text has one line per fault: field, value, what to write instead."""


class Room(BaseModel):
    """Common to all rooms: frozen, and a name that is not known is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Server(Room):
    """The web server: pages, API, WHEP."""

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all IPv4, :: for all."
    )
    port: Port = Field(default=8080, description="TCP port for HTTP or HTTPS; 0 takes a free one.")
    tls_cert: Path | None = Field(
        default=None, description="Certificate chain (PEM). Together with tls_key: HTTPS."
    )
    tls_key: Path | None = Field(default=None, description="Private key (PEM) of tls_cert.")
    public_url: str | None = Field(
        default=None,
        description="Address people type, when it is not host and port: behind a proxy, or by name.",
    )
    stop_deadline_s: Seconds = Field(
        default=10.0, description="Seconds to end everything in order when stopping."
    )

    @field_validator("host")
    @classmethod
    def _host_is_an_address(cls, host: str) -> str:
        if host != "localhost":
            try:
                ip_address(host)
            except ValueError:
                raise ValueError("write an IP address such as 0.0.0.0, or localhost") from None
        return host

    @field_validator("public_url")
    @classmethod
    def _public_url_is_an_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("write scheme and host, such as https://hotline.city.example")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together: set both, or neither")
        return self

    @property
    def secure(self) -> bool:
        """Whether people reach the service over HTTPS, by itself or through a proxy."""
        return self.tls_cert is not None or (self.public_url or "").startswith("https://")

    @property
    def url(self) -> str:
        """The address people type, without a trailing slash."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared only
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"


class Storage(Room):
    """Where records are kept."""

    directory: Path = Field(default=Path("var"), description="Directory for the embedded database.")
    database: str | None = Field(
        default=None,
        repr=False,
        description="SQLAlchemy address of the database; empty: SQLite, hotline.db in directory.",
    )

    @field_validator("database")
    @classmethod
    def _database_is_sqlite(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith("sqlite+aiosqlite:///"):
            raise ValueError("write sqlite+aiosqlite:///PATH; other databases come later")
        return url

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the database. It may hold a password: never log it."""
        return self.database or f"sqlite+aiosqlite:///{self.directory / 'hotline.db'}"


class Secrets(Room):
    """Keys. They stand in files outside the database, so that a copy of the database opens nothing."""

    key_file: Path = Field(
        default=Path("secrets/hotline.key"),
        description="Key that seals camera passwords and signs tokens; made at first start, mode 0600.",
    )


class Place(Room):
    """A named place on the map."""

    name_ko: str = Field(min_length=1, max_length=80, description="Name in Korean.")
    name_en: str = Field(min_length=1, max_length=80, description="Name in English.")
    latitude: Latitude = Field(description="Degrees north, WGS84.")
    longitude: Longitude = Field(description="Degrees east, WGS84.")


class City(Room):
    """The city that is watched."""

    name_ko: str = Field(default="김포시", min_length=1, max_length=80, description="Name in Korean.")
    name_en: str = Field(default="Gimpo", min_length=1, max_length=80, description="Name in English.")
    latitude: Latitude = Field(default=37.6152, description="Degrees north of the centre, WGS84.")
    longitude: Longitude = Field(default=126.7156, description="Degrees east of the centre, WGS84.")
    radius_km: float = Field(
        default=25.0, gt=0, le=200, description="How much of the surroundings the map shows."
    )
    reach_km: float = Field(
        default=50.0, gt=0, le=200, description="An incident further than this from the centre is refused."
    )
    tiles: str | None = Field(
        default=None,
        description="Address pattern of map tiles with {z}, {x}, {y}; empty: a plain map, no network.",
    )
    places: tuple[Place, ...] = Field(default=(), description="Named places, one [[city.places]] table each.")

    @field_validator("tiles")
    @classmethod
    def _tiles_is_a_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None and not all(part in pattern for part in ("{z}", "{x}", "{y}")):
            raise ValueError("write a pattern with {z}, {x} and {y}, such as /tiles/{z}/{x}/{y}.png")
        return pattern


class TurnServer(Room):
    """A TURN server that viewers may go through; coturn's `use-auth-secret`."""

    url: str = Field(description="Its address, such as turn:turn.city.example:3478?transport=udp.")
    secret_file: Path = Field(description="File with the secret shared with it, and nothing else; mode 0600.")
    lifetime_s: float = Field(
        default=3600.0, ge=60, le=86_400, description="Seconds that a viewer's credentials are good for."
    )

    @field_validator("url")
    @classmethod
    def _url_is_a_turn_server(cls, url: str) -> str:
        if not re.fullmatch(r"turns?:[A-Za-z0-9.:\[\]-]+(\?transport=(udp|tcp))?", url):
            raise ValueError("write turn: or turns:, host and port, such as turn:192.0.2.10:3478")
        return url


class RelayRoom(Room):
    """Pictures to viewers."""

    hosts: tuple[str, ...] = Field(
        default=("0.0.0.0",),  # noqa: S104 - a media port is open to its viewers, who must hold a grant
        min_length=1,
        description="Addresses of the media ports; 0.0.0.0 for all IPv4, :: for all IPv6.",
    )
    udp_port: Port = Field(default=8189, description="The one UDP port for all media; 0 takes a free one.")
    tcp_port: Port | None = Field(
        default=8189,
        description="The one TCP port for viewers whose network blocks UDP; 0 takes a free one, empty: none.",
    )
    advertised_addresses: tuple[str, ...] = Field(
        default=(),
        description="Addresses viewers are told to send to; empty: those of this machine's interfaces.",
    )
    interfaces: tuple[str, ...] = Field(
        default=(),
        description="Those interfaces, such as eth0 or bond*; empty: all but containers' and cameras'.",
    )
    turn_servers: tuple[TurnServer, ...] = Field(
        default=(),
        description="TURN servers that viewers are told of, one [[relay.turn_servers]] table each.",
    )
    max_viewers: int = Field(
        default=200, ge=1, le=10_000, description="Viewers at once; more are told to wait."
    )
    max_viewers_per_feed: int = Field(
        default=100, ge=1, le=10_000, description="Viewers at once of one camera."
    )
    max_viewers_per_grant: int = Field(
        default=8, ge=1, le=1000, description="Viewers at once under one grant: one unit, one camera."
    )
    assumed_link_bps: int = Field(
        default=16_000_000,
        ge=64_000,
        le=10_000_000_000,
        description="Bit/s a viewer's link is taken for at first: less, and it begins on the small picture.",
    )
    busy_share: float = Field(
        default=0.9, ge=0.1, le=1.0, description="Share of its core in use above which no viewer is added."
    )
    busy_lag_s: float = Field(
        default=0.1,
        ge=0.01,
        le=5.0,
        description="Seconds it may be late as a rule; above, no viewer is added.",
    )

    @field_validator("hosts", "advertised_addresses")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            try:
                ip_address(address)
            except ValueError:
                raise ValueError("write IP addresses such as 192.0.2.10, not names") from None
        return value


class StreamsRoom(Room):
    """Cameras to pictures."""

    connect_deadline_s: Seconds = Field(
        default=3.0, description="Seconds until a camera's port must be open."
    )
    answer_deadline_s: Seconds = Field(
        default=3.0, description="Seconds until a camera must answer a request."
    )
    first_picture_deadline_s: Seconds = Field(
        default=5.0, description="Seconds until the first picture must come after PLAY."
    )
    stall_s: Seconds = Field(
        default=1.0, description="Seconds without a picture, or three picture intervals if longer: stalled."
    )
    lost_s: Seconds = Field(
        default=5.0, description="Seconds without a picture: the session is given up, retried."
    )
    demuxers: int = Field(
        default=4,
        ge=0,
        le=64,
        description="Processes at once for cameras in rare codecs (VP8, MPEG-2, H.263, …), one each.",
    )
    linger_s: float = Field(
        default=5.0, ge=0, le=3600, description="Seconds a camera's session is kept after the last viewer."
    )
    picture_watch: bool = Field(
        default=True,
        description="Whether pictures are looked at: frozen, black, covered, blurred, moved.",
    )
    picture_watch_s: float = Field(
        default=2.0, ge=0.5, le=60, description="Seconds between two looks at a camera's picture, at least."
    )


class Transcoding(Room):
    """Pictures made here: other codecs, masks, text on the picture, smaller sizes."""

    encoder: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_]{1,40}$",
        description="FFmpeg's name of the H.264 encoder; empty: the first that works; see hotline doctor.",
    )
    cores: float | None = Field(
        default=None,
        ge=0.1,
        le=1024,
        description="Cores that it may take; a demand beyond is refused. Empty: three quarters of them.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="Worker threads; empty: one for each core."
    )
    utc_offset_h: float = Field(
        default=9.0, ge=-12, le=14, description="Hours by which a clock in the picture is ahead of UTC."
    )


class CamerasRoom(Room):
    """Which cameras may be entered."""

    networks: tuple[Network, ...] = Field(
        default=tuple(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
        description="Networks cameras may stand in; an address outside is refused.",
    )

    @property
    def named_networks(self) -> tuple[Network, ...]:
        """Where cameras stand, if the city has said so; the default is every private address there is."""
        return () if self.networks == type(self)().networks else self.networks


class ReadinessRoom(Room):
    """Whether cameras are looked after before they are needed."""

    enabled: bool = Field(default=True, description="Whether every camera is checked again and again.")
    every_hours: float = Field(
        default=6.0, ge=0.1, le=168, description="Hours from one check of a camera to the next, about."
    )


class Sharing(Room):
    """Limits and defaults of what an operator shares."""

    radius_m: int = Field(
        default=1000, ge=50, le=10_000, description="Cameras this near an incident are offered."
    )
    count: int = Field(default=9, ge=1, le=64, description="How many cameras are offered at first.")
    default_minutes: int = Field(default=60, ge=1, le=180, description="How long a share lasts unless said.")
    max_minutes: int = Field(default=180, ge=1, le=180, description="The longest a share may be opened for.")
    preview_minutes: int = Field(
        default=15, ge=1, le=60, description="An operator's preview ends unless renewed."
    )
    token_minutes: int = Field(
        default=10, ge=1, le=60, description="Life of a viewing token; pages renew it."
    )

    @model_validator(mode="after")
    def _default_within_maximum(self) -> Self:
        if self.default_minutes > self.max_minutes:
            raise ValueError("default_minutes must not be more than max_minutes")
        return self


class Ptz(Room):
    """Turning cameras. Off unless the city's policy allows it: PIPA §25⑤ forbids another purpose."""

    enabled: bool = Field(default=False, description="Whether cameras may be turned at all.")
    roles: tuple[Literal["administrator", "operator", "dispatcher", "crew"], ...] = Field(
        default=("operator",), description="Who may; dispatchers and crews only what is shared with them."
    )
    purposes: tuple[
        Literal["dispatch", "report_receipt", "joint_response", "rescue", "disaster_response"], ...
    ] = Field(
        default=("dispatch", "rescue", "disaster_response"),
        min_length=1,
        description="What for; a person states one of these before a camera turns.",
    )
    lease_s: float = Field(
        default=60.0, ge=10, le=600, description="Seconds one person has a camera alone unless renewed."
    )
    longest_s: float = Field(default=600.0, ge=10, le=3600, description="Seconds of that, with all renewals.")
    return_preset: str = Field(
        default="1",
        min_length=1,
        max_length=100,
        description="Number or name of the preset a camera is turned back to; without it none is turned.",
    )

    @model_validator(mode="after")
    def _lease_within_longest(self) -> Self:
        if self.lease_s > self.longest_s:
            raise ValueError("lease_s must not be more than longest_s")
        return self


class People(Room):
    """Sign-ins."""

    idle_minutes: int = Field(
        default=60, ge=5, le=1440, description="A sign-in that is not used for this long ends."
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="A sign-in ends after this, used or not."
    )
    failures: int = Field(
        default=10,
        ge=3,
        le=1000,
        description="Wrong passwords per account within the pause before it is closed.",
    )
    pause_minutes: int = Field(
        default=5, ge=1, le=1440, description="How long wrong passwords count against one."
    )


class Log(Room):
    """What is written about what happens."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious written."
    )
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for collectors."
    )


class Settings(Room):
    """Everything. Each part is handed to its room as plain values."""

    server: Server = Field(default=Server(), description="The web server: pages, API, WHEP.")
    storage: Storage = Field(default=Storage(), description="Where records are kept.")
    secrets: Secrets = Field(default=Secrets(), description="Keys, in files outside the database.")
    city: City = Field(default=City(), description="The city that is watched.")
    cameras: CamerasRoom = Field(default=CamerasRoom(), description="Which cameras may be entered.")
    readiness: ReadinessRoom = Field(
        default=ReadinessRoom(), description="Whether cameras are checked before they are needed."
    )
    streams: StreamsRoom = Field(default=StreamsRoom(), description="Cameras to pictures: deadlines.")
    transcoding: Transcoding = Field(default=Transcoding(), description="Pictures made here.")
    relay: RelayRoom = Field(default=RelayRoom(), description="Pictures to viewers: ports and limits.")
    sharing: Sharing = Field(default=Sharing(), description="Limits and defaults of what is shared.")
    ptz: Ptz = Field(default=Ptz(), description="Turning cameras, where the city's policy allows it.")
    people: People = Field(default=People(), description="Sign-ins.")
    log: Log = Field(default=Log(), description="What is written about what happens.")


def load(path: Path) -> Settings:
    """Settings from the TOML file at `path`; relative paths in it are from the file's own directory.

    Raises `SettingsError` when the file cannot be read, is not TOML, or has a value that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); check the path and its rights"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    return parse(text, name=str(path), base=path.parent)


def parse(text: str, *, name: str = "settings", base: Path = Path()) -> Settings:
    """Settings from TOML text. `name` is for errors; relative paths are taken from `base`.

    Raises `SettingsError` as `load` does.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: is not TOML: {error}") from None
    try:
        settings = Settings.model_validate(_without_empty(raw))
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error, raw, name))) from None
    return _rebased(settings, base)


def _without_empty(raw: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: an empty text stands for "not set", so that every setting can be shown."""
    return {
        key: _without_empty(value) if isinstance(value, dict) else value
        for key, value in raw.items()
        if value != ""
    }


def _rebased(settings: Settings, base: Path) -> Settings:
    server, storage, secrets = settings.server, settings.storage, settings.secrets
    turn_servers = tuple(
        turn.model_copy(update={"secret_file": base / turn.secret_file})
        for turn in settings.relay.turn_servers
    )
    return settings.model_copy(
        update={
            "server": server.model_copy(
                update={
                    "tls_cert": base / server.tls_cert if server.tls_cert else None,
                    "tls_key": base / server.tls_key if server.tls_key else None,
                }
            ),
            "storage": storage.model_copy(update={"directory": base / storage.directory}),
            "secrets": secrets.model_copy(update={"key_file": base / secrets.key_file}),
            "relay": settings.relay.model_copy(update={"turn_servers": turn_servers}),
        }
    )


_HIDDEN = {"database"}  # may hold a password
_TABLES: dict[str, type[Room]] = {"places": Place, "turn_servers": TurnServer}


def _sentences(error: ValidationError, raw: dict[str, Any], name: str) -> list[str]:
    """One line per fault: file, field, the value found, and what to write instead."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = list(fault["loc"])
        field = ".".join(str(part) for part in place) or "settings"
        if fault["type"] == "extra_forbidden":
            fix = f"there is no such setting; known here: {', '.join(_known(place[:-1]))}"
        elif fault["type"] == "missing":
            fix = "is missing; add it"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            fix = message[:1].lower() + message[1:]
        # The value of an unknown setting is not shown either: it may be a misplaced password.
        hidden = fault["type"] == "extra_forbidden" or (place and place[-1] in _HIDDEN)
        shown = "" if hidden else _shown(raw, place)
        line = f"{name}: {field}{shown}: {fix}"
        if line not in lines:
            lines.append(line)
    return lines


def _shown(raw: Any, place: list[int | str]) -> str:
    value = raw
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return ""  # the fault is that something is missing: there is no value to show
    return "" if isinstance(value, dict | list) else f" = {value!r}"


def _known(place: list[int | str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in place:
        if isinstance(part, int):
            continue
        model = _TABLES.get(part) or type(getattr(model(), part))
    return sorted(model.model_fields)
