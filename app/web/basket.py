"""GET and POST /basket, a page of plain forms; GET /checkout, which leads to where it is bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from unicodedata import normalize
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from app.catalog.permalinks import Permalinks
from app.domain.basket import (
    MAX_LINES,
    MAX_QUANTITY,
    Basket,
    BasketLine,
    change,
    check,
    put,
    seen,
    unplaced,
)
from app.domain.catalog import DEMO, NONE, PERSONALISE, Shop
from app.domain.facts import ReportedEvent
from app.domain.page import Component
from app.pages.shells import ShopView
from app.rendering.checkout import checkout_address
from app.util.http_body import Body, zipped
from app.web.body import BodyReader, Rejected
from app.web.context import AppContext, ShopPage
from app.web.headers import FILE_HEADERS, Headers
from app.web.notices import BASKET_NOT_AGREED, BASKET_NOT_TAKEN, Notice
from app.web.responses import Response, send_response
from app.web.signals import SignalsEndpoint

MAX_BODY_BYTES = 4_096
_BODIES_TOGETHER = 256
MAX_FIELDS = 16
NOTES = ("full", "most", "not_sold", "moved", "quantity")
"""What the basket's page says besides, where its address asks for it."""

_PRIVATE = (b"cache-control", b"private, no-store")


class BasketPage(ShopPage):
    """GET /basket shows it, POST changes it. `counts` has what was done, or why nothing was."""

    def __init__(self, web: AppContext, signals: SignalsEndpoint) -> None:
        super().__init__(web)
        self.counts: Counter[str] = Counter()
        self._signals = signals
        self._bodies = BodyReader(MAX_BODY_BYTES, _BODIES_TOGETHER * MAX_BODY_BYTES)

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET, HEAD and POST of a shop's basket."""
        web = self._web
        if view.shop.checkout is None:
            await web.send_not_found(scope, send, view)
        elif scope["method"] == "POST":
            await self._change(scope, receive, send, view)
        else:
            items = check(web.baskets.read(scope["headers"], view.shop.basket_id), view.shop)
            note = form_fields(scope["query_string"]).get("note", "")
            html = web.renderer.basket_page(view.shop, items, note if note in NOTES else "")
            await send_response(scope, send, private_page(html, view))

    async def _change(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Do what a form asks for, and lead to the basket."""
        if not self._web.is_from_our_page(scope):
            await self._refuse(scope, send, view, 403)
            return
        consent = self._web.consent(scope, view)
        if consent == NONE:
            await self._refuse(scope, send, view, 403, notice=BASKET_NOT_AGREED)
            return
        try:
            with self._bodies.room(scope):
                form = form_fields(await self._bodies.read(receive))
        except Rejected as no:
            await self._refuse(scope, send, view, no.status)
            return
        basket = self._web.baskets.read(scope["headers"], view.shop.basket_id)
        changed, outcome, note = _changed(basket, form, view.shop)
        if outcome == "added":
            changed = await self._placed(scope, view, changed, form["product"])
        secure = scope["scheme"] == "https"
        values = self._web.baskets.cookies(
            changed, view.shop.basket_id, secure=secure, lasting=consent == PERSONALISE
        )
        if not values:
            outcome = note = "full"
        self.counts[outcome] += 1
        cookies = [(b"set-cookie", value) for value in values if changed != basket]
        await send_response(scope, send, see_other(view.urls.basket(note), cookies))
        if outcome == "added":
            items = ((form["product"], min(_quantity(form) or 1, MAX_QUANTITY)),)
            event = ReportedEvent("add_to_basket", items)
            await self._signals.note(scope, view, [event], changed)

    async def _placed(self, scope: Scope, view: ShopView, basket: Basket, product: str) -> Basket:
        """Return the basket with where a product was shown, unless that may not be followed."""
        session = self._web.session(scope, view)
        if not session.may_be_known:
            return basket
        page = await self._web.pages.shown(self._web.visit(scope, session, view))
        slots = [part.slot for part in page.components if _names(part, product)] if page else []
        if page is None or not slots:
            return basket
        return tuple(
            line._replace(slot=slots[0], page=page.id)
            if line.product == product and not line.page
            else line
            for line in basket
        )

    async def _refuse(
        self,
        scope: Scope,
        send: Send,
        view: ShopView,
        status: int,
        *,
        notice: Notice = BASKET_NOT_TAKEN,
    ) -> None:
        self.counts[f"refused_{status}"] += 1
        html = self._web.renderer.message_page(view.shop, *notice)
        await send_response(scope, send, private_page(html, view, status))


class CheckoutPage(ShopPage):
    """Leads to the checkout of a basket that is as it was seen. `counts` has how often it did."""

    def __init__(self, web: AppContext, permalinks: Permalinks, signals: SignalsEndpoint) -> None:
        super().__init__(web)
        self.counts: Counter[str] = Counter()
        self._signals = signals
        self._permalinks = permalinks

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET and HEAD of a shop's checkout."""
        web = self._web
        if view.shop.checkout is None:
            await web.send_not_found(scope, send, view)
            return
        basket = web.baskets.read(scope["headers"], view.shop.basket_id)
        if web.consent(scope, view) != PERSONALISE:
            basket = unplaced(basket)
        items = check(basket, view.shop)
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


def _changed(basket: Basket, form: Mapping[str, str], shop: Shop) -> tuple[Basket, str, str]:
    """Return the basket as a form wants it, what was done or why nothing was, and what to note."""
    place = (form.get("product", ""), form.get("variant", ""))
    product = shop.products.get(place[0])
    variant = product.form(place[1]) if product else None
    line = next((line for line in basket if line[:2] == place), None)
    if form.get("do") == "add":
        if variant is None or not shop.sells(variant):
            return basket, "not_sold", "not_sold"
        if line is None and len(basket) == MAX_LINES:
            return basket, "full", "full"
        wanted = _quantity({"quantity": "1", **form})
        added = put(basket, BasketLine(*place, wanted or 1, variant.price))
        note = _beyond(wanted + (line.quantity if line else 0)) if wanted else "quantity"
        return added, "added", note
    if line is None:
        return basket, "unknown", "" if form.get("do") == "remove" else "moved"
    quantity = 0 if form.get("do") == "remove" else _quantity(form)
    if quantity is None:
        return basket, "unreadable", "quantity"
    price = variant.price if variant else line.price
    outcome = "changed" if quantity else "removed"
    return change(basket, line, quantity, price), outcome, _beyond(quantity)


def _beyond(quantity: int) -> str:
    """Return the note on a quantity that is more than a line may have."""
    return "most" if quantity > MAX_QUANTITY else ""


def _names(part: Component, product: str) -> bool:
    """Say whether a component shows a product."""
    return any(
        product in value if isinstance(value, list | tuple) else product == value
        for value in part.config.values()
    )


def _quantity(form: Mapping[str, str]) -> int | None:
    """Return the number of a form, in the digits of any script; None where it is no quantity."""
    text = form.get("quantity", "").strip()
    return int(text) if text.isdecimal() else None


def form_fields(text: bytes) -> dict[str, str]:
    """Return the fields of a form or a query, composed (NFC); none where it is neither."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    return {name: normalize("NFC", value) for name, value in pairs}


def private_page(html: str, view: ShopView, status: int = 200) -> Response:
    """Return a page that is one shopper's and is kept nowhere."""
    kind = (b"x-wandstore-page", b"fallback")
    return Response(zipped(html.encode()), view.headers, status, [kind, _PRIVATE])


def see_other(address: str, cookies: Headers = ()) -> Response:
    """Return the way to a page after a form, which a reload does not send again."""
    headers = [(b"location", address.encode()), _PRIVATE, *cookies]
    return Response(Body(b""), FILE_HEADERS, 303, headers)
