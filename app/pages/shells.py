"""Draws what a shop shows before a page is composed: its fallbacks, and shells around them."""

from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.merchandising import latest_change, next_change, rules_at, steer
from app.content.components import LibraryError
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.domain.merchandising import Rule
from app.domain.page import edition
from app.domain.persona import PERSONA_TYPES
from app.generation.rules import House, fallback
from app.rendering.renderer import Renderer, SlotContent
from app.rendering.urls import ShopUrls

VISIT = "visit"
"""Stands where a page's id would in a shell that was fetched ahead: its stream begins the visit."""

_STREAM_PLACE = "/@/stream/@"


class Steered(NamedTuple):
    """A shop by the rules for one type of persona, and what its slots show until filled."""

    shop: Shop
    fallbacks: Mapping[str, SlotContent]


class ShopView(NamedTuple):
    """A shop with its addresses, its slots' fallbacks, and the digest of what it is drawn from.

    `headers` are those that its pages go out with. `steered` has what the merchant's rules make of
    the shop for each type of persona, with pins and without, where they make anything; `since` then
    (Unix seconds, 0 for always) and until `valid_until` (0 for ever), when others begin to hold.
    """

    shop: Shop
    urls: ShopUrls
    content: str
    fallbacks: Mapping[str, SlotContent]
    headers: Sequence[tuple[bytes, bytes]] = ()
    steered: Mapping[tuple[str, bool], Steered] = MappingProxyType({})
    valid_until: int = 0
    since: int = 0

    @property
    def edition(self) -> str:
        """What a page must be drawn from to be current."""
        return edition(self.content, self.valid_until)

    def steered_for(self, persona_type: str, *, pins: bool = True) -> Steered:
        """Return the shop and its fallbacks as shoppers of this type meet them."""
        return self.steered.get((persona_type, pins)) or Steered(self.shop, self.fallbacks)


def build_shop_view(
    shop: Shop,
    content: SiteContent,
    renderer: Renderer,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    moment: float = 0.0,
) -> ShopView:
    """Draw a shop's fallbacks, by the rules that hold at a moment (Unix seconds).

    Raises:
        LibraryError: there is none for a slot of the page.
    """
    fallbacks = draw_fallbacks(shop, content, renderer)
    urls = content.urls_of(shop)
    view = ShopView(shop, urls, content.digest_of(shop), fallbacks, headers)
    return steered_view(view, content, renderer, moment)


def steered_view(
    view: ShopView, content: SiteContent, renderer: Renderer, moment: float
) -> ShopView:
    """Return a shop's view as the merchant's rules have it at a moment (Unix seconds)."""
    drawn: dict[tuple[Rule, ...], Steered] = {(): Steered(view.shop, view.fallbacks)}
    steered: dict[tuple[str, bool], Steered] = {}
    for persona_type, pins in product(PERSONA_TYPES if view.shop.rules else (), (True, False)):
        holding = rules_at(view.shop, persona_type, moment)
        rules = tuple(rule for rule in holding if pins or rule.action != "pin")
        if rules not in drawn:
            shop = steer(view.shop, rules)
            drawn[rules] = Steered(shop, draw_fallbacks(shop, content, renderer))
        steered[persona_type, pins] = drawn[rules]
    since, until = latest_change(view.shop, moment), next_change(view.shop, moment)
    return view._replace(steered=MappingProxyType(steered), since=since, valid_until=until)


def draw_fallbacks(shop: Shop, content: SiteContent, renderer: Renderer) -> dict[str, SlotContent]:
    """Draw what stands in each slot of the page until something better comes.

    Raises:
        LibraryError: there is nothing for a slot; the message begins with the file that has it, or
            with that of the component that cannot be read.
    """
    plan = content.library.plan
    chosen = fallback(shop, House(plan, content.prompts.house_in))
    for slot in plan.slots:
        if slot not in plan.optional and slot not in {item.slot for item in chosen}:
            content.library.specs.load()  # which names the one that cannot be read
            filled = any(slot in kind.slots for kind in plan.kinds.values())
            lacks = "prompts/house.json has nothing for it under `fallback`"
            raise LibraryError(
                f"{content.library.folder / 'slots.py'}: the slot {slot} has no fallback: "
                f"{lacks if filled else 'no component names it in its `slots`'}"
            )
    return renderer.fallbacks(shop, chosen)


class ShellCache:
    """Store pages of fallbacks alone, drawn once for each shop and kind of persona.

    Those of an arm without `pins` are others.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._halves: dict[tuple[str, str, bool, str], tuple[str, str]] = {}
        self._whole: dict[tuple[str, str, str], str] = {}

    def shell(self, view: ShopView, persona_type: str, page_id: str, *, pins: bool = True) -> bytes:
        """Return the page that follows a stream."""
        place = (view.shop.id, persona_type, pins, view.edition)
        halves = self._halves.get(place)
        if halves is None:
            steered = view.steered_for(persona_type, pins=pins)
            before, _, after = self._draw(steered, persona_type, _STREAM_PLACE).partition(
                _STREAM_PLACE
            )
            halves = self._halves[place] = (before, after)
        return f"{halves[0]}{view.urls.stream(page_id)}{halves[1]}".encode()

    def fallback(self, view: ShopView, persona_type: str) -> bytes:
        """Return the page that follows nothing and stays as it is."""
        place = (view.shop.id, persona_type, view.edition)
        if place not in self._whole:
            self._whole[place] = self._draw(view.steered_for(persona_type), persona_type, None)
        return self._whole[place].encode()

    def _draw(self, steered: Steered, persona_type: str, stream: str | None) -> str:
        return self._renderer.store_page(steered.shop, persona_type, steered.fallbacks, stream)
