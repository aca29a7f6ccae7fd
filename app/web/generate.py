"""POST /generate: a page for the Worker, composed or joined, as one JSON answer or as its events.

Whoever may call this may read any shopper's page: it is for the Worker, which has checked whom it
asks for. Where the Worker's credential is configured, nobody else gets here.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from app.domain.page import StoredPage
from app.domain.persona import Shopper
from app.pages.jobs import AtCapacity, PageRequest, RunningJob
from app.pages.shells import ShopView
from app.personas.cache import keyed
from app.web.body import BadBody, read_body
from app.web.context import AppContext
from app.web.generate_response import Answer, answer_of, error_answer, kept_answer
from app.web.inline_shops import InlineShops
from app.web.responses import send_json
from app.web.stream import last_event_id, send_events

_WRONG_TYPE = 415


class Generate:
    """Answers once the page has ended, or with its events as they happen."""

    def __init__(self, web: AppContext, shops: InlineShops, largest: int, patience: float) -> None:
        self._web = web
        self._shops = shops
        self._largest = largest
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST with JSON or, where that is accepted, with an event stream."""
        request = await self._page_request(scope, receive)
        if not isinstance(request, PageRequest):
            await _send(scope, send, request)
            return
        pages = self._web.pages
        streamed = _header(scope, b"accept").startswith(b"text/event-stream")
        try:
            if streamed:
                after = last_event_id(scope)
                request = request._replace(force=request.force and not after)
                batches = await pages.events(request, after)
            else:
                found = await pages.get_or_start(request)
        except AtCapacity:
            await _send(scope, send, error_answer("RATE_LIMITED", "too many pages just now"))
            return
        if streamed:
            await send_events(batches, scope, receive, send, heartbeat=self._web.heartbeat)
        else:
            await _send(scope, send, await self._answer(found, request.view))

    async def _answer(self, found: StoredPage | RunningJob, view: ShopView) -> Answer:
        """Return the answer for a page that is kept, or for one once it has ended."""
        css = self._shops.css(view.shop)
        if isinstance(found, StoredPage):
            return kept_answer(found, self._web.pages.slots, css)
        done, _ = await asyncio.wait({found.task}, timeout=self._patience)
        if not done:
            return error_answer("TIMEOUT", "the page was not finished in time")
        return answer_of(found.job, css)

    async def _page_request(self, scope: Scope, receive: Receive) -> PageRequest | Answer:
        if not _header(scope, b"content-type").startswith(b"application/json"):
            return error_answer("INVALID_REQUEST", "the body must be application/json", _WRONG_TYPE)
        try:
            body = await read_body(receive, self._largest)
        except BadBody as bad:
            return error_answer("INVALID_REQUEST", str(bad), bad.status)
        from app.web.generate_schema import Fault, read_request  # noqa: PLC0415

        request = read_request(body)
        if isinstance(request, Fault):
            return error_answer(request.code, request.message)
        view = self._shops.view(request.shop)
        if view is None:
            reason = "shop.products: none of them can be sold, and this server has no such shop"
            return error_answer("INVALID_REQUEST", reason)
        wanted = await self._web.pages.slots_for(request.options.components)
        if wanted is None:
            return error_answer("INVALID_REQUEST", "options.components: there is no such component")
        shopper = Shopper(request.shopper_id, view.shop.id, request.to_persona())
        address = _address(scope)
        return PageRequest(keyed(shopper), view, address, wanted, force=request.options.force)


def _address(scope: Scope) -> str:
    """Return the client's address where the caller says that the shopper is new."""
    client = scope.get("client")
    return client[0] if client and _header(scope, b"x-wandstore-new-shopper") == b"1" else ""


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"").lower()


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    retry = [(b"retry-after", b"5")] if answer.status == 429 else []  # noqa: PLR2004
    await send_json(scope, send, answer.payload, answer.status, retry)
