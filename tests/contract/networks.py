"""Vectors of client addresses: what each shares a rate limit with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.network import MAX_LENGTH, rate_limit_key

_ADDRESSES = (
    "203.0.113.7",
    "0.0.0.1",
    "255.255.255.255",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3",
    " 1.2.3.4",
    "2001:db8:0:1:2:3:4:5",
    "2001:db8:0:1:ffff:ffff:ffff:ffff",
    "2001:db8:0:2::",
    "2001:DB8::ABCD",
    "2001:0db8:0000:0000:0000:0000:0000:0001",
    "1:0:0:2:3::",
    "0:0:1::",
    "1:2:3:4:5:6:7::",
    "::",
    "::1",
    "::ffff:203.0.113.7",
    "::FFFF:cb00:7107",
    "::ffff:0:203.0.113.7",
    "::203.0.113.7",
    "64:ff9b::203.0.113.7",
    "fe80::1%eth0",
    "fe80::1%",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::1",
    ":",
    ":::",
    "[::1]",
    "::1]/[",
    "::1/64",
    "",
    "unknown",
    "x" * (MAX_LENGTH + 1),
)


def vectors() -> list[Mapping[str, Any]]:
    """Return addresses with the key of their limit."""
    return [
        {"name": f"{address!r:.50}", "address": address, "key": rate_limit_key(address)}
        for address in _ADDRESSES
    ]
