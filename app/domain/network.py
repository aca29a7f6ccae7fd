"""A client's address, and the key by which rate limits count it."""

from ipaddress import ip_address, ip_network
from typing import NamedTuple

IPV6_PREFIX = 64
"""What one customer is given: limiting single addresses of it would limit nobody."""

MAX_LENGTH = 64


class Client(NamedTuple):
    """For whom a page is composed, as limits count it. Without an address it is counted nowhere.

    `new` says that the shopper came less than an hour ago: they are cheap to invent. `ahead` says
    that nobody has asked for the page yet. `recorded` says that it may be written down that they
    were here.
    """

    address: str = ""
    new: bool = False
    ahead: bool = False
    recorded: bool = True


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
