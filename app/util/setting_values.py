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


def demand(error: ValueError) -> str:
    """Return what a value must do, without the password of an address."""
    if isinstance(error, UnicodeError):
        return "be UTF-8"
    return re.sub("//.*@", "//...@", str(error))


def number(minimum: float, maximum: float) -> Callable[[str], float]:
    """Return what reads a number between two others."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"be a number, not {text!r}") from None
        if not minimum <= value <= maximum:
            raise ValueError(f"be from {minimum:.15g} to {maximum:.15g}, not {text}")
        return value

    return read


def whole(minimum: int = 1, maximum: int = 1_000_000_000) -> Callable[[str], int]:
    """Return what reads a whole number."""
    parse = number(minimum, maximum)

    def read(text: str) -> int:
        value = parse(text)
        if value % 1:
            raise ValueError(f"be a whole number, not {text}")
        return int(value)

    return read


def choice(*choices: str) -> Read:
    """Return what reads one of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"be one of {', '.join(choices)}, not {text!r}")
        return text

    return read


def printable(text: str) -> str:
    """Read a text of one line."""
    if not text.isprintable():
        raise ValueError("have no line break or other sign that is not printed")
    return text


def header(text: str) -> str:
    """Read what is sent in a header, which may be a secret."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("be one line of ASCII")
    return text


def address(text: str) -> str:
    """Read an http(s) address to which paths can be added, without a slash at its end."""
    found = text.rstrip("/")
    if not (_is_reachable(found) and re.fullmatch(r"https?://[^?#]+", found)):
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
    if not (re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+/?", text) and _is_reachable(text)):
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


def currency(text: str) -> str:
    """Read the code of a currency (ISO 4217)."""
    if not re.fullmatch("[A-Za-z]{3}", text):
        raise ValueError(f"be the three letters of a currency, as EUR, not {text!r}")
    return text.upper()


def feed(text: str) -> str:
    """Read the address of a feed."""
    if not may_be_fetched(text):
        raise ValueError("be an https address")  # which may hold a key, and is not repeated
    return text


def store(text: str) -> str:
    """Read the domain of a store, as an address."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com", text):
        return f"https://{text}"
    if not (text.startswith("http://") and may_be_fetched(text)):  # a stand-in on this machine
        raise ValueError(f"be a domain, as corner.myshopify.com, not {text!r}")
    return text


def folder(text: str) -> Path:
    """Read a path, and make it absolute."""
    return Path(text).resolve()


def may_be_fetched(url: str) -> bool:
    """Say whether an address is https, or of this machine, where who listens reads all we have."""
    if not _is_reachable(url):
        return False
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return parts.scheme == "https" or here


def _is_reachable(url: str) -> bool:
    """Say whether an address has a possible host and port, and can stand in a request."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read then
        (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    return bool(parts.hostname) and url.isprintable()
