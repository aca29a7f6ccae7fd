"""The secret that cookies are signed with: given, or generated once and kept with the data."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.util.errors import OperatorError

_SHORTEST = 16


class SecretError(OperatorError):
    """The secret is too weak, or its file cannot be used; the message says which."""


def session_secret(given: str, folder: Path) -> bytes:
    """Return the given secret, or the folder's own, made at the first call.

    Raises:
        SecretError: the secret is shorter than 16 bytes, or its file cannot be read or written.
    """
    secret = given.encode() if given else kept_secret(folder / "session.secret")
    if len(secret) < _SHORTEST:
        raise SecretError(f"SESSION_SECRET must have at least {_SHORTEST} bytes")
    return secret


def kept_secret(path: Path) -> bytes:
    """Return the secret that a file holds, made at the first call.

    Raises:
        SecretError: the file cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create_whole(path)
        return path.read_bytes().strip()
    except OSError as error:
        raise SecretError(f"{path}: {error}") from error


def _create_whole(path: Path) -> None:
    """Put the file there in one step, so that a crash leaves no half secret."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
