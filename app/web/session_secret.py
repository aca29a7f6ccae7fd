"""The secret that signs cookies: the given one, or one that is generated once and kept."""

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
        SecretError: the folder's own cannot be read or written, or is shorter than 16 bytes.
    """
    return given.encode() if given else kept_secret(folder / "session.secret")


def kept_secret(path: Path) -> bytes:
    """Return the secret that a file holds, made at the first call.

    Raises:
        SecretError: the file cannot be read or written, or its secret is shorter than 16 bytes.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create_whole(path)
        if not path.is_file():  # opening a pipe would wait for a writer
            raise SecretError(f"{path}: not a file")
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SecretError(f"{path}: {error}") from error
    if len(secret) < _SHORTEST:
        raise SecretError(f"{path}: a secret has at least {_SHORTEST} bytes")
    return secret


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
