"""The key store: seals camera passwords at rest and holds the key that signs viewing tokens.

The file stands outside the database, mode 0600, and is made at first start. Belongs here: keys, sealing, and
secrets in files.
A stolen database without this file opens nothing; a stolen file without the database neither.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class KeyStoreError(RuntimeError):
    """The key file cannot be used; the text says what to do and never shows a key."""


class KeyStore:
    """Sealing keys (the first seals, all unseal) and, apart from them, the token signing key."""

    def __init__(self, sealing: list[bytes], token_key: bytes) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in sealing])
        self._token_key = token_key

    def __repr__(self) -> str:
        return "KeyStore()"

    @property
    def token_key(self) -> bytes:
        """32 bytes for HS256."""
        return self._token_key

    def seal(self, secret: str, owner: str) -> str:
        """`secret` sealed for `owner` (a camera's id): nobody can move it to another row and use it there."""
        return self._fernet.encrypt(json.dumps([owner, secret]).encode()).decode()

    def unseal(self, sealed: str, owner: str) -> str:
        """The secret again. Raises `KeyStoreError` when no key fits or it was sealed for another owner."""
        try:
            sealed_for, secret = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            raise KeyStoreError(
                f"the password of {owner} was sealed with another key; restore that key file, or enter the "
                "password again"
            ) from None
        if sealed_for != owner:
            raise KeyStoreError(f"the password of {owner} was sealed for another camera; enter it again")
        return str(secret)


def open_key_store(path: Path) -> KeyStore:
    """The key store at `path`, made with mode 0600 when there is none.

    Raises `KeyStoreError` when the file is readable by others, is not a key file, or cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
    except OSError as error:
        raise KeyStoreError(f"{path}: {error.strerror}; the service must be able to keep its keys") from None
    return _load(path)


def read_secret(path: Path) -> str:
    """A secret that somebody else made and that stands alone in the file at `path`, without blanks around it.

    Raises `KeyStoreError` when the file cannot be read, is readable by others, or is empty.
    """
    try:
        _demand_private(path)
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyStoreError(f"{path}: {error.strerror}; it must hold a secret") from None
    except UnicodeDecodeError:
        raise KeyStoreError(f"{path}: is not UTF-8 text; it must hold a secret") from None
    if not secret:
        raise KeyStoreError(f"{path}: is empty; it must hold a secret")
    return secret


def _demand_private(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyStoreError(f"{path}: others may read it (mode {mode:03o}); chmod 600 it")


def _make(path: Path) -> None:
    """A whole file or none: written beside its place, then linked; who comes second uses the first's."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    content = {
        "sealing": [Fernet.generate_key().decode()],
        "signing": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()


def _load(path: Path) -> KeyStore:
    _demand_private(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        token_key = base64.b64decode(content["signing"], validate=True)
        if len(token_key) < 32:
            raise ValueError
        return KeyStore([key.encode() for key in content["sealing"]], token_key)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyStoreError(f"{path}: is not a key file of Hotline; restore it from a backup") from None
