"""POST /signals: what a shopper did, sent by the page when it is left."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from app.domain.basket import Basket, origins
from app.domain.facts import BASKET_KINDS, CHECKOUT, ReportedEvent, day_of
from app.domain.network import rate_limit_key
from app.domain.page import Refusal
from app.pages.arms import Arms
from app.pages.service import Visit
from app.pages.shells import ShopView
from app.personas.learner import PersonaLearner, TooBusy
from app.personas.views import ViewRow, to_rows
from app.storage.db.repository import ShopRepository
from app.storage.db.rows import PageViews, Visited, stamp
from app.storage.errors import StorageError
from app.storage.rates import SharedLimiter
from app.util.http_body import Body
from app.util.rate_limit import Rate
from app.util.warm_up import WarmUp
from app.web.body import BodyReader, Rejected
from app.web.context import AppContext
from app.web.headers import FILE_HEADERS
from app.web.responses import NO_STORE, Response, send_json, send_response

if TYPE_CHECKING:
    from app.storage.redis_rates import RedisRates

MAX_BODY_BYTES = 8192
_BODIES_TOGETHER = 500

SHOPPER_RATE = Rate(burst=30, seconds=2.0)
ADDRESS_RATE = Rate(burst=240, seconds=0.25)


class SignalsEndpoint:
    """Takes beacons. `counts` has how many were taken, and why others were not."""

    def __init__(
        self,
        web: AppContext,
        learner: PersonaLearner,
        views: ShopRepository,
        arms: Arms,
        warm_up: WarmUp,
        rates: RedisRates | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._web = web
        self._learner = learner
        self._views = views
        self._arms = arms
        self._warm_up = warm_up
        self._bodies = BodyReader(MAX_BODY_BYTES, _BODIES_TOGETHER * MAX_BODY_BYTES)
        self._shoppers = SharedLimiter("signals", SHOPPER_RATE, time.monotonic, rates)
        self._addresses = SharedLimiter("signals-from", ADDRESS_RATE, time.monotonic, rates)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer POST with 204, or with JSON that says what is wrong."""
        headers = dict(scope["headers"])
        try:
            visit = await self._visit(scope, headers)
            if not visit.client.recorded:
                self.counts["not_wanted"] += 1
            else:
                await self._take(visit, scope, receive)
                self.counts["taken"] += 1
        except Rejected as no:
            self.counts[no.code.lower()] += 1
            await _send_rejection(scope, send, no)
            return
        await send_response(scope, send, Response(Body(b""), FILE_HEADERS, 204, [NO_STORE]))

    async def _visit(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Visit:
        """Return who tells; refuse those who may not, before anything they send is read."""
        address = (scope.get("client") or ("unknown",))[0]
        await self._limit(self._addresses, rate_limit_key(address))
        if not self._web.is_from_our_page(scope):
            raise Rejected(403, "CROSS_ORIGIN", "only a page of this shop may tell")
        if headers.get(b"content-type", b"").split(b";")[0].strip() != b"application/json":
            raise Rejected(415, "NOT_JSON", "the content type must be application/json")
        view = self._web.shop_of(scope)
        if view is None:
            raise Rejected(404, "UNKNOWN_SHOP", "there is no such shop")
        session = self._web.session(scope, view)
        if session.first:
            raise Rejected(401, "UNKNOWN_SHOPPER", "there is no valid cookie")
        await self._limit(self._shoppers, session.shopper_id)
        return self._web.visit(scope, session, view)

    async def _limit(self, limiter: SharedLimiter, name: str) -> None:
        if wait := await limiter.acquire(name):
            raise Rejected(429, "RATE_LIMITED", "too many signals", wait=wait)

    async def note(
        self, scope: Scope, view: ShopView, events: Sequence[ReportedEvent], basket: Basket
    ) -> None:
        """Note what the server itself saw a shopper do, as if their page had told it.

        `basket` is theirs as it is now.
        """
        await self._note(scope, view, lambda visit: self._learn(visit, events, basket))

    async def note_checkout(self, scope: Scope, view: ShopView) -> None:
        """Count that a shopper went on to the checkout."""
        begun = [(CHECKOUT, "", "", 0, 1, 0)]
        await self._note(scope, view, lambda it: self._add_views(begun, it, saw_page=False))

    async def _note(
        self, scope: Scope, view: ShopView, act: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """Do something for who is visiting, within their rate; what cannot be done is counted."""
        session = self._web.session(scope, view)
        if not session.may_be_known:
            self.counts["not_wanted"] += 1
            return
        try:
            await self._limit(self._shoppers, session.shopper_id)
            await act(self._web.visit(scope, session, view))
            self.counts["taken"] += 1
        except Rejected as no:
            self.counts[no.code.lower()] += 1

    async def _take(self, visit: Visit, scope: Scope, receive: Receive) -> None:
        """Note what a beacon reports."""
        await self._warm_up.wait()
        from app.web.signals_schema import read_beacon  # noqa: PLC0415 - loaded when first needed

        with self._bodies.room(scope):
            events = read_beacon(await self._bodies.read(receive))
        seen = [event for event in events if event.slot]
        deeds = [event for event in events if not event.slot]
        counted = bool(seen) and await self._count(seen, visit)
        basket: Basket = ()
        if any(event.kind in BASKET_KINDS for event in deeds):
            basket = self._web.baskets.read(scope["headers"], visit.view.shop.basket_id)
        if deeds or not counted:
            await self._learn(visit, deeds, basket, counted=counted)

    async def _learn(
        self,
        visit: Visit,
        events: Sequence[ReportedEvent],
        basket: Basket,
        *,
        counted: bool = False,
    ) -> None:
        """Note what a shopper did; where it changes the persona, prepare the next page.

        Refuse what the shop has nothing of, unless something else of the report `counted`.
        """
        try:
            shop = visit.view.shop
            learned = await self._learner.learn(visit.shopper_id, shop, events, origins(basket))
        except TooBusy as busy:
            raise Rejected(429, "RATE_LIMITED", "too many signals just now", wait=5) from busy
        except StorageError as error:
            raise Rejected(503, "NOT_STORED", "this could not be noted", wait=5) from error
        if isinstance(learned, Refusal) and counted:
            return
        if isinstance(learned, Refusal):
            raise Rejected(400, learned.code, "the shop has nothing of that name", "events")
        persona, may_compose = learned
        outcome = await self._web.pages.prefetch(visit, persona, may_compose=may_compose)
        self.counts[f"page_{outcome}"] += 1

    async def _count(self, events: Sequence[ReportedEvent], visit: Visit) -> bool:
        """Count what was seen of the store page; say whether the shop knows any of it."""
        by_slot = self._web.site.current.content.library.by_slot
        rows = to_rows(events, visit.view.shop, by_slot)
        if rows:
            await self._add_views(rows, visit)
        return bool(rows)

    async def _add_views(
        self, rows: Sequence[ViewRow], visit: Visit, *, saw_page: bool = True
    ) -> None:
        known = await self._web.pages.shopper(visit)
        now = self._web.now()
        decision = await self._web.pages.decision(known, visit.view)
        day, persona_type = day_of(now), known.shopper.persona.type
        seen = PageViews(day, known.arm.key, persona_type, decision, rows)
        exposures = self._arms.experiments.exposures(visit.shopper_id, known.arm, now)
        visited = Visited(visit.shopper_id, visit.view.shop.id, stamp(now))
        try:
            await self._views.add_views(visited, seen, exposures if saw_page else ())
        except StorageError as error:
            raise Rejected(503, "NOT_STORED", "this could not be noted", wait=5) from error
        self.counts["views"] += 1


async def _send_rejection(scope: Scope, send: Send, no: Rejected) -> None:
    error: dict[str, object] = {
        "code": no.code,
        "message": str(no),
        "retryable": no.status in (429, 503),
    }
    if no.field:
        error["field"] = no.field
    after = [(b"retry-after", b"%d" % math.ceil(no.wait))] if no.wait else []
    await send_json(scope, send, {"error": error}, no.status, after)
