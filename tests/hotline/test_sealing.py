from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hotline.sealing import KeyStoreError, open_key_store, read_secret
from tests.support.canary import CANARY


def test_a_new_key_file_is_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "hotline.key"
    first, second = open_key_store(path), open_key_store(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.token_key == second.token_key
    assert len(first.token_key) == 32
    assert second.unseal(first.seal(CANARY, "camera-1"), "camera-1") == CANARY
    assert [each.name for each in path.parent.iterdir()] == ["hotline.key"]


def test_a_sealed_password_opens_for_its_own_camera_only(tmp_path: Path) -> None:
    keys = open_key_store(tmp_path / "key")
    sealed = keys.seal(CANARY, "camera-1")
    assert CANARY not in sealed
    with pytest.raises(KeyStoreError, match="another camera") as refused:
        keys.unseal(sealed, "camera-2")
    assert CANARY not in str(refused.value)


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    sealed = open_key_store(tmp_path / "one").seal(CANARY, "camera-1")
    with pytest.raises(KeyStoreError, match="another key") as refused:
        open_key_store(tmp_path / "two").unseal(sealed, "camera-1")
    assert refused.value.__cause__ is None


def test_the_first_key_seals_and_all_unseal(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = open_key_store(path).seal(CANARY, "camera-1")
    content = json.loads(path.read_text())
    content["sealing"].insert(0, Fernet.generate_key().decode())
    path.write_text(json.dumps(content))
    rotated = open_key_store(path)
    assert rotated.unseal(old, "camera-1") == CANARY
    assert rotated.unseal(rotated.seal(CANARY, "camera-1"), "camera-1") == CANARY


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    open_key_store(path)
    path.chmod(0o644)
    with pytest.raises(KeyStoreError, match="chmod 600"):
        open_key_store(path)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"sealing": ["x"], "signing": "AA=="}', '{"sealing": 1, "signing": 2}', "\0"]
)
def test_what_is_no_key_file_is_said_so_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(KeyStoreError, match="not a key file"):
        open_key_store(path)


def test_keys_are_not_in_the_repr(tmp_path: Path) -> None:
    assert repr(open_key_store(tmp_path / "key")) == "KeyStore()"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyStoreError, match="must be able to keep its keys"):
        open_key_store(tmp_path / "file" / "key")


def test_a_secret_stands_alone_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "turn.secret"
    with pytest.raises(KeyStoreError, match="No such file"):
        read_secret(path)
    path.write_text(f"{CANARY}\n")
    path.chmod(0o644)
    with pytest.raises(KeyStoreError, match="others may read it") as refused:
        read_secret(path)
    assert CANARY not in str(refused.value)
    path.chmod(0o600)
    assert read_secret(path) == CANARY
    for useless in (b" \n", b"\xff"):
        path.write_bytes(useless)
        with pytest.raises(KeyStoreError):
            read_secret(path)
