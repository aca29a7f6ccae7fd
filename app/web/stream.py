"""GET the stream: a page's events as they happen, resuming after the last one seen."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from app.domain.catalog import NONE
from app.domain.events import Event
from app.pages.jobs import AtCapacity, Batches
from app.pages.shells import VISIT
from app.web.context import AppContext
from app.web.crawlers import is_prefetch
from app.web.responses import send_text

EVENT_ID = re.compile(rb"^[0-9]{1,19}$")
_TOO_MANY = 429
_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Content-Type-Options": "nosniff"}


class Stream:
    """A reader of a journal, over SSE. Its end ends nothing else."""

    def __init__(self, web: AppContext) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the events of the page the address names, if it is the shopper's own."""
        web = self._web
        view = web.shop_of(scope)
        open_to = view is not None and web.consent(scope, view) != NONE
        session = web.session(scope, view) if view and open_to else None
        page_id, after = scope["path_params"]["page_id"], last_event_id(scope)
        if view is None or session is None or (session.first and not _begins(web, scope, page_id)):
            await _refuse(scope, send)
            return
        cookie = session.set_cookie if session.first else None
        try:
            visit = web.visit(scope, session, view)
            batches = await web.pages.stream_for(visit, page_id, after)
        except AtCapacity:
            await _refuse(scope, send, _TOO_MANY, cookie)
            return
        if batches is None:
            await _refuse(scope, send)
            return
        heartbeat = web.heartbeat
        await send_events(batches, scope, receive, send, heartbeat=heartbeat, cookie=cookie)


def _begins(web: AppContext, scope: Scope, page_id: str) -> bool:
    """Say whether a visit begins here: a page of ours that was fetched ahead is being shown."""
    is_first = page_id == VISIT and not last_event_id(scope)
    return is_first and web.is_from_our_page(scope) and not is_prefetch(scope["headers"])


async def send_events(
    batches: Batches,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    heartbeat: float,
    cookie: bytes | None = None,
) -> None:
    """Send a page's events until it ends or its reader leaves, and comments while it is silent."""
    from app.web.event_stream import EventStream  # noqa: PLC0415 - loaded when first needed

    cookies = {"Set-Cookie": cookie.decode()} if cookie else {}
    response = EventStream(_written(batches), {**_HEADERS, **cookies}, heartbeat)
    await response(scope, receive, send)


def last_event_id(scope: Scope) -> int:
    """Return the id after which the reader wants to resume, 0 where it names none."""
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return int(value) if EVENT_ID.fullmatch(value) else 0
    return 0


def written(event: Event) -> bytes:
    """Return an event as it goes over the wire."""
    return f"event: {event.name}\nid: {event.id}\ndata: {event.data}\n\n".encode()


async def _written(batches: Batches) -> AsyncGenerator[bytes, None]:
    async with aclosing(batches) as source:
        async for batch in source:
            yield b"".join(map(written, batch))


async def _refuse(scope: Scope, send: Send, status: int = 404, cookie: bytes | None = None) -> None:
    headers = [(b"retry-after", b"5")] if status == _TOO_MANY else []
    headers += [(b"set-cookie", cookie)] if cookie else []
    text = "too many pages just now" if status == _TOO_MANY else "no such page"
    await send_text(scope, send, text, status, headers)
