"""Settings: defaults, bounds, and errors that name field, value and fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from config.settings import Place, Settings, SettingsError, TurnServer, load, parse

CONFIG = Path(__file__).parents[2] / "config"


def rooms() -> list[tuple[str, type[BaseModel]]]:
    defaults = Settings()
    return [(name, type(getattr(defaults, name))) for name in Settings.model_fields]


def test_shipped_file_is_the_defaults() -> None:
    assert parse((CONFIG / "hotline.toml").read_text(encoding="utf-8")) == Settings()


@pytest.mark.parametrize(("room", "model"), rooms())
def test_shipped_file_shows_every_setting(room: str, model: type[BaseModel]) -> None:
    text = (CONFIG / "hotline.toml").read_text(encoding="utf-8")
    section = re.split(r"^\[", text.split(f"\n[{room}]", 1)[1], flags=re.M)[0]
    for name in model.model_fields:
        assert re.search(rf"^(# \[\[{room}\.{name}\]\]|{name} = )", section, flags=re.M), f"{room}.{name}"


@pytest.mark.parametrize(
    ("section", "model"), [*rooms(), ("[city.places]", Place), ("[relay.turn_servers]", TurnServer)]
)
def test_every_setting_is_documented_and_nothing_else(section: str, model: type[BaseModel]) -> None:
    text = (CONFIG / "README.md").read_text(encoding="utf-8")
    after = text.split(f"# `[{section}]`", 1)[1]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", after.split("\n#", 1)[0], flags=re.M)
    assert [name for name, _, _ in rows] == list(model.model_fields)
    for name, default, meaning in rows:
        field = model.model_fields[name]
        assert meaning == field.description
        if field.is_required():
            assert default == "required"
        elif field.default is None or field.default == ():
            assert default == "none"
        elif isinstance(field.default, tuple):
            assert default == ", ".join(f"`{value}`" for value in field.default)
        else:
            assert default == f"`{field.default}`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\nport = 99999", "server.port = 99999: input should be less than or equal to 65535"),
        ('[server]\nhost = "www"', "server.host = 'www': write an IP address such as 0.0.0.0, or localhost"),
        ('[server]\ntls_cert = "c.pem"', "server: tls_cert and tls_key go together: set both, or neither"),
        ('[server]\npublic_url = "hotline"', "server.public_url = 'hotline': write scheme and host"),
        ("[server]\nprot = 1", "server.prot: there is no such setting; known here: host, port"),
        ("[servre]\nport = 1", "servre: there is no such setting; known here: cameras, city"),
        (
            '[cameras]\nnetworks = ["10.0.0.1/8"]',
            "cameras.networks.0 = '10.0.0.1/8': write a network such as",
        ),
        ('[relay]\nadvertised_addresses = ["gw"]', "relay.advertised_addresses: write IP addresses such as"),
        ('[city]\ntiles = "/tiles"', "city.tiles = '/tiles': write a pattern with {z}, {x} and {y}"),
        ('[[city.places]]\nname_ko = "역"', "city.places.0.name_en: is missing; add it"),
        (
            '[[relay.turn_servers]]\nurl = "turn.city.example"\nsecret_file = "s"',
            "relay.turn_servers.0.url = 'turn.city.example': write turn: or turns:, host and port",
        ),
        (
            '[[relay.turn_servers]]\nurl = "turn:t"\nsecret = "s3cret"\nsecret_file = "s"',
            "relay.turn_servers.0.secret: there is no such setting; known here: lifetime_s, secret_file, url",
        ),
        ('[transcoding]\nencoder = "NVENC!"', "transcoding.encoder = 'NVENC!': string should match pattern"),
        ("[transcoding]\nthreads = 0", "transcoding.threads = 0: input should be greater than or equal to 1"),
        ("[sharing]\nmax_minutes = 30", "sharing: default_minutes must not be more than max_minutes"),
        (
            '[log]\nlevel = "loud"',
            "log.level = 'loud': input should be 'debug', 'info', 'warning' or 'error'",
        ),
        ("[server]\nport = = 1", "settings: is not TOML: "),
    ],
)
def test_a_fault_names_field_value_and_fix(text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert expected in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse("[server]\nport = -1\n[relay]\nudp_port = 70000\n")
    assert len(str(caught.value).splitlines()) == 2


def test_a_password_in_a_wrong_place_is_not_repeated() -> None:
    text = '[storage]\ndatabase = "postgresql://u:s3cret@h/d"\n[server]\npassword = "s3cret"\n'
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)


def test_relative_paths_are_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "here.toml"
    file.write_text(
        '[storage]\ndirectory = "data"\n[secrets]\nkey_file = "/etc/hotline/key"\n'
        '[[relay.turn_servers]]\nurl = "turn:192.0.2.10:3478"\nsecret_file = "turn.secret"\n'
    )
    settings = load(file)
    assert settings.storage.directory == tmp_path / "data"
    assert settings.storage.database_url == f"sqlite+aiosqlite:///{tmp_path}/data/hotline.db"
    assert settings.secrets.key_file == Path("/etc/hotline/key")
    assert settings.relay.turn_servers[0].secret_file == tmp_path / "turn.secret"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_settings_are_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.server.port = 1


@pytest.mark.parametrize(
    ("text", "url", "secure"),
    [
        ("", "http://127.0.0.1:8080", False),
        ('[server]\nhost = "0.0.0.0"', "http://127.0.0.1:8080", False),
        ('[server]\nhost = "::"\nport = 443\ntls_cert = "a"\ntls_key = "b"', "https://[::1]:443", True),
        ('[server]\npublic_url = "https://hotline.example/"', "https://hotline.example", True),
    ],
)
def test_the_address_people_type(text: str, url: str, secure: bool) -> None:
    server = parse(text).server
    assert (server.url, server.secure) == (url, secure)
