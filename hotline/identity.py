"""New identities. Random, so that nobody can guess a neighbour's."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """22 characters from 128 random bits, safe in a URL."""
    return secrets.token_urlsafe(16)
