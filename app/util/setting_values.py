"""Readers of settings' values, whose errors say what a value must be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

_SHORTEST_SECRET = 16
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Read = Callable[[str], object]
"""Makes a setting of a text, or raises ValueError with what the text must do."""


def number(minimum: float, maximum: float) -> Callable[[str], float]:
    """Return what reads a number between two others."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"be a number, not {text!r}") from None
        if not minimum <= value <= maximum:
            raise ValueError(f"be from {minimum:g} to {maximum:g}, not {text}")
        return value

    return read


def whole(minimum: int = 1, maximum: int = 1_000_000_000) -> Read:
    """Return what reads a whole number."""
    read = number(minimum, maximum)
    return lambda text: int(read(text))


def choice(*choices: str) -> Read:
    """Return what reads one of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"be one of {', '.join(choices)}, not {text!r}")
        return text

    return read


def address(text: str) -> str:
    """Read an http(s) address, without a slash at its end."""
    found = text.rstrip("/")
    try:
        urlsplit(found).port  # noqa: B018 - it is read then
        (urlsplit(found).hostname or "").encode("idna")
    except ValueError:
        found = ""
    if not found.startswith(("https://", "http://")):
        raise ValueError(f"be an http(s) address, not {text!r}")
    return found


def server(*schemes: str) -> Read:
    """Return what reads an address of one of these schemes."""

    def read(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"be a {schemes[0]}:// address")  # which may hold a password
        return text

    return read


def origin(text: str) -> str:
    """Read a scheme and a host."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+/?", text):
        raise ValueError(f"be a scheme and a host, as https://shop.example, not {text!r}")
    return text.rstrip("/")


def contact(text: str) -> str:
    """Read an address to write to."""
    if not re.fullmatch(r"(?:mailto:|https://)\S+", text):
        raise ValueError(f"be a mailto: or https: address, not {text!r}")
    return text


def secret(text: str) -> str:
    """Read a secret of a length that cannot be guessed."""
    if len(text.encode()) < _SHORTEST_SECRET:
        raise ValueError(f"have at least {_SHORTEST_SECRET} bytes")
    return text


def secrets(text: str) -> tuple[str, ...]:
    """Read secrets, separated by commas; or a JSON list of them, where one has a comma itself."""
    if not text.startswith('["'):
        return tuple(secret(one.strip()) for one in text.split(","))
    try:
        return tuple(secret(one) for one in json.loads(text))
    except (TypeError, AttributeError, json.JSONDecodeError):
        raise ValueError("be secrets separated by commas, or a JSON list of them") from None


def folder(text: str) -> Path:
    """Read a path, and make it absolute."""
    return Path(text).resolve()


def may_be_fetched(url: str) -> bool:
    """Say whether an address is https, or of this machine, where who listens reads all we have."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or here)
