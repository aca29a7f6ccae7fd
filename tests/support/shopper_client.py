"""A shopper without a browser: visits, follows the stream, reads what is in the slots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import httpx

from tools.support.http_transport import LoopbackTransport
from tools.support.server import Server

_SLOT = re.compile(
    r'<section class="slot" data-slot="([^"]+)" data-filled-by="([^"]+)"[^>]*>(.*?)</section>\n',
    re.DOTALL,
)
_STREAM = re.compile(r'<main[^>]* data-stream="([^"]+)"')
SECONDS = 30.0


@dataclass(frozen=True)
class SentEvent:
    """An event as it came over the wire."""

    id: int
    name: str
    payload: dict[str, Any]


def stream_of(html: str) -> str:
    """Return where a page's events are, empty where there are none."""
    found = _STREAM.search(html)
    return found[1] if found else ""


def slots(html: str) -> dict[str, tuple[str, str]]:
    """Return what fills each slot that shows something, by what and with which HTML."""
    return {slot: (by, inner) for slot, by, inner in _SLOT.findall(html) if inner}


def fillers(html: str) -> dict[str, str]:
    """Return what fills each slot that shows something."""
    return {slot: by for slot, (by, _) in slots(html).items()}


def events(lines: Iterable[str]) -> Iterator[SentEvent]:
    """Read an event stream; comments are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            assert name not in fields, f"{name} stands twice in one event"
            fields[name] = value
        elif fields:
            assert set(fields) == {"id", "event", "data"}
            yield SentEvent(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
    assert not fields, "the stream ends inside an event"


def fold(html: str, seen: Iterable[SentEvent]) -> dict[str, tuple[str, str]]:
    """Return the slots of a page once these events have happened to it."""
    filled = slots(html)
    for event in seen:
        if event.name == "component":
            filled[event.payload["slot"]] = (event.payload["type"], event.payload["html"])
    return filled


class Place(Protocol):
    """Where a shop is: a server, or what stands before one."""

    @property
    def url(self) -> str: ...


class Shopper(httpx.Client):
    """A client with a cookie jar of its own."""

    def __init__(self, server: Place, cookies: httpx.Cookies | None = None) -> None:
        super().__init__(
            base_url=server.url,
            timeout=SECONDS,
            cookies=cookies,
            trust_env=False,
            transport=LoopbackTransport(),
        )
        self._place = server

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def store(self, path: str = "/store") -> httpx.Response:
        """Visit the store page."""
        page = self.get(path)
        assert page.status_code == httpx.codes.OK
        return page

    @contextmanager
    def following(self, stream: str, after: int | None = None) -> Iterator[Iterator[SentEvent]]:
        """Follow a stream as it comes."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        with self.stream("GET", stream, headers=headers) as response:
            assert response.status_code == httpx.codes.OK
            yield events(response.iter_lines())

    def follow(self, stream: str, after: int | None = None) -> list[SentEvent]:
        """Follow a stream to its end."""
        with self.following(stream, after) as seen:
            return list(seen)

    def trace(self, stream: str) -> dict[str, Any]:
        """Return the trace of the page behind a stream."""
        assert isinstance(self._place, Server)
        return self._place.trace(stream.rpartition("/")[2])
