"""GET /store: the shopper's kept page, or the shell at once; listings where the address asks."""

from __future__ import annotations

import time

from starlette.types import Receive, Scope, Send

from app.catalog.listing import filter_products, read_request
from app.pages.cache import CachedPage
from app.pages.service import Shell
from app.web.context import AppContext, OpenShop, visit_from
from app.web.cookies import ANONYMOUS, Session
from app.web.crawlers import is_crawler
from app.web.headers import Headers
from app.web.responses import Body, Response, send_response, zipped

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
        shop = web.shop_of(scope)
        if shop is None:
            await web.send_not_found(scope, send, None)
        elif scope["query_string"] and (asked := read_request(scope["query_string"])):
            listing = filter_products(shop.counter.shop, asked)
            await web.send_page(
                scope, send, web.renderer.listing_page(shop.counter.shop, listing), shop
            )
        else:
            visitor = web.visitor(scope, shop)
            found = await self._found(scope, shop, visitor)
            reply = _reply(found, shop)
            _say_how(reply.more, visitor if _is_theirs(found) else ANONYMOUS, began)
            await send_response(scope, send, reply)

    async def _found(self, scope: Scope, shop: OpenShop, visitor: Session) -> CachedPage | Shell:
        storefront, counter = self._web.storefront, shop.counter
        if not visitor.first:
            page = storefront.cached_page(visitor.shopper_id, counter)
            if page is not None:
                return page
        looks_only = visitor.first and scope["method"] == "HEAD"
        if looks_only or is_crawler(scope["headers"]):
            return storefront.catalog_page(counter)
        return await storefront.visit(visit_from(scope, visitor, counter))


def _is_theirs(found: CachedPage | Shell) -> bool:
    """Whether a page is for a shopper, who is to be known again."""
    return isinstance(found, CachedPage) or not found.anonymous


def _reply(found: CachedPage | Shell, shop: OpenShop) -> Response:
    if isinstance(found, CachedPage):
        how = b"redrawn" if found.redrawn else b"kept"
        body = Body(found.body, found.zipped, found.etag)
        return Response(body, shop.headers, more=[(b"x-wandstore-page", how), _PRIVATE])
    more = [(b"x-wandstore-page", b"fallback" if found.final else b"shell"), _NEVER_STORED]
    return Response(zipped(found.body), shop.headers, more=more)


def _say_how(more: Headers, visitor: Session, began: float) -> None:
    how = more[0][1]
    spent = (time.perf_counter() - began) * 1000
    more.append((b"server-timing", b"%s;dur=%.2f" % (how, spent)))
    if visitor.set_cookie is not None:
        more.append((b"set-cookie", visitor.set_cookie))
