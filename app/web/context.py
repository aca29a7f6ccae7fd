"""What all handlers share: which shop a request is for, who sends it, and the pages."""

from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from app.domain.catalog import PERSONALISE
from app.domain.network import Client
from app.metrics.registry import Metrics
from app.pages.service import PageService, Visit
from app.pages.shells import ShopView
from app.pages.site import LiveSite
from app.rendering.renderer import Renderer
from app.util.http_body import BodyCache, zipped
from app.web.basket_cookie import BasketSigner
from app.web.consent import consent_of
from app.web.cookies import Session, SessionSigner
from app.web.local_caller import ProxyCheck
from app.web.markdown import MARKDOWN_HEADERS, wants_markdown
from app.web.notices import NOT_FOUND, Notice
from app.web.responses import Response, send_response
from app.web.same_origin import from_our_page

Draw = Callable[[], str | Awaitable[str]]

CATALOG_MEMORY = 4 * 1024 * 1024
"""Bytes of listings and products' pages held ready."""

_CATALOG_PAGE = [
    (b"x-wandstore-page", b"fallback"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept"),
]


class AppContext(NamedTuple):
    """What every handler gets."""

    site: LiveSite
    pages: PageService
    sessions: SessionSigner
    now: Callable[[], float]
    heartbeat: float
    catalog_pages: BodyCache
    metrics: Metrics
    proxy: ProxyCheck

    @property
    def baskets(self) -> BasketSigner:
        """Who signs baskets: with the secrets of the sessions."""
        return BasketSigner(*self.sessions)

    @property
    def renderer(self) -> Renderer:
        """The renderer of the site as it is now."""
        return self.site.current.renderer

    def is_from_our_page(self, scope: Scope) -> bool:
        """Say whether a page of ours sent a request."""
        return from_our_page(dict(scope["headers"]), self.site.current.content.public_url)

    def shop_of(self, scope: Scope) -> ShopView | None:
        """Return the shop the address names, the default one where it names none."""
        return self.site.shop(scope.get("path_params", {}).get("shop_id"))

    def session(self, scope: Scope, view: ShopView) -> Session:
        """Return who is visiting the shop."""
        headers, secure = scope["headers"], scope["scheme"] == "https"
        consent = self.consent(scope, view)
        return self.sessions.session(
            headers, view.shop.id, self.now(), secure=secure, consent=consent
        )

    def consent(self, scope: Scope, view: ShopView) -> str:
        """Return what may be kept of who is visiting the shop."""
        return consent_of(scope["headers"], view.shop.consent)

    def visit(self, scope: Scope, session: Session, view: ShopView) -> Visit:
        """Return a visit; whose address it has is looked at as well."""
        self.proxy.look(scope)
        address = (scope.get("client") or ("",))[0]
        client = Client(address, session.new, recorded=session.consent == PERSONALISE)
        return Visit(session.shopper_id, view, session.first, client)

    async def send_notice(
        self, scope: Scope, send: Send, view: ShopView, notice: Notice, status: int
    ) -> None:
        """Send a page that says what is missing or failed: nothing personal, nothing composed."""
        html = self.renderer.message_page(view.shop, *notice)
        response = Response(zipped(html.encode()), view.headers, status, _CATALOG_PAGE)
        await send_response(scope, send, response)

    async def send_catalog_page(
        self,
        scope: Scope,
        send: Send,
        view: ShopView,
        what: Hashable,
        draw: Draw,
        *,
        as_markdown: Draw | None = None,
    ) -> None:
        """Send a page of the catalog that is drawn once, for as long as its content stays.

        `what` tells it apart from all others of the shop. Who would have Markdown gets it, where
        the page can be drawn as that.
        """
        headers = view.headers
        if as_markdown is not None and wants_markdown(scope):
            draw, what, headers = as_markdown, ("markdown", what), MARKDOWN_HEADERS
        key = (view.shop.id, view.edition, what)
        body = self.catalog_pages.get(key)
        if body is None:
            text = draw()
            text = text if isinstance(text, str) else await text
            body = self.catalog_pages.put(key, text.encode())
        await send_response(scope, send, Response(body, headers, 200, _CATALOG_PAGE))

    async def send_not_found(self, scope: Scope, send: Send, view: ShopView | None) -> None:
        """Send the designed page for what is not there."""
        await self.send_notice(scope, send, view or self.site.current.default, NOT_FOUND, 404)


class ShopPage:
    """A page of whichever shop the address names; the page for what is not there without one."""

    def __init__(self, web: AppContext) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the page."""
        view = self._web.shop_of(scope)
        if view is None:
            await self._web.send_not_found(scope, send, None)
        else:
            await self.answer(scope, receive, send, view)

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer with the page of a shop."""
        raise NotImplementedError
