"""GET /checkout: leads to where a basket is bought, as long as it is the one that was seen."""

from __future__ import annotations

from collections import Counter

from starlette.types import Receive, Scope, Send

from app.catalog.permalinks import Permalinks
from app.domain.basket import check, seen
from app.domain.catalog import DEMO
from app.rendering.checkout import checkout_address
from app.web.basket import form_fields, private_page, see_other
from app.web.basket_cookie import BasketSigner
from app.web.context import AppContext
from app.web.responses import send_response
from app.web.signals import SignalsEndpoint


class CheckoutPage:
    """The way from the basket to the checkout. `counts` has how often it was taken."""

    def __init__(
        self,
        web: AppContext,
        signer: BasketSigner,
        permalinks: Permalinks,
        signals: SignalsEndpoint,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._signals = signals
        self._web = web
        self._signer = signer
        self._permalinks = permalinks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD of a shop's checkout."""
        web, view = self._web, self._web.shop_of(scope)
        if view is None or view.shop.checkout is None:
            await web.send_not_found(scope, send, view)
            return
        items = check(self._signer.read(scope["headers"], view.shop.id), view.shop)
        bought = [item for item in items if item.quantity]
        if not bought or form_fields(scope["query_string"]).get("seen") != seen(items):
            self.counts["moved"] += 1
            await send_response(scope, send, see_other(view.urls.basket("moved")))
            return
        self.counts["begun"] += 1
        if view.shop.checkout.kind == DEMO:
            html = web.renderer.demo_checkout_page(view.shop, bought)
            await send_response(scope, send, private_page(html, view))
        else:
            endpoint = self._permalinks.endpoint(view.shop.checkout)
            address = checkout_address(view.shop.checkout, bought, endpoint)
            await send_response(scope, send, see_other(address))
        if scope["method"] == "GET":
            await self._signals.note_checkout(scope, view)
