"""Composes pages ahead of time for rules or arms of experiments that will hold soon."""

from __future__ import annotations

import asyncio
from collections import Counter
from math import inf

from app.domain.experiments import PLAIN
from app.pages.arms import Arms
from app.pages.cache import shared_key
from app.pages.service import PageService
from app.pages.shells import ShopView, steered_view
from app.pages.site import LiveSite
from app.personas.cache import KnownShopper, keyed
from app.storage.db.repository import ShopRepository
from app.storage.errors import StorageError

LEAD = 600
"""Seconds before a change at which it begins."""

_LOOKS_EVERY = 30.0
_MOST_PAGES = 20
"""Of one shop at one change."""


class ComposeAhead:
    """Has the pages ready for a change that most shoppers of late would get then.

    They are pages of kinds of shoppers: one that regards a single shopper is drawn again. Each is
    asked for once. `counts` says how many were composed, failed, were kept already, or were left
    for a later look since visitors need the capacity or the budget is spent.
    """

    def __init__(
        self, site: LiveSite, pages: PageService, arms: Arms, shoppers: ShopRepository
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._site = site
        self._pages = pages
        self._arms = arms
        self._shoppers = shoppers
        self._asked_for: dict[str, tuple[float, set[str]]] = {}

    async def run(self) -> None:
        """Look every so often whether anything changes soon, for ever."""
        while True:
            await asyncio.sleep(_LOOKS_EVERY)
            for shop_id in self._site.current.shops:
                await self.prepare(shop_id)

    async def prepare(self, shop_id: str) -> None:
        """Compose for the next change in a shop if that is near; go on later where it must wait."""
        view, now = self._site.shop(shop_id), self._site.now()
        if view is None:
            return
        moment = min(view.valid_until or inf, self._arms.experiments.next_change(now))
        if moment > now + LEAD:
            return
        try:
            wanted = await self._wanted(view, now, moment)
        except StorageError:
            self.counts["unread"] += 1
            return
        if moment == view.valid_until:
            site = self._site.current
            view = await asyncio.to_thread(steered_view, view, site.content, site.renderer, moment)
        if self._asked_for.get(shop_id, (0,))[0] != moment:
            self._asked_for[shop_id] = (moment, set())
        _, asked_for = self._asked_for[shop_id]
        for known in wanted:
            if known.page_key in asked_for or len(asked_for) == _MOST_PAGES:
                continue
            outcome = await self._pages.compose_ahead(known, view)
            self.counts[outcome] += 1
            if outcome == "left":
                return
            asked_for.add(known.page_key)

    async def _wanted(self, view: ShopView, now: float, moment: float) -> list[KnownShopper]:
        """Return a shopper of each kind whose page changes at a moment, the most common first.

        Their page key is that of all of the kind.
        """
        steered = moment == view.valid_until
        kinds: dict[str, list[KnownShopper]] = {}
        for shopper in await self._shoppers.latest_shoppers(view.shop.id):
            known = keyed(shopper, self._arms.at(shopper, moment))
            changes = steered or known.arm != self._arms.at(shopper, now)
            kind = known.key.persona_hash
            if changes and known.arm.page != PLAIN and self._pages.cache.is_shared(kind):
                kinds.setdefault(kind, []).append(known)
        most_common = sorted(kinds.values(), key=len, reverse=True)[:_MOST_PAGES]
        since = view.valid_until if steered else 0
        return [
            known._replace(page_key=shared_key(view.shop.id, known.key.persona_hash, since))
            for known, *_ in most_common
        ]
