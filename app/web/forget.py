"""GET /forget: what is known of a shopper. POST has all of it erased, and ends the cookies."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial

from starlette.types import Receive, Scope, Send

from app.domain.persona import Shopper
from app.pages.shells import ShopView
from app.storage.errors import StorageError
from app.storage.shoppers import ShopperData
from app.web.basket import form_fields, private_page, see_other
from app.web.basket_cookie import BASKET
from app.web.context import AppContext, ShopPage
from app.web.cookies import ENDED, cookie_names, set_cookie
from app.web.notices import FAILED, FORGET, FORGOTTEN
from app.web.responses import send_response

log = logging.getLogger("wandstore.shoppers")


class ForgetPage(ShopPage):
    """Erases whoever the cookie says it is. `counts` has what was done, or why nothing was."""

    def __init__(self, web: AppContext, data: ShopperData) -> None:
        super().__init__(web)
        self.counts: Counter[str] = Counter()
        self._data = data

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET, HEAD and POST."""
        if scope["method"] == "POST":
            await self._forget(scope, send, view)
        else:
            done = "done" in form_fields(scope["query_string"])
            notice, web = FORGOTTEN if done else FORGET, self._web
            draw = partial(web.renderer.message_page, view.shop, *notice)
            await web.send_catalog_page(scope, send, view, ("forget", done), draw)

    async def _forget(self, scope: Scope, send: Send, view: ShopView) -> None:
        web, shop = self._web, view.shop
        if not web.is_from_our_page(scope):
            self.counts["refused"] += 1
            await web.send_notice(scope, send, view, FORGET, 403)
            return
        known = web.sessions.known(scope["headers"], shop.id, web.now())
        try:
            if known is not None:
                await web.pages.forget(known[0])
                unrecorded = web.pages.shoppers.keyed(Shopper(known[0], shop.id))
                await self._data.erase(known[0], unrecorded.page_key)
        except StorageError as error:
            self.counts["failed"] += 1
            log.warning({"event": "not_forgotten", "reason": str(error)})
            html = web.renderer.message_page(shop, *FAILED)
            await send_response(scope, send, private_page(html, view, 503))
            return
        self.counts["forgotten" if known else "unknown"] += 1
        ended = [
            (b"set-cookie", set_cookie(names, ENDED, secure=secure))
            for names in (cookie_names(shop.id), cookie_names(shop.basket_id, BASKET))
            for secure in (True, False)
        ]
        await send_response(scope, send, see_other(view.urls.forget(done=True), ended))
