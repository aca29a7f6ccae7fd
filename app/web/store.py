"""GET /store: the shopper's kept page, or the shell at once; listings where the address asks."""

from __future__ import annotations

import time

from starlette.types import Receive, Scope, Send

from app.catalog.listing import filter_products, read_request
from app.pages.cache import CachedPage
from app.pages.service import Shell
from app.pages.shells import ShopView
from app.util.http_body import Body, zipped
from app.web.context import AppContext, visit_from
from app.web.cookies import ANONYMOUS, Session
from app.web.crawlers import is_crawler, is_prefetch
from app.web.responses import Response, send_response

_PRIVATE = (b"cache-control", b"private, no-cache")
_NEVER_STORED = (b"cache-control", b"private, no-store")


class StorePage:
    """The page the whole system is there for."""

    def __init__(self, web: AppContext) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD of a shop's store page."""
        began = time.perf_counter()
        web = self._web
        view = web.shop_of(scope)
        if view is None:
            await web.send_not_found(scope, send, None)
        elif scope["query_string"] and (query := read_request(scope["query_string"])):
            listing = filter_products(view.shop, query, view.search)
            await web.send_page(scope, send, web.renderer.listing_page(view.shop, listing), view)
        else:
            session = web.session(scope, view)
            page = await self._page(scope, view, session)
            visitor = session if _is_personal(page) else ANONYMOUS
            await send_response(scope, send, _response(page, view, visitor, began))

    async def _page(self, scope: Scope, view: ShopView, session: Session) -> CachedPage | Shell:
        pages = self._web.pages
        if not session.first:
            page = pages.cached_page(session.shopper_id, view)
            if page is not None:
                return page
        only_looks = scope["method"] == "HEAD" or is_prefetch(scope["headers"])
        if (session.first and only_looks) or is_crawler(scope["headers"]):
            return pages.catalog_page(view)
        return await pages.visit(visit_from(scope, session, view), may_compose=not only_looks)


def _is_personal(page: CachedPage | Shell) -> bool:
    """Whether a page is for a shopper, who is to be known again."""
    return isinstance(page, CachedPage) or not page.anonymous


def _response(page: CachedPage | Shell, view: ShopView, visitor: Session, began: float) -> Response:
    """Return the page with the headers that say how it came about."""
    if isinstance(page, CachedPage):
        kind = b"redrawn" if page.redrawn else b"kept"
        body, caching = Body(page.body, page.zipped, page.etag), _PRIVATE
    else:
        kind = b"fallback" if page.final else b"shell"
        body, caching = zipped(page.body), _NEVER_STORED
    milliseconds = (time.perf_counter() - began) * 1000
    timing = (b"server-timing", b"%s;dur=%.2f" % (kind, milliseconds))
    extra_headers = [(b"x-wandstore-page", kind), caching, timing]
    if visitor.set_cookie is not None:
        extra_headers.append((b"set-cookie", visitor.set_cookie))
    return Response(body, view.headers, extra_headers=extra_headers)
