"""`hotline demo`: the whole way once, and the demo that runs until Ctrl-C and leaves nothing."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.hotline.cli.process import run, running

# Processes that load everything, on a machine whose cores other tests may have.
pytestmark = pytest.mark.timeout(180)


def test_the_whole_way_once(tmp_path: Path) -> None:
    code, output, error = run(tmp_path, "demo", "--once", "--json", deadline=150, TMPDIR=str(tmp_path))
    assert code == 0, output + error
    figures = json.loads(output)
    assert figures["ok"] is True
    assert figures["cameras"] == 9
    assert 0 < figures["share_ms"] < 10_000
    assert 0 < figures["first_picture_ms"] < 20_000
    assert 0 < figures["revoked_ms"] < 1_000
    assert list(tmp_path.iterdir()) == []


def test_it_runs_until_it_is_told_to_stop_and_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "demo", TMPDIR=str(tmp_path), HOTLINE_LANGUAGE="en") as demo:
        demo.line("who")
        demo.line("Ctrl-C")
        seats = [
            found.groups()
            for line in demo.said
            if (found := re.search(r"(http://127\.0\.0\.\d+:\d+)/([a-z-]+)\s+(\S+)\s+(\S+)$", line))
        ]
        assert {page for _, page, _, _ in seats} == {"operator", "control-room", "vehicle"}
        assert len({url for url, _, _, _ in seats}) == len(seats), "each person has an address of his own"
        for url, page, username, password in seats:
            with httpx.Client(base_url=url, trust_env=False) as person:
                body = {"username": username, "password": password}
                person.post("/api/session", json=body).raise_for_status()
                (share,) = (
                    person.get("/api/shares", params={"state": "running"}).raise_for_status().json()["shares"]
                )
                assert len(share["cameras"]) == 9
                assert person.get(f"/{page}").status_code == 200
        secrets = {password.encode() for _, _, _, password in seats}
        for file in tmp_path.rglob("*"):
            if file.is_file():
                assert not [True for secret in secrets if secret in file.read_bytes()], file
        assert demo.stop(signal.SIGINT) == 0
    assert list(tmp_path.iterdir()) == []
    assert not [line for line in demo.said if "Traceback" in line or "Error" in line]


def test_a_port_that_cannot_be_had_is_one_sentence(tmp_path: Path) -> None:
    code, _, error = run(tmp_path, "demo", "--host", "192.0.2.1", "--port", "8080")
    assert code == 1
    assert error.startswith("Error: cannot listen on 192.0.2.1 port 8080")
