"""httpx towards this machine: without TLS, whose certificates each client takes 20 ms to read.

Nor does it read what the environment says of proxies. It calls itself a browser: by its own name
the shop would take it for a script.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from tools.support.http_transport import LoopbackTransport

BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)
httpx._client.USER_AGENT = BROWSER  # noqa: SLF001 - what a client says that is not told otherwise
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
WAIT = 60.0
"""Seconds: a machine that does much else may be late by more than the five that httpx allows."""

AsyncClient = partial(httpx.AsyncClient, verify=NO_TLS, trust_env=False, timeout=WAIT)


def Client(**how: Any) -> httpx.Client:  # noqa: N802 - it stands for httpx's own
    """Return a client towards this machine."""
    return httpx.Client(
        **{"timeout": WAIT, "trust_env": False, "transport": LoopbackTransport(), **how}
    )


def request(
    method: str,
    url: httpx.URL | str,
    *,
    cookies: httpx.Cookies | dict[str, str] | None = None,
    **how: Any,
) -> httpx.Response:
    """Send one request."""
    with Client(cookies=cookies) as client:
        return client.request(method, url, **how)


get = partial(request, "GET")
head = partial(request, "HEAD")
post = partial(request, "POST")
delete = partial(request, "DELETE")


@contextmanager
def stream(method: str, url: str, **how: Any) -> Iterator[httpx.Response]:
    """Send one request, and read the response as it comes."""
    with Client() as client, client.stream(method, url, **how) as response:
        yield response
