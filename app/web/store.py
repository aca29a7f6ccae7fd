"""GET /store: the shopper's kept page, or the shell at once; listings where the address asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from starlette.types import Receive, Scope, Send

from app.catalog.listing import Listing, ListingQuery, filter_products, read_request
from app.domain.catalog import NONE
from app.domain.experiments import PLAIN
from app.pages.cache import CachedPage
from app.pages.service import Shell
from app.pages.shells import ShopView
from app.util.http_body import Answer, Body, zipped
from app.web.context import ShopPage
from app.web.cookies import Session
from app.web.crawlers import is_crawler, is_prefetch, is_subresource
from app.web.markdown import wants_markdown
from app.web.responses import Response, answer, send_response

_PRIVATE = (b"cache-control", b"private, no-cache")
"""Not `no-store`, which browsers take to forbid their back/forward cache as well."""


_QUICKLY = 3
"""How hard a shell is compressed, for each visit anew: a little less for half of the time."""


class StorePage(ShopPage):
    """The page the whole system is there for."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET and HEAD of a shop's store page."""
        began, web = time.perf_counter(), self._web
        if scope["query_string"] and (query := read_request(scope["query_string"])):
            listing = partial(_listing, view, query)
            draw = partial(listing, partial(web.renderer.listing_page, view.shop))
            markdown = partial(listing, web.renderer.markdown(view.shop).listing)
            await web.send_catalog_page(scope, send, view, query, draw, as_markdown=markdown)
        elif wants_markdown(scope):
            shop = web.renderer.markdown(view.shop).shop
            await web.send_catalog_page(scope, send, view, "store", shop, as_markdown=shop)
        else:
            session = web.session(scope, view)
            page = self._held(scope, view, session) or await self._page(scope, view, session)
            response = self._response(scope, view, session, page, began)
            await send_response(scope, send, response)

    def at_once(self, scope: Scope) -> Answer | None:
        """Return the answer where that is a kept page in memory."""
        began = time.perf_counter()
        view = self._web.shop_of(scope)
        if view is None or scope["query_string"] or wants_markdown(scope):
            return None
        session = self._web.session(scope, view)
        page = self._held(scope, view, session)
        if page is None:
            return None
        return answer(scope, self._response(scope, view, session, page, began))

    def _held(self, scope: Scope, view: ShopView, session: Session) -> CachedPage | None:
        """Return the shopper's page where that is in memory."""
        if not session.may_be_known or is_subresource(scope["headers"]):
            return None
        return self._web.pages.cached_page(session.shopper_id, view)

    async def _page(self, scope: Scope, view: ShopView, session: Session) -> CachedPage | Shell:
        pages, headers = self._web.pages, scope["headers"]
        if session.consent == NONE or is_subresource(headers):
            return pages.catalog_page(view)
        if is_crawler(headers) or (session.first and scope["method"] == "HEAD"):
            return pages.catalog_page(view)
        visit = self._web.visit(scope, session, view)
        return await (pages.preview(visit) if _only_looks(scope) else pages.visit(visit))

    def _response(
        self,
        scope: Scope,
        view: ShopView,
        session: Session,
        page: CachedPage | Shell,
        began: float,
    ) -> Response:
        """Count the visit, and return the page with the headers that say how it came about."""
        if isinstance(page, CachedPage):
            kind = "redrawn" if page.redrawn else "kept"
            outcome = "whole" if page.shared else kind
            body, anonymous = Body(page.form.body, page.form.zipped, page.etag), False
        else:
            kind = "fallback" if page.final else "shell"
            outcome = PLAIN if page.plain else kind
            body, anonymous = zipped(page.body, _QUICKLY), page.anonymous
        name, milliseconds = kind.encode(), (time.perf_counter() - began) * 1000
        timing = (b"server-timing", b"%s;dur=%.2f" % (name, milliseconds))
        headers = [(b"x-wandstore-page", name), _PRIVATE, (b"vary", b"accept"), timing]
        if not (anonymous or _only_looks(scope)):
            self._web.metrics.visits.add(outcome)
            if session.set_cookie is not None:
                headers.append((b"set-cookie", session.set_cookie))
        return Response(body, view.headers, extra_headers=headers)


async def _listing(view: ShopView, query: ListingQuery, draw: Callable[[Listing], str]) -> str:
    find = partial(filter_products, view.shop, query)
    return draw(await asyncio.to_thread(find))


class CategoriesPage(ShopPage):
    """GET /categories: the way to everything, where there are too many for the other pages."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET and HEAD of a shop's page of all categories."""
        web, shop = self._web, view.shop
        draw, markdown = (
            partial(web.renderer.categories_page, shop),
            web.renderer.markdown(shop).shop,
        )
        await web.send_catalog_page(scope, send, view, "categories", draw, as_markdown=markdown)


def _only_looks(scope: Scope) -> bool:
    """Say whether nobody may come of it: a HEAD, or a browser that asks ahead of its shopper."""
    return scope["method"] == "HEAD" or is_prefetch(scope["headers"])
