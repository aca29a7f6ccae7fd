"""httpx towards this machine: without TLS, whose certificates each client takes 20 ms to read."""

from __future__ import annotations

import ssl
from functools import partial

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx.Client, verify=NO_TLS)
AsyncClient = partial(httpx.AsyncClient, verify=NO_TLS)
request = partial(httpx.request, verify=NO_TLS)
get = partial(httpx.get, verify=NO_TLS)
head = partial(httpx.head, verify=NO_TLS)
post = partial(httpx.post, verify=NO_TLS)
delete = partial(httpx.delete, verify=NO_TLS)
stream = partial(httpx.stream, verify=NO_TLS)
