"""POST /generate: a page for the Worker, composed or joined, as one JSON answer or as its events.

Whoever may call this may read any shopper's page: it is for the Worker, which has checked whom it
asks for. Where the Worker's credential is configured, nobody else gets here; where it is not, only
who calls from this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from app.domain.llm import TokensUsed
from app.domain.network import Client
from app.domain.page import StoredPage
from app.domain.persona import Shopper
from app.generation.job import PageJob
from app.metrics.tracing import TRACEPARENT
from app.pages.jobs import AtCapacity, PageRequest, RunningJob
from app.pages.shells import ShopView
from app.web.body import BodyReader, Rejected
from app.web.context import AppContext
from app.web.inline_shops import InlineShops
from app.web.local_caller import is_local
from app.web.responses import send_json
from app.web.same_origin import wants_no_tracking
from app.web.stream import last_event_id, send_events

_INVALID = "INVALID_REQUEST"
_OTHERS = ("INVALID_PERSONA", "FORBIDDEN", "RATE_LIMITED")
"""Codes of requests that are not taken; all else that is wrong with one makes it invalid."""

_BODIES_TOGETHER = 4
"""So many bodies of the largest size may be read and checked at once."""

_LARGE = 64 * 1024
"""Bytes of a body from which it is checked in a thread: others would wait."""


STATUSES: Mapping[str, tuple[int, bool]] = {
    "INVALID_PERSONA": (400, False),
    "INVALID_REQUEST": (400, False),
    "FORBIDDEN": (403, False),
    "RATE_LIMITED": (429, True),
    "GENERATION_FAILED": (500, True),
    "KV_WRITE_FAILED": (500, True),
    "CONTAINER_ERROR": (500, True),
    "MODEL_UNAVAILABLE": (503, True),
    "TIMEOUT": (504, True),
}
"""Status and `retryable` of each code (platform contract; the second and third are ours)."""

_MESSAGES = {
    "RATE_LIMITED": "what models may cost this hour has been spent",
    "GENERATION_FAILED": "nothing that was written could be shown",
    "KV_WRITE_FAILED": "the page could not be kept",
    "CONTAINER_ERROR": "the page was broken off",
    "MODEL_UNAVAILABLE": "no model answered",
    "TIMEOUT": "nothing could be shown in time",
}
_OUR_CODES = {
    "BUDGET_SPENT": "RATE_LIMITED",
    "ADDRESS_LIMIT": "RATE_LIMITED",
    "BUDGET_UNREACHABLE": "MODEL_UNAVAILABLE",
    "LEASE_LOST": "MODEL_UNAVAILABLE",
}


class Answer(NamedTuple):
    """A status and what is sent with it."""

    status: int
    payload: Mapping[str, object]


class Generate:
    """Answers once the page has ended, or with its events as they happen.

    A body may have `largest` bytes; `patience` is in seconds.
    """

    def __init__(
        self,
        web: AppContext,
        shops: InlineShops,
        largest: int,
        patience: float,
        *,
        local_only: bool,
    ) -> None:
        self._web = web
        self._shops = shops
        self._bodies = BodyReader(largest, _BODIES_TOGETHER * largest)
        self._patience = patience
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST with JSON or, where that is accepted, with an event stream."""
        TRACEPARENT.set(_header(scope, b"traceparent").decode("latin-1"))
        try:
            request = await self._page_request(scope, receive)
        except Rejected as no:
            code = no.code if no.code in _OTHERS else _INVALID
            await _send(scope, send, error_answer(code, str(no), no.status))
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
            degraded = self._web.pages.cache.is_degraded(found.model)
            return kept_answer(found, tuple(view.fallbacks), css, degraded=degraded)
        done, _ = await asyncio.wait({found.task}, timeout=self._patience)
        if not done:
            return error_answer("TIMEOUT", "the page was not finished in time")
        return answer_of(found.job, css)

    async def _page_request(self, scope: Scope, receive: Receive) -> PageRequest:
        """Return what is to be composed, for whom and of what.

        Raises:
            Rejected: the caller may not ask, or asks for what cannot be.
        """
        if self._local_only and not is_local(scope):
            raise Rejected(403, "FORBIDDEN", "without WORKER_SECRET, only this machine may call")
        if not _header(scope, b"content-type").startswith(b"application/json"):
            raise Rejected(415, _INVALID, "the body must be application/json")
        with self._bodies.room(scope):
            return await self._checked(await self._bodies.read(receive), scope)

    async def _checked(self, body: bytes, scope: Scope) -> PageRequest:
        from app.web.generate_schema import read_request  # noqa: PLC0415

        if len(body) < _LARGE:
            request = read_request(body)
        else:
            request = await asyncio.to_thread(read_request, body)
        view = await self._shops.view(request.shop)
        if view is None:
            reason = "shop.products: none of them can be sold, and this server has no such shop"
            raise Rejected(400, _INVALID, reason)
        wanted = await self._web.pages.slots_for(request.options.components)
        if wanted is None:
            raise Rejected(400, _INVALID, "options.components: there is no such component")
        shopper = Shopper(request.shopper_id, view.shop.id, request.to_persona())
        known = self._web.pages.shoppers.keyed(shopper)
        return PageRequest(known, view, _client(scope), wanted, force=request.options.force)


def _client(scope: Scope) -> Client:
    """Return for whom a page is, by what the caller says of its own client, if anything."""
    new = _header(scope, b"x-wandstore-new-shopper") == b"1"
    named = new or _header(scope, b"cf-connecting-ip")
    address = (scope.get("client") or ("",))[0] if named else ""
    return Client(address, new, recorded=not wants_no_tracking(scope["headers"]))


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"").lower()


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    retry = [(b"retry-after", b"5")] if answer.status == 429 else []  # noqa: PLR2004
    await send_json(scope, send, answer.payload, answer.status, retry)


def answer_of(page: PageJob, css: str | None) -> Answer:
    """Return the answer for a page that has ended."""
    if page.stored is None:
        code = _OUR_CODES.get(page.failed, page.failed)
        code = code if code in STATUSES else "CONTAINER_ERROR"
        return error_answer(code, _MESSAGES.get(code, code))
    failure = ""
    if page.trace.status == "degraded":  # where no call failed, what was written was not shown
        failure = page.failures[-1] if page.failures else "GENERATION_FAILED"
    return _page_answer(page.stored, css, page.trace.tokens, _shortfall(page.unfilled, failure))


def kept_answer(
    kept: StoredPage, slots: Sequence[str], css: str | None, *, degraded: bool
) -> Answer:
    """Return the answer for a page that was finished before; it costs nothing now."""
    filled = {item.slot for item in kept.components}
    missing = [slot for slot in slots if slot not in filled]
    failure = "MODEL_UNAVAILABLE" if degraded else ""
    return _page_answer(kept, css, TokensUsed(), _shortfall(missing, failure))


def error_answer(code: str, message: str, status: int | None = None) -> Answer:
    """Return the answer where there is no page."""
    usual, retryable = STATUSES[code]
    error = {"code": code, "message": message, "retryable": retryable}
    return Answer(status or usual, {"status": "error", "error": error})


def _shortfall(missing: Sequence[str], failure: str) -> Mapping[str, object]:
    """Return what a page lacks: parts, or a model that wrote it; nothing where it is a success."""
    if missing:
        message = f"these slots kept their fallback: {', '.join(missing)}"
        return {"code": "COMPONENT_TIMEOUT", "message": message, "retryable": True}
    if failure:
        code = _OUR_CODES.get(failure, failure)
        code = code if code in _MESSAGES else "MODEL_UNAVAILABLE"
        message = f"the house composed in want of a model: {_MESSAGES[code]}"
        return {"code": code, "message": message, "retryable": True}
    return {}


def _page_answer(
    kept: StoredPage, css: str | None, tokens: TokensUsed, shortfall: Mapping[str, object]
) -> Answer:
    ui: dict[str, object] = {
        "html": kept.html,
        "components": [item.as_json() for item in kept.components],
        "persona_hash": kept.persona_hash,
    }
    if css:
        ui["css"] = css
    used = {"prompt": tokens.prompt, "completion": tokens.completion, "total": tokens.total}
    meta = {
        "generation_time_ms": kept.generation_time_ms,
        "model": kept.model,
        "tokens_used": used,
        "generated_at": kept.generated_at,
    }
    if shortfall:
        return Answer(200, {"status": "partial", "ui": ui, "meta": meta, "error": shortfall})
    return Answer(200, {"status": "success", "ui": ui, "meta": meta})
