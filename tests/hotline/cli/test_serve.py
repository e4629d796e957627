"""`hotline serve`: starts, answers, stops in order; over TLS; and says in one sentence why it cannot."""

from __future__ import annotations

import datetime
import signal
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.hotline.cli.process import run, running

# Processes that load everything, on a machine whose cores other tests may have.
pytestmark = pytest.mark.timeout(180)

SETTINGS = '[server]\nport = 0\n[relay]\nhosts = ["127.0.0.1"]\nudp_port = 0\ntcp_port = 0\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "hotline.toml").write_text(SETTINGS)
    return tmp_path


def certificate(place: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = place / "cert.pem", place / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_stops_in_order(place: Path, number: signal.Signals) -> None:
    with running(place, "serve") as service:
        url = service.line("Hotline is on ").rsplit(" ", 1)[1]
        assert httpx.get(f"{url}/api/health", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/login", trust_env=False).status_code == 200
        assert service.stop(number) == 0
    assert [line for line in service.said if "Traceback" in line or "ERROR" in line] == []


def test_an_open_event_stream_does_not_hold_up_the_end(place: Path) -> None:
    added = run(
        place, "users", "add", "kim", "--name", "Kim", "--role", "operator", HOTLINE_PASSWORD="a password!"
    )
    assert added[0] == 0, added
    with running(place, "serve") as service:
        url = service.line("Hotline is on ").rsplit(" ", 1)[1]
        with httpx.Client(base_url=url, trust_env=False) as person:
            person.post(
                "/api/session", json={"username": "kim", "password": "a password!"}
            ).raise_for_status()
            with person.stream("GET", "/api/events") as events:
                lines = events.iter_lines()
                assert any("snapshot" in line for line in lines)
                assert service.stop(deadline=8) == 0
                assert list(lines)[-1:] != ["event: bye"]  # people stay signed in over a restart


def test_over_tls(place: Path) -> None:
    cert, key = certificate(place)
    with running(place, "serve", "--tls-cert", str(cert), "--tls-key", str(key)) as service:
        url = service.line("Hotline is on ").rsplit(" ", 1)[1]
        assert url.startswith("https://")
        answer = httpx.get(
            f"{url}/api/health", trust_env=False, verify=ssl.create_default_context(cafile=cert)
        )
        assert answer.status_code == 200
        assert service.stop() == 0


def test_a_port_that_is_taken(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, error = run(place, "serve", "--port", str(port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use)" in error
    assert "Traceback" not in error


def test_half_of_tls(place: Path) -> None:
    cert, key = certificate(place)
    code, _, error = run(place, "serve", "--tls-cert", str(cert))
    assert (code, error) == (1, "Error: tls_cert and tls_key go together: set both, or neither\n")
    code, _, error = run(place, "serve", "--tls-cert", str(cert), "--tls-key", str(place / "none.pem"))
    assert code == 1
    assert "tls_key: " in error
    assert "cannot be read (No such file or directory)" in error
    code, _, error = run(place, "serve", "--tls-cert", str(key), "--tls-key", str(key))
    assert code == 1
    assert "do not make a pair of PEM files" in error


def test_a_media_port_that_is_taken_ends_the_start(place: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        (place / "hotline.toml").write_text(SETTINGS.replace("udp_port = 0", f"udp_port = {port}"))
        code, _, error = run(place, "serve")
    assert code == 1
    assert error.startswith(f"Error: cannot use UDP port {port} on 127.0.0.1 (Address already in use)")
