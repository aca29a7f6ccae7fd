"""Finished pages in KV, the busiest of them in memory, ready to be sent."""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from app.domain.catalog import Shop
from app.domain.page import Component, Refusal, StoredPage
from app.domain.persona import NEWCOMER, PERSONA_TYPES, PageKey, Persona
from app.generation.codec import from_kv, to_kv
from app.generation.generator import DEGRADED_TTL, TTL
from app.generation.rules import restock
from app.pages.shells import ShopView, Steered
from app.pages.site import LiveSite
from app.personas.key import arm_in, is_for_all
from app.rendering.renderer import SlotContent
from app.storage.kv.retrying import RetryingKv
from app.util.http_body import etag_of
from app.util.tasks import Tasks

MEMORY = 12 * 1024 * 1024
"""Bytes of finished pages held ready."""

_MOST_KEYS = 20_000
_COMPRESSION = 6


@dataclass(eq=False, repr=False)
class Form:
    """A page's bytes, and how many keys share them, compressed for the first who asks."""

    body: bytes
    keys: int = 0

    @cached_property
    def zipped(self) -> bytes:
        """The bytes as most browsers take them."""
        return gzip.compress(self.body, _COMPRESSION, mtime=0)

    @property
    def size(self) -> int:
        """Bytes they take, compressed ones with them: a page shrinks to about a quarter."""
        return len(self.body) * 5 // 4


class CachedPage(NamedTuple):
    """A page as it goes out, in its form and with its ETag. Held until `until` (seconds).

    `slots` are those that a component fills. `shared` says that it is of all of the shopper's kind.
    `decision` is what decided it, by the prompts of `arm`. What is its shopper's `own` nobody
    decided. `source` is the hash of the value in KV that it was read from.
    """

    form: Form
    etag: bytes
    edition: str
    slots: frozenset[str]
    until: float
    arm: str = ""
    decision: str = ""
    own: Sequence[Component] = ()
    redrawn: bool = False
    shared: bool = False
    source: int = 0


class PageCache:
    """Reads through memory to KV. A page drawn from older content is drawn again, not composed.

    `ready` waits until components can be drawn. `is_degraded` says of a page's model whether the
    page was made for want of a better one, and is not to be kept for long. For `fresh` seconds a
    page is served from memory. Where pages are `personal`, those of shoppers of whom much is known
    are their own.
    """

    def __init__(
        self,
        kv: RetryingKv,
        site: LiveSite,
        ready: Callable[[], Awaitable[None]],
        is_degraded: Callable[[str], bool],
        *,
        clock: Callable[[], float],
        fresh: float,
        personal: bool = True,
    ) -> None:
        self._kv = kv
        self._site = site
        self._ready = ready
        self.is_degraded = is_degraded
        self._clock = clock
        self._fresh = fresh
        self._personal = personal
        self._held: OrderedDict[str, CachedPage] = OrderedDict()
        self._forms: dict[bytes, Form] = {}
        self._size = 0
        self._writing = Tasks()

    def is_unread(self, key: str) -> bool:
        """Say whether a page may be kept that could not be read when it was last looked for."""
        return self._kv.is_unread(key)

    def is_shared(self, persona_hash: str) -> bool:
        """Say whether shoppers of a kind get the same page."""
        return is_for_all(persona_hash) or not self._personal

    def cached(self, key: str, edition: str) -> CachedPage | None:
        """Return the page if it is in memory and current: no waiting."""
        page = self._held.get(key)
        if page is None or page.until <= self._clock() or not self._is_current(page, edition):
            return None
        self._held.move_to_end(key)
        return page

    async def get(self, key: str, view: ShopView) -> CachedPage | None:
        """Return the page from memory or KV, drawn again where its content has changed."""
        page = self.cached(key, view.edition)
        if page is not None:
            return page
        value = await self._kv.get(key, soon=True)
        source, held = hash(value), self._held.get(key)
        if held is not None and held.source == source and self._is_current(held, view.edition):
            return self._hold(key, held._replace(until=self._clock() + self._fresh))
        current, redrawn = await self._current(value, key, view)
        if current is None:
            return None
        page = self._ready_to_send(current)._replace(source=0 if redrawn else source)
        return self._hold(key, page)._replace(redrawn=redrawn)

    def lead(self, key: str, page: CachedPage) -> None:
        """Hold another key's page under this key too, until it has to be read again."""
        self._hold(key, page._replace(redrawn=False, shared=False))

    def forget(self, shopper_id: str) -> None:
        """Hold no page of a shopper's own in memory, nor one that KV did not take."""
        own = f"ui:{shopper_id}:"
        for key in [key for key in self._held if key.startswith(own)]:
            self._drop(key)
        self._kv.drop(own)

    async def stored(self, key: str, view: ShopView) -> StoredPage | None:
        """Return the page with the decisions it was drawn from, as it is drawn now."""
        return (await self._current(await self._kv.get(key), key, view))[0]

    async def put(
        self,
        key: str,
        page: StoredPage,
        ttl: int = TTL,
        shared: tuple[StoredPage, int] | None = None,
        *,
        for_all: bool = False,
    ) -> bool:
        """Keep a finished page under its key, and one so many seconds for all of its kind, if any.

        What is `for_all` alone is under the key itself. What regards one shopper's own interests is
        nobody else's. False where KV did not take it, or it is degraded and may be in place of one
        that could not be read.
        """
        pages = {} if for_all else {key: (page, ttl)}
        if shared and self.is_shared(page.persona_hash):
            pages[key if for_all else shared_key(page.shop_id, page.persona_hash)] = shared
        for name, (kept, _) in pages.items():
            self._hold(name, self._ready_to_send(kept))
        writes = (
            self._kv.put(name, to_kv(it), seconds, makeshift=self.is_degraded(it.model))
            for name, (it, seconds) in pages.items()
        )
        written = await asyncio.gather(*writes)
        return all(written)

    async def put_own(
        self, key: PageKey, view: ShopView, own: Sequence[Component]
    ) -> StoredPage | None:
        """Keep a shopper's page, or the one of their kind, drawn anew with what is their own.

        None where neither is at hand.
        """
        shared = shared_key(view.shop.id, key.persona_hash)
        stored = await self.stored(str(key), view) or await self.stored(shared, view)
        if stored is None:
            return None
        decided = [item for item in stored.components if item.slot not in self._own_slots()]
        page = await self._drawn(stored, [*decided, *own], view)
        if page is None:
            return None
        self._keep(str(key), page)
        self._hold(str(key), self._ready_to_send(page))
        return page

    async def _current(
        self, value: bytes | None, key: str, view: ShopView
    ) -> tuple[StoredPage | None, bool]:
        """Read a page, drawn again where its content or the rules changed; say whether it was.

        One that was composed ahead for these rules stands above one from before them. One of which
        nothing is left is none, and one that other prompts or models decided: it is composed anew.
        Who has none of their own gets that of their kind, of which they keep no copy.
        """
        stored = from_kv(value) if value is not None else None
        if stored is None and not key.startswith("plan:"):
            return None, False
        ahead = None
        if stored is None or stored.edition != view.edition:
            ahead = await self._composed_ahead(key, view)
            stored = ahead or stored
        if stored is None or stored.shop_id != view.shop.id:
            return None, False
        if self._is_superseded(arm_in(stored.persona_hash), stored.decision):
            return None, False
        if stored.edition == view.edition:
            if ahead is not None:
                self._keep(key, ahead)
            return stored, False
        await self._ready()
        shop = self.steered(stored, view).shop
        page = await self._drawn(stored, self._restocked(stored, shop), view)
        if page is None:
            return None, False
        self._keep(key, page)
        return page, True

    async def _composed_ahead(self, key: str, view: ShopView) -> StoredPage | None:
        """Return what was decided ahead for the rules that hold now, if they are new."""
        kind = key.rpartition(":")[2]
        if self._site.now() >= view.since + TTL or not self.is_shared(kind):
            return None
        value = await self._kv.get(shared_key(view.shop.id, kind, view.since), soon=True)
        return from_kv(value) if value is not None else None

    async def _drawn(
        self, stored: StoredPage, components: Iterable[Component], view: ShopView
    ) -> StoredPage | None:
        """Return a page as its components are drawn now; None where none can be."""
        await self._ready()
        renderer = self._site.current.renderer
        still: list[Component] = []
        shop, fallbacks = self.steered(stored, view)
        contents = dict(fallbacks)
        for component in components:
            html = renderer.component(component, shop)
            if not isinstance(html, Refusal):
                still.append(component)
                contents[component.slot] = SlotContent(component.type, html)
        if not still:
            return None
        html = renderer.store_page(shop, stored.persona_type, contents)
        return stored._replace(
            html=html, components=still, content=view.content, valid_until=view.valid_until
        )

    def steered(self, stored: StoredPage, view: ShopView) -> Steered:
        """Return the shop and fallbacks by the rules for the persona and arm of a stored page."""
        experiments = self._site.current.content.experiments.experiments
        pins = experiments.has_pins(arm_in(stored.persona_hash))
        return view.steered_for(stored.persona_type, pins=pins)

    def _keep(self, key: str, page: StoredPage) -> None:
        """Write a redrawn page to KV in the background."""
        ttl = DEGRADED_TTL if self.is_degraded(page.model) else TTL
        self._writing.start(self._kv.put(key, to_kv(page), ttl), "write a page")

    def _own_slots(self) -> frozenset[str]:
        return self._site.current.content.library.plan.own

    def _is_current(self, page: CachedPage, edition: str) -> bool:
        return page.edition == edition and not self._is_superseded(page.arm, page.decision)

    def _is_superseded(self, arm: str, decision: str) -> bool:
        return decision not in ("", self._site.current.generator_of(arm).decision)

    def _restocked(self, stored: StoredPage, shop: Shop) -> list[Component]:
        """Return what was decided, with other products or words where the catalog has changed."""
        site = self._site.current
        known = (Persona(kind) for kind in PERSONA_TYPES if kind == stored.persona_type)
        return restock(
            stored.components,
            shop,
            next(known, NEWCOMER),
            specs=site.content.library.specs,
            context=site.renderer.props_context(shop),
            lines=site.content.prompts.house_in(shop.locale),
        )

    def _ready_to_send(self, stored: StoredPage) -> CachedPage:
        """Return a page as it goes out. One that is held already is not compressed again."""
        body = stored.html.encode()
        etag = etag_of(body)
        form = self._forms.get(etag) or Form(body)
        slots = frozenset(component.slot for component in stored.components)
        until = self._clock() + self._fresh
        mine = self._own_slots() & slots
        return CachedPage(
            form,
            etag,
            stored.edition,
            slots,
            until,
            arm_in(stored.persona_hash),
            stored.decision,
            [item for item in stored.components if item.slot in mine],
        )

    def _hold(self, key: str, page: CachedPage) -> CachedPage:
        self._drop(key)
        form = self._forms.setdefault(page.etag, page.form)
        self._held[key] = page = page._replace(form=form)
        form.keys += 1
        self._size += form.size if form.keys == 1 else 0
        while self._size > MEMORY or len(self._held) > _MOST_KEYS:
            self._drop(next(iter(self._held)))
        return page

    def _drop(self, key: str) -> None:
        held = self._held.pop(key, None)
        if held is None:
            return
        form = self._forms[held.etag]
        form.keys -= 1
        if not form.keys:
            del self._forms[held.etag]
            self._size -= form.size


def shared_key(shop_id: str, persona_hash: str, since: int = 0) -> str:
    """Return the key of the page that all shoppers of one kind share in a shop.

    What is composed ahead has one with the moment `since` which its rules hold.
    """
    return f"plan:{shop_id}:{persona_hash}{f'@{since}' if since else ''}"
