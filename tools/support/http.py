"""httpx towards this machine: without TLS, whose certificates each client takes 20 ms to read.

Nor does it read what the environment says of proxies. It calls itself a browser: by its own name
the shop would take it for a script.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)
httpx._client.USER_AGENT = BROWSER  # noqa: SLF001 - what a client says that is not told otherwise
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
WAIT = 60.0
"""Seconds: a machine that does much else may be late by more than the five that httpx allows."""

Client = partial(httpx.Client, verify=NO_TLS, trust_env=False, timeout=WAIT)
AsyncClient = partial(httpx.AsyncClient, verify=NO_TLS, trust_env=False, timeout=WAIT)
request = partial(httpx.request, verify=NO_TLS, trust_env=False, timeout=WAIT)
get = partial(httpx.get, verify=NO_TLS, trust_env=False, timeout=WAIT)
head = partial(httpx.head, verify=NO_TLS, trust_env=False, timeout=WAIT)
post = partial(httpx.post, verify=NO_TLS, trust_env=False, timeout=WAIT)
delete = partial(httpx.delete, verify=NO_TLS, trust_env=False, timeout=WAIT)
stream = partial(httpx.stream, verify=NO_TLS, trust_env=False, timeout=WAIT)
