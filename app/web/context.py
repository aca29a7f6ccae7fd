"""Which shop a request is for, and everything the handlers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from starlette.types import Scope, Send

from app.domain.catalog import Shop
from app.pages.service import PageService, Visit
from app.pages.shells import ShopView
from app.rendering.renderer import Renderer
from app.web.cookies import Session, SessionSigner
from app.web.headers import Headers
from app.web.responses import Response, send_response, zipped


class OpenShop(NamedTuple):
    """A shop with the headers its pages go out with."""

    counter: ShopView
    headers: Headers


class AppContext(NamedTuple):
    """What every handler gets."""

    storefront: PageService
    shops: Mapping[str, OpenShop]
    default: OpenShop
    renderer: Renderer
    identities: SessionSigner
    now: Callable[[], float]

    def shop_of(self, scope: Scope) -> OpenShop | None:
        """Return the shop the address names, the default one where it names none."""
        shop_id = scope.get("path_params", {}).get("shop_id")
        return self.default if shop_id is None else self.shops.get(shop_id)

    def visitor(self, scope: Scope, shop: OpenShop) -> Session:
        """Return who is visiting the shop."""
        secure = scope["scheme"] == "https"
        shop_id = shop.counter.shop.id
        return self.identities.visitor(scope["headers"], shop_id, self.now(), secure=secure)

    async def send_page(
        self, scope: Scope, send: Send, html: str, shop: OpenShop, status: int = 200
    ) -> None:
        """Send one of the catalog's own pages: nothing personal, nothing composed."""
        more = [(b"x-wandstore-page", b"fallback"), (b"cache-control", b"no-cache")]
        await send_response(
            scope, send, Response(zipped(html.encode()), shop.headers, status, more)
        )

    async def send_not_found(self, scope: Scope, send: Send, shop: OpenShop | None) -> None:
        """Send the designed page for what is not there."""
        known = shop or self.default
        html = not_found_page(self.renderer, known.counter.shop)
        await self.send_page(scope, send, html, known, 404)


def not_found_page(renderer: Renderer, shop: Shop) -> str:
    """Draw the designed page for what is not there."""
    return renderer.message_page(
        shop,
        "Not here any more",
        "What you are looking for has moved or was never here. The rest of the shop is open.",
    )


def visit_from(scope: Scope, visitor: Session, counter: ShopView) -> Visit:
    """Return a visit; the client's address is passed on only where it limits a new shopper."""
    client = scope.get("client")
    address = client[0] if client and visitor.new else ""
    return Visit(visitor.shopper_id, counter, visitor.first, address)
