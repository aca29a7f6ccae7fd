"""A client's address, as limits count it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

IPV6_PREFIX = 64
"""What one customer is given: limiting single addresses of it would limit nobody."""

MAX_LENGTH = 64


def rate_limit_key(address: str) -> str:
    """Return what shares a limit: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:MAX_LENGTH]
    if found.version == 4:  # noqa: PLR2004 - IPv4
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, IPV6_PREFIX), strict=False))
