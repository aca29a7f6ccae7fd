"""Tells whether a request comes from this machine, and notices a proxy that is not trusted."""

from __future__ import annotations

import ipaddress
import logging
import re

from starlette.types import Scope

log = logging.getLogger("wandstore")

_FORWARDED = b"forwarded"
_BETWEEN = (b"via", b"cdn-loop")
_ADDRESS = (b"-ip", b"-ipv6", b"-address")
_HOST = re.compile(r"(?:\[([^]]+)]|([^:]*))(?::\d*)?")
_REMEDY = "set FORWARDED_ALLOW_IPS, and have it send X-Forwarded-For"


def is_forwarded(scope: Scope) -> bool:
    """Say whether a request bears any sign of a proxy before us, each of which has its own name."""
    return any(
        _FORWARDED in name or name.endswith(_ADDRESS) or name in _BETWEEN
        for name, _ in scope["headers"]
    )


def is_local(scope: Scope) -> bool:
    """Say whether a request comes from the loopback, for it, and from nobody behind it.

    A page elsewhere could have its name resolve to this machine (DNS rebinding): so the Host must
    be a name that no other machine can have.
    """
    host, _ = scope.get("client") or ("", 0)
    named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return _is_loopback(host) and is_loopback_name(named) and not is_forwarded(scope)


def is_loopback_name(host: str) -> bool:
    """Say whether a Host header names this machine to itself, on whatever port."""
    found = _HOST.fullmatch(host)
    name = (found[1] or found[2]).lower() if found else ""
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class ProxyCheck:
    """Notices a proxy of ours that is not believed, for which all its clients have one address."""

    def __init__(self) -> None:
        self.state = "ok"

    def look(self, scope: Scope) -> None:
        """Note, and log once, that a request was forwarded and its client was not taken over."""
        host, port = scope.get("client") or ("", 0)
        believed = port == 0  # so uvicorn, and who believes the Worker, leave a client they name
        if self.state == "ok" and not believed and is_forwarded(scope) and _is_private(host):
            self.state = f"one address for all: {_REMEDY}"
            log.warning("all clients of the proxy %s count as one: %s", host, _REMEDY)


def _is_private(host: str) -> bool:
    """Say whether an address can only be near us, as that of a proxy of ours mostly is."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
