"""Whether a request was made on this machine, and not forwarded here for somebody else."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

_FORWARDED = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"}
)
_FORWARDED_START = b"x-forwarded"


def is_forwarded(scope: Scope) -> bool:
    """Say whether a request bears any sign of a proxy before us."""
    return any(
        name in _FORWARDED or name.startswith(_FORWARDED_START) for name, _ in scope["headers"]
    )


def is_local(scope: Scope) -> bool:
    """Say whether a request comes from the loopback and from nobody behind it."""
    client = scope.get("client")
    try:
        from_loopback = client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
    return from_loopback and not is_forwarded(scope)
